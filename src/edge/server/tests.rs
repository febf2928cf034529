use futures_util::future::BoxFuture;
use model::{ListenerId, Response, SystemClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

use super::*;
use crate::probe::{
    Pki, Tell, edge, get, http1, http2, id_at, mirror, open_plain, raw, read_head, read_to_close,
    soon, text,
};
use crate::{ClientCertificates, Limits, bind};

const LONG: Duration = Duration::from_secs(30);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Says `called`, and answers when the gate is opened.
fn gated(
    said: mpsc::UnboundedSender<&'static str>,
    gate: watch::Receiver<bool>,
) -> impl Fn(Arc<model::Connection>, model::Request) -> BoxFuture<'static, Response> {
    move |_, _| {
        let (said, mut gate) = (said.clone(), gate.clone());
        Box::pin(async move {
            let _held = Tell(said.clone(), "ended");
            said.send("called").unwrap();
            gate.wait_for(|open| *open).await.unwrap();
            Response::new(model::full("finished"))
        })
    }
}

async fn until(mut holds: impl FnMut() -> bool) {
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    soon(async {
        while !holds() {
            ticks.tick().await;
        }
    })
    .await;
}

#[tokio::test]
async fn draining_finishes_what_is_in_progress_and_takes_nothing_new() {
    let (say, mut said) = mpsc::unbounded_channel();
    let (open_gate, gate) = watch::channel(false);
    let (pki, edge) = (Pki::new(), edge(gated(say, gate)));
    let plain = open_plain(&edge, Limits::default());
    let address = pki.open(&edge, ClientCertificates::None, Limits::default());
    let mut over_h1 = TcpStream::connect(plain).await.unwrap();
    over_h1.write_all(REQUEST).await.unwrap();
    let (mut sender, ended) = http2(&pki, address).await;
    let over_h2 = sender.send_request(get("https://localhost/"));
    for _ in 0..2 {
        assert_eq!(soon(said.recv()).await, Some("called"));
    }
    let mut idle = TcpStream::connect(plain).await.unwrap();
    until(|| edge.connections_open() == 3).await;

    let mut draining = Box::pin(edge.drain(LONG));
    // The idle one is closed at once; the socket is closed too.
    tokio::select! {
        drained = &mut draining => panic!("drained with requests in progress: {drained:?}"),
        answer = read_to_close(&mut idle) => assert_eq!(answer, ""),
    }
    assert!(TcpStream::connect(plain).await.is_err());
    open_gate.send(true).unwrap();
    let (drained, answer, over_h2, ended) = tokio::join!(
        soon(draining),
        read_to_close(&mut over_h1),
        soon(over_h2),
        soon(ended)
    );
    assert_eq!(drained, Drained { connections_cut: 0 });
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.ends_with("finished"), "{answer}");
    assert_eq!(text(over_h2.unwrap()).await, "finished");
    ended.unwrap().unwrap();
    assert_eq!((edge.connections_open(), edge.house.tracker.len()), (0, 0));
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut() {
    let (say, mut said) = mpsc::unbounded_channel();
    let (_closed, gate) = watch::channel(false);
    let (pki, edge) = (Pki::new(), edge(gated(say, gate)));
    let mut over_h1 = TcpStream::connect(open_plain(&edge, Limits::default()))
        .await
        .unwrap();
    over_h1.write_all(REQUEST).await.unwrap();
    let address = pki.open(&edge, ClientCertificates::None, Limits::default());
    let (mut sender, _ended) = http2(&pki, address).await;
    let over_h2 = sender.send_request(get("https://localhost/"));
    for _ in 0..2 {
        assert_eq!(soon(said.recv()).await, Some("called"));
    }
    let drained = soon(edge.drain(Duration::from_millis(50))).await;
    assert_eq!(drained, Drained { connections_cut: 2 });
    for _ in 0..2 {
        assert_eq!(said.try_recv(), Ok("ended"));
    }
    assert_eq!(read_to_close(&mut over_h1).await, "");
    assert!(soon(over_h2).await.is_err());
    assert_eq!((edge.connections_open(), edge.house.tracker.len()), (0, 0));
    let settings = ListenerSettings {
        id: ListenerId::parse("late").unwrap(),
        tls: None,
        limits: Limits::default(),
    };
    let late = edge.open(bind(([127, 0, 0, 1], 0).into()).unwrap(), settings);
    assert!(matches!(late, Err(OpenFailed::Draining)));
}

#[tokio::test]
async fn a_handshake_does_not_hold_up_a_drain_and_has_a_limit_of_its_own() {
    let (pki, edge) = (Pki::new(), mirror());
    let limits = Limits {
        handshake_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let impatient = pki.open(&edge, ClientCertificates::None, limits);
    assert_eq!(raw(impatient, b"\x16\x03\x01").await, "");
    let patient = pki.open(&edge, ClientCertificates::None, Limits::default());
    let mut silent = TcpStream::connect(patient).await.unwrap();
    until(|| edge.connections_open() == 1).await;
    let drained = soon(edge.drain(LONG)).await;
    assert_eq!(drained, Drained { connections_cut: 0 });
    assert_eq!(read_to_close(&mut silent).await, "");
}

#[tokio::test]
async fn connections_beyond_the_share_of_an_address_or_listener_are_closed_at_once() {
    let edge = mirror();
    for limits in [
        Limits {
            connections_per_address: 2,
            ..Limits::default()
        },
        Limits {
            connections_max: 2,
            ..Limits::default()
        },
    ] {
        let (open_before, refused_before) = (edge.connections_open(), edge.connections_refused());
        let address = open_plain(&edge, limits);
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut tcp = TcpStream::connect(address).await.unwrap();
            tcp.write_all(REQUEST).await.unwrap();
            read_head(&mut tcp).await;
            held.push(tcp);
        }
        let mut third = TcpStream::connect(address).await.unwrap();
        assert_eq!(soon(third.read(&mut [0])).await.unwrap(), 0);
        assert_eq!(edge.connections_refused() - refused_before, 1);
        assert_eq!(edge.connections_open() - open_before, 2);
        // A place that is given back is taken again.
        held.pop();
        until(|| edge.connections_open() - open_before == 1).await;
        let mut sender = http1(address).await;
        assert_eq!(
            soon(sender.send_request(get("/"))).await.unwrap().status(),
            200
        );
        drop((held, sender));
        until(|| edge.connections_open() == open_before).await;
    }
}

