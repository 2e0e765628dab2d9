//! Commands in, responses out: GET RESPONSE in pieces and command chaining, for T=0 and T=1.

use super::apdu::{Answer, Command, GET_CHALLENGE, GET_RESPONSE, READ_BINARY, status};
use cps_card::transport::Protocol;

/// The state between two exchanges.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// Data that wait for GET RESPONSE.
    pending: Vec<u8>,
    /// Header and data of a chain that is not complete.
    chain: Option<([u8; 4], Vec<u8>)>,
}

/// Chaining is used, and accepted, for PSO DECIPHER only.
const DECIPHER: [u8; 3] = [0x2A, 0x80, 0x86];
/// Longer chains than a cryptogram with its indicator are refused.
const LONGEST_CHAIN: usize = 512;

impl Exchange {
    /// Forgets everything, as a reset does.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes a command. `Err` is an answer that the application need not see.
    pub(super) fn receive(&mut self, bytes: &[u8], protocol: Protocol) -> Result<Command, Vec<u8>> {
        let refuse = |status| Err(Answer::status(status).bytes());
        let mut command = match Command::parse(bytes, protocol) {
            Ok(command) => command,
            Err(status) => return refuse(status),
        };
        if command.ins == GET_RESPONSE {
            return Err(self.hand_out(&command));
        }
        self.pending.clear();
        let Command { cla, ins, p1, p2, .. } = command;
        let header = [cla & !0x10, ins, p1, p2];
        let before = match self.chain.take() {
            Some((chained, data)) if chained == header => data,
            // ISO 7816-4 §5.3.3: the last command of the chain was expected.
            Some(_) => return refuse(status::CHAIN_BROKEN),
            None => Vec::new(),
        };
        let data = [before, command.data].concat();
        if data.len() > LONGEST_CHAIN {
            return refuse(status::LENGTH);
        }
        if cla & 0x10 != 0 {
            if [ins, p1, p2] != DECIPHER {
                return refuse(status::CHAINING);
            }
            self.chain = Some((header, data));
            return Err(Answer::ok().bytes());
        }
        command.data = data;
        Ok(command)
    }

    /// Sends an application's answer: at once, or announced for GET RESPONSE.
    pub(super) fn deliver(&mut self, command: &Command, protocol: Protocol, answer: Answer) -> Vec<u8> {
        if answer.data.is_empty() {
            return answer.bytes();
        }
        let direct = matches!(command.ins, READ_BINARY | GET_CHALLENGE) && command.cla != 0xA0
            || command.cla == 0xA0 && command.ins == READ_BINARY;
        match command.le {
            _ if direct => answer.bytes(),
            Some(le) if protocol == Protocol::T1 => {
                self.pending = answer.data;
                self.piece(le)
            }
            _ => {
                self.pending = answer.data;
                Answer::status(self.announcement(if command.cla == 0xA0 { 0x9F } else { 0x61 })).bytes()
            }
        }
    }

    /// `61 xx`, where `00` stands for 256 or more.
    fn announcement(&self, first: u8) -> u16 {
        u16::from_be_bytes([first, u8::try_from(self.pending.len()).unwrap_or(0)])
    }

    fn hand_out(&mut self, command: &Command) -> Vec<u8> {
        self.chain = None;
        let Some(le) = command.le else { return Answer::status(status::LENGTH).bytes() };
        if command.p1p2() != 0 {
            return Answer::status(status::PARAMETERS).bytes();
        }
        if self.pending.is_empty() {
            return Answer::status(status::CONDITIONS).bytes();
        }
        if le > self.pending.len() {
            // Wrong length: the right one is in SW2, and the data stay.
            return Answer::status(self.announcement(0x6C)).bytes();
        }
        self.piece(le)
    }

    fn piece(&mut self, le: usize) -> Vec<u8> {
        let rest = self.pending.split_off(le.min(self.pending.len()));
        let data = std::mem::replace(&mut self.pending, rest);
        let status = if self.pending.is_empty() { status::OK } else { self.announcement(0x61) };
        Answer { data, status }.bytes()
    }
}
