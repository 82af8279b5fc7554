//! Bodies that are made while they are sent.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// Pieces that wait for a slow client; then whoever makes them waits.
const PIECES: usize = 4;

/// Bytes of one piece.
const PIECE: usize = 64 * 1024;

/// What comes out of a channel, as a stream.
pub(crate) struct Pipe<T>(mpsc::Receiver<T>);

impl<T> Pipe<T> {
    /// What `receiver` gives.
    pub(crate) fn new(receiver: mpsc::Receiver<T>) -> Self {
        Self(receiver)
    }
}

impl Pipe<io::Result<Bytes>> {
    /// What `write` writes, beside everything else. It gets an error when the client has gone.
    pub(crate) fn fill(
        write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let (pieces, receiver) = mpsc::channel(PIECES);
        spawn_blocking(move || {
            let mut writer = io::BufWriter::with_capacity(PIECE, Writer(pieces.clone()));
            let done = write(&mut writer).and_then(|()| writer.flush());
            if let Err(error) = done {
                // A body that breaks off is how the client hears of it; one that has gone hears nothing.
                let _ = pieces.blocking_send(Err(error));
            }
        });
        Self(receiver)
    }
}

impl<T> Stream for Pipe<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_recv(context)
    }
}

struct Writer(mpsc::Sender<io::Result<Bytes>>);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        let sent = self.0.blocking_send(Ok(piece));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
