//! Who is at the door: the operating-system user and the process at the other end of a connection.
//!
//! For TCP on Linux the kernel names the owner of one socket when it is asked (`socket_diag`), and its connection
//! tables (`/proc/net/tcp`, `/proc/net/tcp6`, proc(5)) name the owner of every socket: the row whose *local* address is
//! our peer is the caller's own socket. The parser is pure so that it can be tested with tables of other machines.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What the system tells of the user behind a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Our own user; the inode names the caller's socket and so leads to its process.
    SameUser {
        /// Inode of the caller's socket.
        inode: u64,
    },
    /// Somebody else: never served.
    OtherUser {
        /// Numeric user.
        uid: u32,
    },
    /// The caller closed its end already; there is nobody to serve.
    Gone,
    /// This system does not tell. Public clients are refused (product rule of the bridge).
    Untold,
}

/// One row of a connection table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The socket's own address.
    pub local: SocketAddr,
    /// The address it is connected to; unspecified for listening sockets.
    pub remote: SocketAddr,
    /// Listening, not connected.
    pub listening: bool,
    /// Owner.
    pub uid: u32,
    /// Inode of the socket; 0 when no process holds it any more.
    pub inode: u64,
}

/// State of a listening socket (`TCP_LISTEN` of `include/net/tcp_states.h`).
const LISTEN: u8 = 0x0A;
/// State of a closed connection that only waits (`TCP_TIME_WAIT`): the kernel no longer knows whose it was.
const TIME_WAIT: u8 = 0x06;

/// Reads a connection table. Lines that are not rows are left out.
pub fn rows(table: &str) -> impl Iterator<Item = Row> {
    table.lines().filter_map(row)
}

fn row(line: &str) -> Option<Row> {
    let mut fields = line.split_ascii_whitespace();
    let local = address(fields.nth(1)?)?;
    let remote = address(fields.next()?)?;
    let state = u8::from_str_radix(fields.next()?, 16).ok()?;
    let uid = fields.nth(3)?.parse().ok()?;
    let inode = fields.nth(1)?.parse().ok()?;
    (state != TIME_WAIT).then_some(Row { local, remote, listening: state == LISTEN, uid, inode })
}

/// `0100007F:60D4`: each 32-bit group in the machine's byte order, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let group = |at: usize| {
        let digits = host.get(at * 8..at * 8 + 8)?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let ip = match host.len() {
        8 => IpAddr::V4(Ipv4Addr::from(group(0)?)),
        32 => {
            let mut octets = [0_u8; 16];
            for (at, chunk) in octets.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&group(at)?);
            }
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    // A program may reach 127.0.0.1 through an IPv6 socket; its row then shows the mapped address.
    Some(SocketAddr::new(ip.to_canonical(), port))
}

/// Judges a connection by the tables: `ours` is our end, `peer` the other one, `uid` our user.
#[must_use]
pub fn judge(tables: &[String], ours: SocketAddr, peer: SocketAddr, uid: u32) -> Peer {
    let ours = SocketAddr::new(ours.ip().to_canonical(), ours.port());
    let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
    let found = tables
        .iter()
        .flat_map(|table| rows(table))
        .find(|row| !row.listening && row.local == peer && row.remote == ours && row.inode != 0);
    match found {
        Some(row) => owner(row, uid),
        None if tables.is_empty() => Peer::Untold,
        None => Peer::Gone,
    }
}

/// The sockets that listen on a port in a way that would receive loopback connections.
#[must_use]
pub fn listeners(tables: &[String], port: u16) -> Vec<Row> {
    let reachable = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
    tables
        .iter()
        .flat_map(|table| rows(table))
        .filter(|row| row.listening && row.local.port() == port && reachable(row.local.ip()))
        .collect()
}

/// Who listens on a port, for a person to read: the program where it is our own user's, else the user; `None` where the
/// system does not tell. Reads much of `/proc`.
#[must_use]
pub fn holder(port: u16) -> Option<String> {
    let row = listeners(&tables(), port).into_iter().next()?;
    let found = process(row.inode, None).and_then(|pid| Some((pid, program(pid)?)));
    Some(match found {
        Some((pid, program)) => {
            let plain: String = program.chars().filter(|c| !c.is_control()).collect();
            format!("{plain}, pid {pid}")
        }
        None => format!("uid {}", row.uid),
    })
}

