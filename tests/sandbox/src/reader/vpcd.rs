//! A virtual card on the wire of vsmartcard's vpcd: two bytes of length, then a control byte or a command.

use crate::card::CardHandle;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::os::linux::net::TcpStreamExt;
use std::thread::JoinHandle;

/// Messages of one byte; everything longer is a command.
mod control {
    pub(super) const POWER_OFF: u8 = 0;
    pub(super) const POWER_ON: u8 = 1;
    pub(super) const RESET: u8 = 2;
    pub(super) const ATR: u8 = 4;
}

/// A card in a slot of a virtual reader. Dropping it takes the card out.
#[derive(Debug)]
pub(super) struct Inserted {
    card: CardHandle,
    stream: TcpStream,
    server: Option<JoinHandle<()>>,
}

impl Inserted {
    /// Connects to the reader's port, which inserts the card.
    pub(super) fn connect(port: u16, card: &CardHandle) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        let (mut wire, served) = (stream.try_clone()?, card.clone());
        let server = std::thread::Builder::new().name("vpcd card".to_owned()).spawn(move || {
            // Whatever ends the conversation, the reader sees that the card left.
            let _ = serve(&mut wire, &served);
            let _ = wire.shutdown(Shutdown::Both);
            served.power_off();
        })?;
        Ok(Self { card: card.clone(), stream, server: Some(server) })
    }

    /// The card.
    pub(super) fn card(&self) -> &CardHandle {
        &self.card
    }
}

impl Drop for Inserted {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

fn serve(wire: &mut TcpStream, card: &CardHandle) -> io::Result<()> {
    loop {
        let message = receive(wire)?;
        match message.as_slice() {
            [control::POWER_OFF] => card.power_off(),
            [control::POWER_ON] => card.power_on(),
            [control::RESET] => card.reset(),
            [control::ATR] => send(wire, &card.atr())?,
            [_] | [] => {}
            // A reset by "another program" cannot be told to pcscd; a pulled card ends the conversation.
            command => match card.transmit_after_reset(command) {
                Ok(answer) => send(wire, &answer)?,
                Err(_) => return Ok(()),
            },
        }
    }
}

fn receive(wire: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    // vpcd writes length and body apart, and Nagle holds the body back until our acknowledgement: send it at once.
    // The setting is not sticky.
    wire.set_quickack(true)?;
    wire.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    wire.set_quickack(true)?;
    wire.read_exact(&mut message)?;
    Ok(message)
}

fn send(wire: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(io::Error::other)?;
    wire.write_all(&[length.to_be_bytes().as_slice(), message].concat())
}
