//! Asks Linux for one TCP socket by its addresses (sock_diag(7)), instead of reading the table of all of them.
//!
//! With thousands of connections on a machine the tables of `/proc` take milliseconds for each new one, on the thread
//! that serves everybody. Where this question cannot be asked or is not answered, those tables decide, as they always can.

use super::caller::Row;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};
use std::net::{IpAddr, SocketAddr};

/// `SOCK_DIAG_BY_FAMILY` of linux/sock_diag.h.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST` of linux/netlink.h: one answer, no dump.
const REQUEST: u16 = 1;
/// `IPPROTO_TCP`.
const TCP: u8 = 6;
/// `AF_INET` and `AF_INET6` of Linux.
const INET: u8 = 2;
const INET6: u8 = 10;
/// `INET_DIAG_NOCOOKIE`: by its addresses, whichever it is.
const NO_COOKIE: [u8; 8] = [0xFF; 8];
/// A netlink header, and behind it the question or the answer.
const HEADER: usize = 16;
const QUESTION: usize = HEADER + 56;
const ANSWER: usize = HEADER + 72;
/// States that own no socket any more or never had a peer (`TCP_TIME_WAIT`, `TCP_LISTEN`).
const TIME_WAIT: u8 = 6;
const LISTEN: u8 = 10;

/// The socket whose own address is `local` and which is connected to `remote`; `None` when the system does not say.
#[must_use]
pub fn find(local: SocketAddr, remote: SocketAddr) -> Option<Row> {
    let kernel = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    );
    let kernel = kernel.ok()?;
    send(&kernel, &question(local, remote), SendFlags::empty()).ok()?;
    let mut answer = [0; 512];
    // The kernel has answered by the time it has taken the question.
    let (_, length) = recv(&kernel, &mut answer, RecvFlags::DONTWAIT).ok()?;
    row(answer.get(..length)?, local, remote)
}

/// `struct nlmsghdr`, then `struct inet_diag_req_v2` (linux/inet_diag.h); addresses and ports in network order.
fn question(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(QUESTION);
    bytes.extend_from_slice(&u32::try_from(QUESTION).unwrap_or_default().to_ne_bytes());
    bytes.extend_from_slice(&BY_FAMILY.to_ne_bytes());
    bytes.extend_from_slice(&REQUEST.to_ne_bytes());
    bytes.extend_from_slice(&[0; 8]); // sequence number, port: there is one question
    bytes.extend_from_slice(&[if local.is_ipv6() { INET6 } else { INET }, TCP, 0, 0]);
    bytes.extend_from_slice(&u32::MAX.to_ne_bytes()); // every state
    bytes.extend_from_slice(&local.port().to_be_bytes());
    bytes.extend_from_slice(&remote.port().to_be_bytes());
    bytes.extend_from_slice(&address(local.ip()));
    bytes.extend_from_slice(&address(remote.ip()));
    bytes.extend_from_slice(&[0; 4]); // any interface
    bytes.extend_from_slice(&NO_COOKIE);
    bytes
}

/// Four words for an address; of IPv4 the first.
fn address(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V6(ip) => ip.octets(),
        IpAddr::V4(ip) => {
            let mut words = [0; 16];
            for (word, octet) in words.iter_mut().zip(ip.octets()) {
                *word = octet;
            }
            words
        }
    }
}

/// Reads `struct inet_diag_msg`, and makes sure that it speaks of the socket that was asked for: without a connection the
/// kernel may name a listener.
fn row(answer: &[u8], local: SocketAddr, remote: SocketAddr) -> Option<Row> {
    let (head, message) = answer.get(..ANSWER)?.split_at_checked(HEADER)?;
    let kind = u16::from_ne_bytes(head.get(4..6)?.try_into().ok()?);
    let state = *message.get(1)?;
    let asked = question(local, remote);
    // Both ports and both addresses stand in the same form in question and answer.
    let same = message.get(4..40)? == asked.get(HEADER + 8..HEADER + 44)?;
    if kind != BY_FAMILY || !same || state == TIME_WAIT || state == LISTEN {
        return None;
    }
    let number = |at: usize| Some(u32::from_ne_bytes(message.get(at..at + 4)?.try_into().ok()?));
    let (uid, inode) = (number(64)?, number(68)?);
    Some(Row { local, remote, listening: false, uid, inode: inode.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_connection_is_found_by_its_addresses_on_both_families() {
        for place in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(place).unwrap();
            let caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (local, remote) = (caller.local_addr().unwrap(), caller.peer_addr().unwrap());
            let Some(row) = find(local, remote) else {
                // A system without sock_diag: the tables decide there.
                eprintln!("not run: this system does not answer");
                return;
            };
            assert_eq!(row.uid, crate::serve::caller::own_user());
            assert!(row.inode != 0 && !row.listening);
            let theirs = find(remote, local).unwrap();
            assert_ne!(theirs.inode, row.inode, "the other end is another socket");
            assert_eq!(find(local, listener.local_addr().unwrap()).map(|row| row.inode), Some(row.inode));
        }
    }

    #[test]
    fn a_listener_is_never_taken_for_a_caller() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap();
        assert_eq!(find(place, "127.0.0.1:1".parse().unwrap()), None);
    }

    #[test]
    fn an_answer_that_is_short_or_speaks_of_another_socket_is_none() {
        let (local, remote) = ("127.0.0.1:50000".parse().unwrap(), "127.0.0.1:24788".parse().unwrap());
        let mut answer = vec![0; ANSWER];
        answer[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
        answer[HEADER] = 2;
        answer[HEADER + 1] = 1;
        answer[HEADER + 4..HEADER + 40].copy_from_slice(&question(local, remote)[HEADER + 8..HEADER + 44]);
        answer[HEADER + 64..HEADER + 68].copy_from_slice(&1000_u32.to_ne_bytes());
        answer[HEADER + 68..].copy_from_slice(&77_u32.to_ne_bytes());
        let found = row(&answer, local, remote).unwrap();
        assert_eq!((found.uid, found.inode), (1000, 77));
        for length in 0..ANSWER {
            assert_eq!(row(&answer[..length], local, remote), None, "{length}");
        }
        assert_eq!(row(&answer, remote, local), None, "the other end");
        assert_eq!(row(&answer, "127.0.0.1:50001".parse().unwrap(), remote), None, "another port");
        for state in [TIME_WAIT, LISTEN] {
            answer[HEADER + 1] = state;
            assert_eq!(row(&answer, local, remote), None, "{state}");
        }
        answer[HEADER + 1] = 1;
        answer[4] = 2; // NLMSG_ERROR
        assert_eq!(row(&answer, local, remote), None);
    }
}