/// Whether what is sent to this loopback address reaches listeners of this user only; `None` where the system does not
/// tell. `Some(false)` where nobody listens (any more).
#[must_use]
pub fn listens(tables: &[String], address: SocketAddr, uid: u32) -> Option<bool> {
    // A socket of `[::]` may take connections of both families.
    let takes = |ip: IpAddr| ip == address.ip() || ip.is_unspecified();
    let mut owners = tables
        .iter()
        .flat_map(|table| rows(table))
        .filter(|row| row.listening && row.local.port() == address.port() && takes(row.local.ip()))
        .map(|row| row.uid)
        .peekable();
    (!tables.is_empty()).then(|| owners.peek().is_some() && owners.all(|owner| owner == uid))
}

/// Asks this system about a connection: for its one socket where that can be asked, else in the tables of all.
#[must_use]
pub fn peer(ours: SocketAddr, peer: SocketAddr) -> Peer {
    #[cfg(target_os = "linux")]
    if let Some(row) = super::socket_diag::find(peer, ours).filter(|row| row.inode != 0) {
        return owner(row, own_user());
    }
    judge(&tables(), ours, peer, own_user())
}

fn owner(row: Row, uid: u32) -> Peer {
    if row.uid == uid { Peer::SameUser { inode: row.inode } } else { Peer::OtherUser { uid: row.uid } }
}