#[tokio::test]
async fn dropping_the_edge_cuts_what_is_open() {
    let edge = mirror();
    let address = open_plain(&edge, Limits::default());
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(REQUEST).await.unwrap();
    read_head(&mut tcp).await;
    drop(edge);
    read_to_close(&mut tcp).await;
}

/// The settings of a plain listener with this id.
fn plain(id: &str, limits: Limits) -> ListenerSettings {
    ListenerSettings {
        id: ListenerId::parse(id).unwrap(),
        tls: None,
        limits,
    }
}

#[tokio::test]
async fn a_closed_listener_finishes_its_own_connections_and_no_others() {
    let (say, mut said) = mpsc::unbounded_channel();
    let (open_gate, gate) = watch::channel(false);
    let edge = edge(gated(say, gate));
    let address = |id| {
        let socket = bind(([127, 0, 0, 1], 0).into()).unwrap();
        edge.open(socket, plain(id, Limits::default())).unwrap()
    };
    let (closed, kept) = (address("closed"), address("kept"));
    let mut asked = TcpStream::connect(closed).await.unwrap();
    asked.write_all(REQUEST).await.unwrap();
    let mut other = TcpStream::connect(kept).await.unwrap();
    other.write_all(REQUEST).await.unwrap();
    for _ in 0..2 {
        assert_eq!(soon(said.recv()).await, Some("called"));
    }
    let mut idle = TcpStream::connect(closed).await.unwrap();
    until(|| edge.connections_open() == 3).await;
    edge.close(&ListenerId::parse("closed").unwrap(), LONG);
    assert_eq!(read_to_close(&mut idle).await, "");
    until(|| {
        edge.socket_of(&ListenerId::parse("closed").unwrap())
            .is_none()
    })
    .await;
    soon(async { while TcpStream::connect(closed).await.is_ok() {} }).await;
    open_gate.send(true).unwrap();
    let answer = read_to_close(&mut asked).await;
    assert!(
        answer.contains("connection: close") && answer.ends_with("finished"),
        "{answer}"
    );
    let head = read_head(&mut other).await;
    assert!(!head.contains("connection: close"), "{head}");
    assert!(TcpStream::connect(kept).await.is_ok());
}

#[tokio::test]
async fn what_a_closed_listener_has_open_after_its_time_is_cut() {
    let (say, mut said) = mpsc::unbounded_channel();
    let (_closed, gate) = watch::channel(false);
    let edge = edge(gated(say, gate));
    let address = open_plain(&edge, Limits::default());
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(REQUEST).await.unwrap();
    assert_eq!(soon(said.recv()).await, Some("called"));
    edge.close(&id_at("plain", address), Duration::from_millis(50));
    assert_eq!(read_to_close(&mut tcp).await, "");
    assert_eq!(soon(said.recv()).await, Some("ended"));
}

#[tokio::test]
async fn a_socket_goes_from_one_listener_to_the_next_without_a_gap() {
    let edge = mirror();
    let socket = bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = edge
        .open(socket, plain("before", Limits::default()))
        .unwrap();
    let before = ListenerId::parse("before").unwrap();
    let socket = edge.socket_of(&before).unwrap().unwrap();
    let staged = edge
        .stage(Some(socket), plain("after", Limits::default()))
        .unwrap();
    // Both accept until the first is closed.
    edge.close(&before, LONG);
    edge.apply(staged, LONG);
    for _ in 0..20 {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        tcp.write_all(REQUEST).await.unwrap();
        assert!(read_head(&mut tcp).await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn new_limits_are_for_new_connections_and_count_those_that_are_open() {
    let edge = mirror();
    let address = open_plain(&edge, Limits::default());
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(REQUEST).await.unwrap();
    read_head(&mut first).await;
    let narrow = Limits {
        connections_max: 2,
        target_bytes: 5,
        ..Limits::default()
    };
    let changed = ListenerSettings {
        id: id_at("plain", address),
        tls: None,
        limits: narrow,
    };
    edge.apply(edge.stage(None, changed).unwrap(), LONG);
    let long = b"GET /longer HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(long).await.unwrap();
    assert!(read_head(&mut second).await.starts_with("HTTP/1.1 414"));
    first.write_all(long).await.unwrap();
    assert!(read_head(&mut first).await.starts_with("HTTP/1.1 200"));
    let unknown = edge.stage(None, plain("unknown", Limits::default()));
    assert!(matches!(unknown, Err(OpenFailed::NotOpen)));
}

#[test]
fn outside_a_runtime_no_listener_opens() {
    let handler = crate::probe::Answering(|_, _| unreachable!("nobody asks"));
    let edge = Edge::new(Arc::new(handler), Arc::new(SystemClock::new()));
    let settings = ListenerSettings {
        id: ListenerId::parse("api").unwrap(),
        tls: None,
        limits: Limits::default(),
    };
    let opened = edge.open(bind(([127, 0, 0, 1], 0).into()).unwrap(), settings);
    assert!(matches!(opened, Err(OpenFailed::NoRuntime)));
}
