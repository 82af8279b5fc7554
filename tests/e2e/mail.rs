//! A mail server on this machine that keeps what it gets, with and without encryption.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// For `localhost`, signed by itself, good until 2126; made by
/// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=localhost
/// -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE`.
pub(crate) const CERTIFICATE: &str = include_str!("localhost.pem");
const KEY: &str = include_str!("localhost.key");

/// When a connection is encrypted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    None,
    /// When the client asks for it, which it must before it does anything else.
    StartTls,
    /// From the first byte.
    Tls,
}

/// The server.
pub(crate) struct Mail {
    pub(crate) port: u16,
    mails: Receiver<String>,
}

impl Mail {
    pub(crate) fn start(encryption: Encryption) -> Self {
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (told, mails) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that trusts nobody ends the conversation early.
                let _ = serve(stream.unwrap(), encryption, &config, &told);
            }
        });
        Self { port, mails }
    }

    /// The next mail, with the commands before it.
    pub(crate) fn next(&self) -> String {
        self.mails.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    /// Whether no mail has come that `next` has not given.
    pub(crate) fn is_silent(&self) -> bool {
        self.mails.try_recv() == Err(TryRecvError::Empty)
    }
}

fn serve(
    stream: TcpStream,
    encryption: Encryption,
    config: &Arc<ServerConfig>,
    told: &Sender<String>,
) -> std::io::Result<()> {
    match encryption {
        Encryption::None => converse(stream, told),
        Encryption::Tls => converse(encrypted(stream, config), told),
        Encryption::StartTls => {
            let mut lines = BufReader::new(&stream);
            (&stream).write_all(b"220 ready\r\n")?;
            loop {
                let mut line = String::new();
                if lines.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                if line.starts_with("STARTTLS") {
                    (&stream).write_all(b"220 go on\r\n")?;
                    break;
                }
                let said: &[u8] = if line.starts_with("EHLO") {
                    b"250-localhost\r\n250 STARTTLS\r\n"
                } else {
                    b"530 encryption first\r\n"
                };
                (&stream).write_all(said)?;
            }
            commands(encrypted(stream, config), told)
        }
    }
}

fn encrypted(
    stream: TcpStream,
    config: &Arc<ServerConfig>,
) -> StreamOwned<ServerConnection, TcpStream> {
    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
    StreamOwned::new(connection, stream)
}

fn converse(mut stream: impl Read + Write, told: &Sender<String>) -> std::io::Result<()> {
    stream.write_all(b"220 ready\r\n")?;
    commands(stream, told)
}

fn commands(stream: impl Read + Write, told: &Sender<String>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut mail = String::new();
    let mut is_data = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command = line.split([' ', ':', '\r']).next().unwrap_or_default();
        let said = if is_data && line == ".\r\n" {
            is_data = false;
            let _ = told.send(std::mem::take(&mut mail));
            "250 taken"
        } else if is_data {
            mail.push_str(&line);
            continue;
        } else {
            mail.push_str(&line);
            match command {
                "EHLO" => "250-localhost\r\n250 AUTH PLAIN",
                "AUTH" => "235 welcome",
                "DATA" => {
                    is_data = true;
                    "354 go on"
                }
                "QUIT" => "221 bye",
                _ => "250 well",
            }
        };
        write!(stream.get_mut(), "{said}\r\n")?;
        stream.get_mut().flush()?;
        if command == "QUIT" && !is_data {
            return Ok(());
        }
    }
}
