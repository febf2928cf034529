//! A bank that answers as a test says: a plain socket on loopback, bytes in, bytes out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A scripted bank: for each connection it reads one request's head and plays its script.
pub struct ScriptedBank {
    /// Where it listens.
    pub address: SocketAddr,
    calls: Arc<AtomicUsize>,
    released: watch::Sender<bool>,
}

/// What a scripted bank does with a request.
#[derive(Debug, Clone)]
pub enum Script {
    /// Writes these bytes and closes.
    Answer(Vec<u8>),
    /// Says nothing and keeps the connection open.
    Silence,
    /// Writes the first bytes; the rest after [`ScriptedBank::release`], and closes.
    Pause(Vec<u8>, Vec<u8>),
}

impl ScriptedBank {
    /// Starts one.
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let (released, release) = watch::channel(false);
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's bank is no room of the house"
        )]
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (script, counted) = (script.clone(), Arc::clone(&counted));
                let release = release.clone();
                tokio::spawn(async move { play(socket, script, &counted, release).await });
            }
        });
        Self {
            address,
            calls,
            released,
        }
    }

    /// Lets it write the rest of what [`Script::Pause`] holds back.
    pub fn release(&self) {
        self.released.send_replace(true);
    }

    /// How many requests' heads it read.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

async fn play(
    mut socket: TcpStream,
    script: Script,
    calls: &AtomicUsize,
    mut release: watch::Receiver<bool>,
) {
    let mut head = Vec::new();
    let mut buffer = [0_u8; 4096];
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        match socket.read(&mut buffer).await {
            Ok(read) if read > 0 => head.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
    calls.fetch_add(1, Ordering::SeqCst);
    match script {
        Script::Answer(bytes) => {
            let _ = socket.write_all(&bytes).await;
            let _ = socket.shutdown().await;
        }
        Script::Pause(first, rest) => {
            let _ = socket.write_all(&first).await;
            if release.wait_for(|released| *released).await.is_ok() {
                let _ = socket.write_all(&rest).await;
                let _ = socket.shutdown().await;
            }
        }
        Script::Silence => {
            // Held until the other side gives up.
            while socket.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
        }
    }
}
