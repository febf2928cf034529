//! One connection's worker: asks, reads the answer, asks again.

use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::spawn_local;
use tokio::time::Instant;

use crate::options::{Mode, Options};
use crate::pace;
use crate::requests::Requests;
use crate::tls::{Dialer, Stream};
use crate::window::SharedWindow;

/// What the head of an answer may be long.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// After an error, so that a gateway that is down is not asked in a tight loop.
const PAUSE: Duration = Duration::from_millis(20);

/// One worker.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) number: usize,
    pub(crate) dialer: Dialer,
    pub(crate) options: Rc<Options>,
    pub(crate) requests: Rc<Requests>,
    pub(crate) window: SharedWindow,
}

impl Visitor {
    /// Visits until the window is over.
    pub(crate) async fn run(self) {
        while !self.is_done() {
            let since = Instant::now();
            let ended = match self.dialer.dial(&self.window).await {
                Ok(stream) if self.options.h2 => self.talk_h2(stream).await,
                Ok(stream) => self.talk_h1(stream, since).await,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = ended {
                self.window.borrow_mut().error(&error);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn is_done(&self) -> bool {
        let window = self.window.borrow();
        window.is_over || window.is_empty
    }

    /// When the next request is due, and which it is; `None` at the end.
    async fn next(&self) -> Option<(Instant, usize)> {
        let since = match self.options.rate {
            Some(_) => pace::due(&self.window).await?,
            None => Instant::now(),
        };
        let mut window = self.window.borrow_mut();
        if window.is_over {
            return None;
        }
        let number = if self.requests.is_once() {
            window.next()
        } else {
            self.number
        };
        if self.options.each.is_some() && self.requests.h1(number).is_none() {
            window.is_empty = true;
            return None;
        }
        Some((since, number))
    }

    async fn talk_h1(&self, mut stream: Box<dyn Stream>, opened: Instant) -> anyhow::Result<()> {
        let mut buffer = Vec::with_capacity(HEAD_BYTES_MAX);
        let is_new_each = self.options.mode == Mode::New;
        while let Some((since, number)) = self.next().await {
            let request = self.requests.h1(number);
            let request = request.ok_or_else(|| anyhow::anyhow!("no fresh token is left"))?;
            stream.write_all(request).await?;
            stream.flush().await?;
            let answer = read_answer(&mut stream, &mut buffer).await?;
            let since = if is_new_each { opened } else { since };
            self.window
                .borrow_mut()
                .answer(since, answer.status, answer.bytes);
            if is_new_each {
                let _ = stream.shutdown().await;
            }
            if is_new_each || answer.closes {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn talk_h2(&self, stream: Box<dyn Stream>) -> anyhow::Result<()> {
        let (sender, connection) = h2::client::Builder::new()
            .initial_window_size(1 << 20)
            .initial_connection_window_size(8 << 20)
            .handshake::<_, Bytes>(stream)
            .await?;
        spawn_local(async move {
            let _ = connection.await;
        });
        let streams: Vec<_> = (0..self.options.streams)
            .map(|_| spawn_local(self.clone().talk_stream(sender.clone())))
            .collect();
        for stream in streams {
            stream.await??;
        }
        Ok(())
    }

    async fn talk_stream(self, mut sender: h2::client::SendRequest<Bytes>) -> anyhow::Result<()> {
        while let Some((since, number)) = self.next().await {
            let request = self.requests.h2(number);
            let request = request.ok_or_else(|| anyhow::anyhow!("no fresh token is left"))?;
            poll_fn(|cx| sender.poll_ready(cx)).await?;
            let (answer, _) = sender.send_request(request, true)?;
            let answer = answer.await?;
            let status = answer.status().as_u16();
            let mut body = answer.into_body();
            let mut bytes = 0;
            while let Some(data) = body.data().await {
                let length = data?.len();
                bytes += length as u64;
                body.flow_control().release_capacity(length)?;
            }
            self.window.borrow_mut().answer(since, status, bytes);
        }
        Ok(())
    }
}

/// What an answer said.
pub(crate) struct Answer {
    pub(crate) status: u16,
    bytes: u64,
    closes: bool,
}

/// Reads one HTTP/1.1 answer to its end.
pub(crate) async fn read_answer(
    stream: &mut Box<dyn Stream>,
    buffer: &mut Vec<u8>,
) -> io::Result<Answer> {
    buffer.clear();
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
        fill(stream, buffer).await?;
    };
    let (head, begun) = buffer.split_at(head_end);
    let head = std::str::from_utf8(head).map_err(io::Error::other)?;
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let mut length = 0;
    let (mut is_chunked, mut closes) = (false, false);
    for line in head.split("\r\n").skip(1) {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().map_err(io::Error::other)?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            is_chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("connection") {
            closes = value.eq_ignore_ascii_case("close");
        }
    }
    let mut bytes = begun.len() as u64;
    let mut tail = begun.to_vec();
    while if is_chunked {
        !tail.ends_with(b"0\r\n\r\n")
    } else {
        bytes < length
    } {
        buffer.clear();
        bytes += fill(stream, buffer).await? as u64;
        if is_chunked {
            tail.extend_from_slice(buffer);
            tail.drain(..tail.len().saturating_sub(16));
        }
    }
    Ok(Answer {
        status: status.unwrap_or(0),
        bytes,
        closes,
    })
}

async fn fill(stream: &mut Box<dyn Stream>, buffer: &mut Vec<u8>) -> io::Result<usize> {
    buffer.reserve(HEAD_BYTES_MAX);
    match stream.read_buf(buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        count => Ok(count),
    }
}
