//! The user that a local TCP socket belongs to, asked of Linux by its socket diagnostics (sock_diag(7)): one short message for
//! one socket, however many there are.

use std::io;
use std::net::SocketAddr;

use netlink_packet_core::{NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, SocketId, StateFlags};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::{Socket, SocketAddr as NetlinkAddress};

/// Any socket with these addresses, whatever its cookie (`INET_DIAG_NOCOOKIE`).
const ANY_COOKIE: [u8; 8] = [0xff; 8];
/// More than the kernel's answer about one socket takes.
const ANSWER_BYTES: usize = 4096;

/// The user of the socket that is bound to `local` and connected to `remote`; none if no process has such a socket open. Of one
/// that was closed the kernel says that it belongs to root, and has no inode.
///
/// # Errors
/// The system does not offer socket diagnostics, as in some sandboxes.
pub(crate) fn socket_owner(local: SocketAddr, remote: SocketAddr) -> io::Result<Option<u32>> {
    let (local_ip, remote_ip) = (local.ip().to_canonical(), remote.ip().to_canonical());
    let request = InetRequest {
        family: if local_ip.is_ipv4() { AF_INET } else { AF_INET6 },
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::empty(),
        states: StateFlags::all(),
        socket_id: SocketId {
            source_port: local.port(),
            destination_port: remote.port(),
            source_address: local_ip,
            destination_address: remote_ip,
            interface_id: 0,
            cookie: ANY_COOKIE,
        },
    };
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST;
    let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);

    let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.bind_auto()?;
    socket.connect(&NetlinkAddress::new(0, 0))?;
    socket.send(&bytes, 0)?;
    let mut answer = vec![0; ANSWER_BYTES];
    let filled = socket.recv(&mut &mut answer[..], 0)?;
    let answer = NetlinkMessage::<SockDiagMessage>::deserialize(answer.get(..filled).unwrap_or_default())
        .map_err(|error| io::Error::other(error.to_string()))?;
    match answer.payload {
        NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(found)) => {
            // Where nothing is connected, it tells of what listens there.
            let is_it = found.header.inode != 0 && found.header.socket_id.destination_port == remote.port();
            Ok(is_it.then_some(found.header.uid))
        }
        NetlinkPayload::Error(error) if error.to_io().kind() == io::ErrorKind::NotFound => Ok(None),
        NetlinkPayload::Error(error) => Err(error.to_io()),
        other => Err(io::Error::other(format!("the kernel answered {other:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_socket_is_found_while_it_is_open() {
        let own = rustix::process::geteuid().as_raw();
        for (listen, connect) in [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1"), ("[::]:0", "127.0.0.1")] {
            let listener = TcpListener::bind(listen).unwrap();
            let address = SocketAddr::new(connect.parse().unwrap(), listener.local_addr().unwrap().port());
            let mut client = TcpStream::connect(address).unwrap();
            let (server, peer) = listener.accept().unwrap();
            let here = server.local_addr().unwrap();
            assert_eq!(socket_owner(peer, here).unwrap(), Some(own), "{listen}");
            let other = SocketAddr::new(here.ip(), here.port() ^ 1);
            assert_eq!(socket_owner(peer, other).unwrap(), None, "{listen}: another port");
            // What only listens is connected to nobody.
            assert_eq!(socket_owner(here, SocketAddr::new(here.ip(), 1)).unwrap(), None, "{listen}: a listener");
            // Its owner has sent something and has gone; root is not to be blamed.
            client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
            drop(client);
            assert_eq!(socket_owner(peer, here).unwrap(), None, "{listen}: closed");
        }
    }
}
