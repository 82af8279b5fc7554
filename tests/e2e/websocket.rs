//! Connections of a client that stay open after the head of their answer: streams of events and WebSockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::service::Server;

/// Longest time to wait for something that is to come.
const PATIENCE: Duration = Duration::from_secs(120);

/// The headers that make a request one for a WebSocket.
pub(crate) const UPGRADE: &str = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                           sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A message of the server.
pub(crate) enum Message {
    Text(Value),
    Bytes(Vec<u8>),
    Closed,
}

/// What follows the head of an answer.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    /// The status of the answer.
    pub(crate) status: u16,
}

impl Connection {
    /// Asks with the token of the server.
    pub(crate) fn open(server: &Server, path: &str, headers: &str) -> Self {
        let headers = format!("authorization: Bearer {}\r\n{headers}", server.token);
        Self::open_with(server, path, &headers)
    }

    /// Asks with these headers alone.
    pub(crate) fn open_with(server: &Server, path: &str, headers: &str) -> Self {
        let address = server.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        while line != "\r\n" {
            line.clear();
            assert!(stream.read_line(&mut line).unwrap() > 0, "no answer");
        }
        Self { stream, status }
    }

    /// The next event of a stream of server-sent events.
    pub(crate) fn next_event(&mut self) -> Value {
        loop {
            let mut line = String::new();
            let count = self.stream.read_line(&mut line).unwrap();
            assert!(count > 0, "the stream ended");
            if let Some(data) = line.strip_prefix("data:") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }

    /// Says something over a WebSocket. The mask of a client may be all zeros.
    pub(crate) fn say(&mut self, message: &Value) {
        let text = message.to_string();
        let [high, low] = u16::try_from(text.len()).unwrap().to_be_bytes();
        let head = [0x81, 0x80 | 0x7e, high, low, 0, 0, 0, 0];
        let frame = [head.as_slice(), text.as_bytes()].concat();
        self.stream.get_mut().write_all(&frame).unwrap();
    }

    /// The next message that is heard over a WebSocket.
    pub(crate) fn hear(&mut self) -> Message {
        let [kind, length] = self.take(2)[..] else {
            unreachable!("two bytes were read")
        };
        let length = match length {
            126 => self.take(2),
            127 => self.take(8),
            short => vec![short],
        };
        let bytes = self.take(
            length
                .iter()
                .fold(0, |sum, byte| sum * 256 + usize::from(*byte)),
        );
        match kind & 0x0f {
            1 => Message::Text(serde_json::from_slice(&bytes).unwrap()),
            2 => Message::Bytes(bytes),
            _ => Message::Closed,
        }
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }
}
