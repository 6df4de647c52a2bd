//! Who is at the other end of a connection: its address, and whose process it is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpStream;

#[cfg(target_os = "linux")]
use crate::socket_owner::socket_owner;

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address, if the system still knows it.
    pub ip: Option<IpAddr>,
    /// A process of another user than this process's and root, or of an unknown user. Only determined if the service
    /// [needs it](crate::Service::asks_owner).
    pub is_stranger: bool,
}

impl Peer {
    /// `asks_owner`: whether the owner of the other end matters. Finding it takes some microseconds.
    pub(crate) fn of(stream: &TcpStream, asks_owner: bool) -> Self {
        let (peer, here) = (stream.peer_addr().ok(), stream.local_addr().ok());
        let is_stranger = asks_owner && peer.zip(here).is_none_or(|(peer, here)| is_stranger(peer, here));
        Self { ip: peer.map(|peer| peer.ip()), is_stranger }
    }
}

#[cfg(not(target_os = "linux"))]
fn is_stranger(_peer: SocketAddr, _here: SocketAddr) -> bool {
    // Only Linux provides it.
    false
}

#[cfg(target_os = "linux")]
fn is_stranger(peer: SocketAddr, here: SocketAddr) -> bool {
    // The list of all sockets takes the kernel milliseconds to write: it is for systems without socket diagnostics.
    let owner = socket_owner(peer, here).unwrap_or_else(|_| {
        ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| std::fs::read_to_string(table).ok())
            .find_map(|table| owner(&table, peer, here))
    });
    let own = rustix::process::geteuid().as_raw();
    owner.is_none_or(|owner| owner != own && owner != 0)
}

/// The user of the socket that is bound to `local` and connected to `remote`, in a table as Linux writes it
/// (proc_pid_net(5)): a line a socket, the addresses in the second and third column, the user in the eighth, the inode in the
/// tenth. A socket without an inode was closed, and then the user is always root.
fn owner(table: &str, local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let is = |text: &str, address: SocketAddr| {
        self::address(text).is_some_and(|(ip, port)| ip == address.ip().to_canonical() && port == address.port())
    };
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let is_it = is(columns.next()?, local) && is(columns.next()?, remote);
        let user = columns.nth(4)?;
        let is_open = columns.nth(1)? != "0";
        (is_it && is_open).then(|| user.parse().ok()).flatten()
    })
}

/// An address as in `0100007F:1F90`: words of the machine's own byte order in hexadecimal digits, and the port.
fn address(text: &str) -> Option<(IpAddr, u16)> {
    let (ip, port) = text.split_once(':')?;
    let word = |at: usize| {
        let digits = ip.get(8 * at..8 * at + 8)?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (at, part) in bytes.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(at)?);
            }
            IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
        }
        _ => return None,
    };
    Some((ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
    const REST: &str = "01 00000000:00000000 00:00000000 00000000";

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn the_owner_of_the_other_end_is_found_in_the_table() {
        let v4 = format!(
            "{HEAD}   0: 0100007F:1F90 0100007F:C350 {REST}     0        0 1 1 0 20 4 30 10 -1\n   \
             1: 0100007F:C350 0100007F:1F90 {REST}    33        0 2 1 0 20 4 30 10 -1\n   \
             2: 0100007F:C352 0100007F:1F90 {REST}     0        0 0 3 0 20 4 30 10 -1\n"
        );
        assert_eq!(owner(&v4, at("127.0.0.1:50000"), at("127.0.0.1:8080")), Some(33));
        assert_eq!(owner(&v4, at("127.0.0.1:8080"), at("127.0.0.1:50000")), Some(0));
        assert_eq!(owner(&v4, at("127.0.0.1:50001"), at("127.0.0.1:8080")), None);
        assert_eq!(owner(&v4, at("127.0.0.1:50002"), at("127.0.0.1:8080")), None, "closed");
        assert_eq!(owner(&v4, at("127.0.0.2:50000"), at("127.0.0.1:8080")), None);
        let loopback = "00000000000000000000000001000000";
        let mapped = "0000000000000000FFFF00000100007F";
        let v6 = format!(
            "{HEAD}   0: {loopback}:C350 {loopback}:1F90 {REST}  1000        0 1\n   \
             1: {mapped}:C351 {mapped}:1F90 {REST}  1001        0 2\n"
        );
        assert_eq!(owner(&v6, at("[::1]:50000"), at("[::1]:8080")), Some(1000));
        assert_eq!(owner(&v6, at("127.0.0.1:50001"), at("127.0.0.1:8080")), Some(1001));
    }

    #[test]
    fn a_table_that_makes_no_sense_names_nobody() {
        for table in ["", HEAD, "x\n\n0: zz:1 0:2\n", "x\n0: 0100007F:C350 0100007F:1F90 01\n"] {
            assert_eq!(owner(table, at("127.0.0.1:50000"), at("127.0.0.1:8080")), None, "{table}");
        }
    }

    #[tokio::test]
    async fn a_connection_from_this_process_is_no_stranger_s() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = tokio::net::TcpListener::bind(address).await.unwrap();
            let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            assert!(!Peer::of(&stream, true).is_stranger, "{address}");
        }
    }
}
