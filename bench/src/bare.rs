//! The least that an HTTP server can do: read a request, find its end, return the same bytes every time. One thread, no
//! parsing beyond where a request ends. What a real route costs on top is the price of HTTP done properly.

use crate::http::{content_length, head_end};
use crate::report::line;
use anyhow::Result;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};

/// As long as the response to a plain transfer.
const BODY: &str = "{\"event\":1234567,\"kind\":\"transfer\",\"from\":\"user00000001\",\"to\":\"user00000002\",\"coin\":\"toco\",\"amount\":1,\
\"at\":\"2026-11-22T17:15:37.820115Z\",\"lots\":[{\"grant\":null,\"amount\":1}],\"balances\":{\
\"user00000001\":{\"total\":100000,\"held\":0,\"available\":100000},\
\"user00000002\":{\"total\":100000,\"held\":0,\"available\":100000}}}";

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    out: Vec<u8>,
}

/// Prints where it listens, and serves until it is ended.
pub(crate) fn run() -> Result<()> {
    const LISTENER: Token = Token(usize::MAX);
    let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    line(format_args!("{}", listener.local_addr()?));
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1_024);
    let head =
        format!("HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", BODY.len());
    let answer = head + BODY;
    // The place of a connection that has gone is not used again: it serves a benchmark, then it is ended.
    let mut connections: Vec<Option<Connection>> = Vec::new();
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() != LISTENER {
                let at = event.token().0;
                if connections[at].as_mut().is_some_and(|connection| !connection.serve(answer.as_bytes())) {
                    connections[at] = None;
                }
                continue;
            }
            while let Ok((mut stream, _peer)) = listener.accept() {
                stream.set_nodelay(true)?;
                poll.registry().register(
                    &mut stream,
                    Token(connections.len()),
                    Interest::READABLE | Interest::WRITABLE,
                )?;
                connections.push(Some(Connection { stream, buffer: Vec::new(), out: Vec::new() }));
            }
        }
    }
}

impl Connection {
    /// Reads what is there and responds; false when the other end is gone.
    fn serve(&mut self, answer: &[u8]) -> bool {
        let mut piece = [0; 1 << 14];
        loop {
            let read = match self.stream.read(&mut piece) {
                Ok(0) => return false,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(_gone) => return false,
            };
            self.buffer.extend_from_slice(&piece[..read]);
            self.answer(answer);
            if !self.out.is_empty() {
                match self.stream.write(&self.out) {
                    Ok(written) => drop(self.out.drain(..written)),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_gone) => return false,
                }
            }
            if read < piece.len() {
                // A short read emptied the socket; epoll reports the next bytes.
                return true;
            }
        }
    }

    fn answer(&mut self, answer: &[u8]) {
        let mut done = 0;
        while let Some(head) = head_end(&self.buffer[done..]) {
            let end = done + head + content_length(&self.buffer[done..done + head]).unwrap_or(0);
            if end > self.buffer.len() {
                break;
            }
            self.out.extend_from_slice(answer);
            done = end;
        }
        self.buffer.drain(..done);
    }
}
