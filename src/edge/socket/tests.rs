use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use model::{ListenerId, Meter};
use tokio::net::TcpListener;

use super::*;

/// Counts its wakes.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// An HTTP/1.1 connection's socket, and the client at its other end.
async fn pair() -> (Watched, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (accepted, _) = accepted.unwrap();
    accepted.writable().await.unwrap();
    let socket = Socket::Plain(Tcp(accepted));
    let meters = ListenerMeters::new(&Meter::new(), &ListenerId::parse("api").unwrap());
    let (meters, limits) = (Arc::new(meters), Limits::default());
    let watched = Watched::new(socket, Pulse::new(), meters, Alpn::Http1, &limits);
    (watched, client.unwrap())
}

#[tokio::test]
async fn a_short_write_waits_for_its_turn_once_and_never_spins_for_a_client_that_takes_nothing() {
    for is_vectored in [false, true] {
        waits_once(is_vectored).await;
    }
}

async fn waits_once(is_vectored: bool) {
    let (mut watched, client) = pair().await;
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut cx = Context::from_waker(&waker);
    let bytes = vec![7; 16 * 1024];
    let mut write = || {
        let socket = Pin::new(&mut watched);
        let polled = if is_vectored {
            socket.poll_write_vectored(&mut cx, &[IoSlice::new(&bytes)])
        } else {
            socket.poll_write(&mut cx, &bytes)
        };
        (polled.is_ready(), count.0.load(Ordering::SeqCst))
    };
    assert_eq!((write(), write()), ((false, 1), (true, 1)));
    assert_eq!((write(), write()), ((false, 2), (true, 2)));
    let mut woken = 2;
    // Without the runtime's own turns.
    tokio::task::unconstrained(async {
        let is_full = (0..10_000).any(|_| {
            let (is_taken, wakes) = write();
            let waits_for_client = !is_taken && wakes == woken;
            woken = wakes;
            waits_for_client
        });
        assert!(is_full, "the client's window has no end");
        for _ in 0..10 {
            assert_eq!(write(), (false, woken), "woken though nothing can be sent");
        }
    })
    .await;
    drop(client);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn among_several_threads_nothing_waits() {
    let (mut watched, _client) = pair().await;
    let mut cx = Context::from_waker(Waker::noop());
    let polled = Pin::new(&mut watched).poll_write(&mut cx, b"short");
    assert!(polled.is_ready());
}
