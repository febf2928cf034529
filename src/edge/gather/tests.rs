use std::future::poll_fn;
use std::time::Duration;

use model::{Alpn, ListenerId, Meter};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::Limits;
use crate::metrics::ListenerMeters;
use crate::probe::soon;
use crate::pulse::Pulse;
use crate::socket::{Socket, Tcp};

/// A gathered socket, and the client at its other end.
async fn pair(limits: &Limits) -> (Gathered, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    let socket = Socket::Plain(Tcp(accepted.unwrap().0));
    let name = ListenerId::parse("api").unwrap();
    let meters = Arc::new(ListenerMeters::new(&Meter::new(), &name));
    let watched = Watched::new(socket, Pulse::new(), meters, Alpn::Http2, limits);
    (Gathered::new(watched), client.unwrap())
}

async fn send(gathered: &Gathered) -> io::Result<()> {
    soon(poll_fn(|cx| gathered.poll_send(cx))).await
}

/// What the client has read when it has read this many bytes.
async fn read(client: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    soon(client.read_exact(&mut bytes)).await.unwrap();
    bytes
}

#[tokio::test]
async fn what_was_written_and_flushed_leaves_together_when_the_task_sends() {
    let (gathered, mut client) = pair(&Limits::default()).await;
    let mut hypers = gathered.clone();
    for frame in [b"one ", b"two "] {
        hypers.write_all(frame).await.unwrap();
        hypers.flush().await.unwrap();
    }
    assert_eq!(gathered.gather().held, b"one two ");
    send(&gathered).await.unwrap();
    assert_eq!(read(&mut client, 8).await, b"one two ");
    assert_eq!(gathered.gather().held.capacity(), 0, "room is kept");
}

#[tokio::test]
async fn what_does_not_fit_leaves_behind_what_is_held_and_in_order() {
    let (gathered, mut client) = pair(&Limits::default()).await;
    let mut hypers = gathered.clone();
    let small = [b's'; 100];
    let fitting = [b'f'; ROOM_BYTES];
    let large = vec![b'l'; ROOM_BYTES + 1];
    for frame in [&small[..], &fitting, &large, &small] {
        soon(hypers.write_all(frame)).await.unwrap();
        assert!(gathered.gather().held.len() <= ROOM_BYTES);
    }
    send(&gathered).await.unwrap();
    let all = [&small[..], &fitting, &large, &small].concat();
    assert!(read(&mut client, all.len()).await == all);
}

#[tokio::test]
async fn a_shutdown_sends_what_is_held() {
    let (gathered, mut client) = pair(&Limits::default()).await;
    let mut hypers = gathered.clone();
    hypers.write_all(b"goodbye").await.unwrap();
    soon(hypers.shutdown()).await.unwrap();
    let mut said = Vec::new();
    soon(client.read_to_end(&mut said)).await.unwrap();
    assert_eq!(said, b"goodbye");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up_and_holds_no_more_than_the_room() {
    let limits = Limits {
        write_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let (gathered, _client) = pair(&limits).await;
    let mut hypers = gathered.clone();
    let frame = [b'x'; 1024];
    let failed = loop {
        if let Err(error) = hypers.write_all(&frame).await {
            break error;
        }
        assert!(gathered.gather().held.len() <= ROOM_BYTES);
    };
    assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    assert_eq!(
        send(&gathered).await.unwrap_err().kind(),
        io::ErrorKind::TimedOut
    );
}

#[tokio::test]
async fn a_socket_with_nothing_to_read_is_asked_again_when_its_task_is_awake() {
    let (gathered, mut client) = pair(&Limits::default()).await;
    let mut hypers = gathered.clone();
    let mut byte = [0];
    let mut polls = 0;
    let read = poll_fn(|cx| {
        polls += 1;
        gathered.listen();
        let mut into = ReadBuf::new(&mut byte);
        let polled = Pin::new(&mut hypers).poll_read(cx, &mut into);
        if polled.is_pending() {
            let again = Pin::new(&mut hypers).poll_read(cx, &mut into);
            assert!(again.is_pending() && gathered.gather().is_dry);
        }
        polled
    });
    let (came, ()) = soon(futures_util::future::join(read, async {
        client.write_all(b"x").await.unwrap();
    }))
    .await;
    came.unwrap();
    assert!(byte == *b"x" && polls > 1);
}