/// Our own user.
#[must_use]
pub fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The connection tables of this system; empty where there are none.
#[must_use]
pub fn tables() -> Vec<String> {
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

/// The executable of a process, where the system tells. A process may be gone or replaced by the time it is asked for:
/// this helps people and the audit trail and decides nothing.
#[must_use]
pub fn program(pid: i32) -> Option<String> {
    let path = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    Some(path.to_string_lossy().into_owned())
}

/// When a process began, in clock ticks since the system did (`starttime` of proc(5)).
#[must_use]
pub fn began(pid: i32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program is in parentheses and may hold anything; 20 fields lie between it and the number.
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// The process that holds a socket, found by its inode. Only processes of our own user can be seen. `likely` is looked at
/// first: whoever opens many connections is soon found.
#[must_use]
pub fn process(inode: u64, likely: Option<i32>) -> Option<i32> {
    let wanted = format!("socket:[{inode}]");
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let processes = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    likely.into_iter().chain(processes).find(|pid| {
        let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        files.flatten().any(|file| {
            std::fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == wanted.as_str())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of one machine: its byte order is little-endian, like all systems we build for today.
    const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:60D4 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 5001 1 0 100 0 0 10 0
   1: 0100007F:60D4 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 5002 1 0 20 4 30 10 -1
   2: 0100007F:C350 0100007F:60D4 01 00000000:00000000 00:00000000 00000000  1000        0 5003 1 0 20 4 30 10 -1
   3: 0100007F:C351 0100007F:60D4 01 00000000:00000000 00:00000000 00000000  1001        0 5004 1 0 20 4 30 10 -1
   4: 0100007F:C352 0100007F:60D4 06 00000000:00000000 03:00001700 00000000     0        0 0 3 0
   5: 0100007F:C353 0100007F:60D4 05 00000000:00000000 00:00000000 00000000  1000        0 0 1 0 20 4 30 10 -1
";
    const TCP6: &str = "\
  sl  local_address                         remote_address                        st tx rx tr retrnsmt uid timeout inode
   0: 00000000000000000000000001000000:60D4 00000000000000000000000000000000:0000 0A 0:0 00:0 0  1002        0 6001 1
   1: 00000000000000000000000001000000:C360 00000000000000000000000001000000:60D4 01 0:0 00:0 0  1000        0 6002 1
   2: 0000000000000000FFFF00000100007F:C361 0000000000000000FFFF00000100007F:60D4 01 0:0 00:0 0  1001        0 6003 1
";

    fn judged(peer: &str) -> Peer {
        let peer: SocketAddr = peer.parse().unwrap();
        let ours = if peer.is_ipv4() { "127.0.0.1:24788" } else { "[::1]:24788" };
        judge(&[TCP.into(), TCP6.into()], ours.parse().unwrap(), peer, 1000)
    }

    #[test]
    fn another_user_is_named() {
        assert_eq!(judged("127.0.0.1:50001"), Peer::OtherUser { uid: 1001 });
    }

    #[test]
    fn another_user_through_a_mapped_address_is_named() {
        assert_eq!(judged("127.0.0.1:50017"), Peer::OtherUser { uid: 1001 });
    }

    #[test]
    fn a_connection_nobody_holds_any_more_is_not_served() {
        assert_eq!(judged("127.0.0.1:50002"), Peer::Gone, "time-wait");
        assert_eq!(judged("127.0.0.1:50003"), Peer::Gone, "orphan");
        assert_eq!(judged("127.0.0.1:50099"), Peer::Gone, "no row");
    }

    #[test]
    fn our_own_end_is_not_taken_for_the_peer() {
        assert_eq!(judged("127.0.0.1:24788"), Peer::Gone);
    }

    #[test]
    fn our_own_user_is_recognised_on_both_families() {
        assert_eq!(judged("127.0.0.1:50000"), Peer::SameUser { inode: 5003 });
        assert_eq!(judged("[::1]:50016"), Peer::SameUser { inode: 6002 });
    }

    #[test]
    fn without_tables_nothing_is_told() {
        let any: SocketAddr = "127.0.0.1:1".parse().unwrap();
        assert_eq!(judge(&[], any, any, 1000), Peer::Untold);
    }

    #[test]
    fn listeners_of_a_port_are_found_on_both_families() {
        let found = |port| listeners(&[TCP.into(), TCP6.into()], port);
        assert_eq!(found(24788).iter().map(|row| row.uid).collect::<Vec<_>>(), [1000, 1002]);
        assert_eq!(found(1), []);
    }

    #[test]
    fn what_is_sent_to_another_users_listener_is_told_from_what_reaches_ours() {
        let tables = [TCP.to_owned(), TCP6.to_owned()];
        let listens = |address: &str, uid| super::listens(&tables, address.parse().unwrap(), uid);
        assert_eq!(listens("127.0.0.1:24788", 1000), Some(true));
        assert_eq!(listens("[::1]:24788", 1000), Some(false), "of user 1002");
        assert_eq!(listens("[::1]:24788", 1002), Some(true));
        assert_eq!(listens("127.0.0.1:50000", 1000), Some(false), "connected, not listening");
        assert_eq!(super::listens(&[], "127.0.0.1:1".parse().unwrap(), 1000), None);
        let everywhere = TCP.replace("0100007F:60D4 00000000", "00000000:60D4 00000000");
        assert_eq!(super::listens(&[everywhere], "127.0.0.1:24788".parse().unwrap(), 1001), Some(false));
    }

    #[test]
    fn nonsense_is_no_row() {
        for line in [
            "",
            "a b c d e f g h i j",
            "0: 0100007F 0:0 0A 0:0 0:0 0 0 0 0",
            "0: é100007F:1 0:0 01 0 0 0 0 0 0",
        ] {
            assert_eq!(row(line), None, "{line}");
        }
    }

    #[test]
    fn this_system_knows_its_own_connection() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let caller = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (served, from) = listener.accept().unwrap();
        let Peer::SameUser { inode } = peer(served.local_addr().unwrap(), from) else {
            panic!("not recognised")
        };
        let own = std::process::id() as i32;
        for likely in [None, Some(own), Some(1), Some(-1)] {
            assert_eq!(process(inode, likely), Some(own), "{likely:?}");
        }
        assert!(program(std::process::id() as i32).is_some());
        assert!(began(std::process::id() as i32) > began(1) && began(-1).is_none());
        drop(caller);
    }
}
