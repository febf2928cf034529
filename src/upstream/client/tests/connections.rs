//! Which connection a request takes, and what becomes of connections.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use http::Response;
use http_body_util::BodyExt;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::Semaphore;

use crate::connection::Opened;
use crate::drive::start_http1;
use crate::pool::state::Wish;
use crate::{ConnectProblem, Unreachable, UpstreamFailure, UpstreamLimits};

use super::bank::{Bank, Behaviour, Pki, echo_head, on_command};
use super::{House, every_protocol, get, post};

#[tokio::test]
async fn ten_calls_one_after_the_other_use_one_connection() {
    for (name, bank, tls) in every_protocol(echo_head).await {
        let house = House::new(&[&bank], tls, UpstreamLimits::default());
        for _ in 0..10 {
            house.get("/rates").await.expect(name);
        }
        assert_eq!((bank.requests(), bank.accepted()), (10, 1), "{name}");
        assert_eq!(house.counts(), (0, 1, 1), "{name}");
    }
}

#[tokio::test]
async fn the_bank_sees_a_path_and_the_endpoints_own_name() {
    for (name, bank, tls) in every_protocol(echo_head).await {
        let house = House::new(&[&bank], tls, UpstreamLimits::default());
        let mut request = get("/rates/EURUSD?at=2026-11-22");
        request
            .headers_mut()
            .insert("host", "api.harbour.example".parse().expect("valid"));
        let answer = house.send(request).await.expect(name);
        let said = answer.into_body().collect().await.expect(name).to_bytes();
        let port = bank.port;
        let expected = if name == "h2" {
            format!(
                "GET https://127.0.0.1:{port}/rates/EURUSD?at=2026-11-22 host=- version=HTTP/2.0"
            )
        } else {
            format!("GET /rates/EURUSD?at=2026-11-22 host=127.0.0.1:{port} version=HTTP/1.1")
        };
        assert_eq!(said, expected, "{name}");
    }
}

#[tokio::test]
async fn a_bank_of_another_authority_is_refused() {
    let (ours, theirs) = (Pki::new(), Pki::new());
    let bank = Bank::tls(&theirs, &["h2"], echo_head()).await;
    let house = House::new(&[&bank], Some(ours.client_tls()), UpstreamLimits::default());
    let refused = house.get("/rates").await.expect_err("another authority");
    assert!(is_tls_problem(&refused), "{refused:?}");
    assert_eq!((bank.requests(), house.counts()), (0, (0, 0, 0)));
}

#[tokio::test]
async fn a_bank_that_bears_another_name_is_refused() {
    let pki = Pki::new();
    let bank = Bank::tls(&pki, &["h2"], echo_head()).await;
    for (name, fits) in [
        ("ledger.harbour.example", true),
        ("ledger.rival.example", false),
    ] {
        let mut tls = pki.client_tls();
        tls.server_name = Some(name.to_owned());
        let house = House::new(&[&bank], Some(tls), UpstreamLimits::default());
        match house.get("/rates").await {
            Ok(_) => assert!(fits, "{name}"),
            Err(refused) => assert!(!fits && is_tls_problem(&refused), "{name}: {refused:?}"),
        }
    }
    assert_eq!(bank.requests(), 1);
}

#[tokio::test]
async fn a_bank_that_wants_our_certificate_hears_nothing_without_it() {
    let pki = Pki::new();
    for alpn in ["h2", "http/1.1"] {
        let bank = Bank::tls(&pki, &[alpn], echo_head()).await;
        let mut tls = pki.client_tls();
        tls.identity = None;
        let house = House::new(&[&bank], Some(tls), UpstreamLimits::default());
        house.get("/rates").await.expect_err("no certificate shown");
        assert_eq!((bank.requests(), house.upstream.in_use()), (0, 0), "{alpn}");
    }
}

#[tokio::test]
async fn requests_at_once_share_a_connection_over_http2_up_to_its_streams() {
    let (pki, gate) = (Pki::new(), Arc::new(Semaphore::new(0)));
    let bank = Bank::tls(&pki, &["h2"], on_command(&gate)).await;
    let limits = UpstreamLimits {
        h2_streams: 3,
        ..UpstreamLimits::default()
    };
    let house = House::new(&[&bank], Some(pki.client_tls()), limits);
    let calls = join_all((0..6).map(|_| house.get("/rates")));
    let all_in = async {
        house
            .until("all six have arrived", |_| bank.requests() == 6)
            .await;
        assert_eq!(house.counts(), (6, 2, 0));
        gate.add_permits(6);
    };
    let (answers, ()) = tokio::join!(calls, all_in);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!((bank.accepted(), house.counts()), (2, (0, 2, 2)));
}

#[tokio::test]
async fn a_bank_that_allows_fewer_streams_gets_fewer() {
    let (pki, gate) = (Pki::new(), Arc::new(Semaphore::new(1)));
    let bank = Bank::few_streams(&pki, 2, on_command(&gate)).await;
    let house = House::new(&[&bank], Some(pki.client_tls()), UpstreamLimits::default());
    house.get("/first").await.expect("answered");
    let two = join_all((0..2).map(|_| house.get("/rates")));
    let third = async {
        house
            .until("two more have arrived", |_| bank.requests() == 3)
            .await;
        let third = house.get("/rates");
        let permit = async {
            house
                .until("the third has arrived", |_| bank.requests() == 4)
                .await;
            gate.add_permits(3);
        };
        tokio::join!(third, permit).0
    };
    let (two, third) = tokio::join!(two, third);
    assert!(two.iter().all(Result::is_ok) && third.is_ok());
    assert_eq!(bank.accepted(), 2);
}

#[tokio::test]
async fn an_unused_connection_is_not_used_after_its_time() {
    for (name, bank, tls) in every_protocol(echo_head).await {
        let house = House::new(&[&bank], tls, UpstreamLimits::default());
        house.get("/rates").await.expect(name);
        house.clock.advance(Duration::from_secs(29));
        house.get("/rates").await.expect(name);
        assert_eq!(bank.accepted(), 1, "{name}");
        house.clock.advance(Duration::from_secs(30));
        house.get("/rates").await.expect(name);
        assert_eq!(bank.accepted(), 2, "{name}");
        bank.until_open(1).await;
    }
}

#[tokio::test]
async fn a_connection_takes_no_request_beyond_its_age() {
    for (name, bank, tls) in every_protocol(echo_head).await {
        let limits = UpstreamLimits {
            max_age: Duration::from_mins(1),
            ..UpstreamLimits::default()
        };
        let house = House::new(&[&bank], tls, limits);
        for _ in 0..7 {
            house.get("/rates").await.expect(name);
            house.clock.advance(Duration::from_secs(10));
        }
        assert_eq!(bank.accepted(), 2, "{name}");
        bank.until_open(1).await;
    }
}

#[tokio::test]
async fn an_unused_connection_closes_by_itself() {
    for (name, bank, tls) in every_protocol(echo_head).await {
        let limits = UpstreamLimits {
            idle_timeout: Duration::from_millis(1),
            ..UpstreamLimits::default()
        };
        let house = House::new(&[&bank], tls, limits);
        house.get("/rates").await.expect(name);
        assert_eq!(house.upstream.idle(), 1, "{name}");
        house.clock.advance(Duration::from_secs(1));
        bank.until_open(0).await;
        assert_eq!(house.counts(), (0, 0, 0), "{name}");
    }
}

#[tokio::test]
async fn a_connection_that_the_bank_closed_is_forgotten() {
    for (name, bank, tls) in every_protocol(echo_head).await {
        let house = House::new(&[&bank], tls, UpstreamLimits::default());
        house.get("/rates").await.expect(name);
        bank.cut_all().await;
        house
            .until("no connection is open", |h| {
                h.upstream.connections_open() == 0
            })
            .await;
        house.get("/rates").await.expect(name);
        assert_eq!((bank.requests(), bank.accepted()), (2, 2), "{name}");
    }
}

/// Puts a connection into the pool; gives its other side.
async fn unused(house: &House) -> DuplexStream {
    let (near, far) = duplex(1_024);
    let pool = house.upstream.pool();
    let far_deadline = tokio::time::Instant::now() + Duration::from_mins(1);
    let mut lease = pool
        .place(Wish::default(), far_deadline)
        .await
        .expect("a place");
    let mut connection = start_http1(near, pool, 0).await.expect("started");
    connection.sender.ready().await.expect("open");
    lease.opened(Opened::Http1(connection));
    drop(lease);
    assert_eq!(house.counts(), (0, 1, 1));
    far
}

#[tokio::test]
async fn a_request_met_by_a_close_moves_to_a_new_connection_and_is_seen_once() {
    let bank = Bank::plain(echo_head()).await;
    for requests in 1..=2 {
        let house = House::new(&[&bank], None, UpstreamLimits::default());
        let far = unused(&house).await;
        let mut sending = pin!(house.send(post("/pay", model::full("x"))));
        if requests == 2 {
            // It has the connection and waits for its turn.
            assert!(sending.as_mut().now_or_never().is_none());
        }
        drop(far);
        let answer = sending.await.expect("answered");
        answer.into_body().collect().await.expect("a whole body");
        assert_eq!((bank.requests(), bank.accepted()), (requests, requests));
        assert_eq!(house.counts(), (0, 1, 1));
    }
}

#[tokio::test]
async fn a_caller_who_leaves_before_its_turn_has_sent_nothing_and_costs_no_connection() {
    let bank = Bank::plain(echo_head()).await;
    let house = House::new(&[&bank], None, UpstreamLimits::default());
    house.get("/rates").await.expect("answered");
    assert!(house.get("/rates").now_or_never().is_none());
    assert_eq!(house.counts(), (0, 1, 1));
    house.get("/rates").await.expect("answered");
    assert_eq!((bank.requests(), bank.accepted()), (2, 1));
}

#[tokio::test]
async fn when_an_endpoint_is_down_the_other_answers() {
    let (bank, down) = (Bank::plain(echo_head()).await, Down::new());
    let house = House::at(&[down.port, bank.port], None, UpstreamLimits::default());
    for _ in 0..20 {
        house.get("/rates").await.expect("the other endpoint");
    }
    assert_eq!(bank.requests(), 20);
}

#[tokio::test]
async fn when_all_endpoints_are_down_the_upstream_is_unavailable() {
    let (one, two) = (Down::new(), Down::new());
    for ports in [&[one.port][..], &[one.port, two.port]] {
        let house = House::at(ports, None, UpstreamLimits::default());
        let calls = join_all((0..20).map(|_| house.get("/rates"))).await;
        for call in calls {
            let failed = call.expect_err("nobody listens");
            assert!(
                matches!(
                    failed,
                    UpstreamFailure::Unavailable(
                        Unreachable::Connect { .. } | Unreachable::NoEndpoint
                    )
                ),
                "{failed:?}"
            );
        }
        assert_eq!(house.counts(), (0, 0, 0));
    }
}

#[tokio::test]
async fn an_endpoint_that_comes_back_is_used_again_after_its_back_off() {
    let (steady, down) = (Bank::plain(echo_head()).await, Down::new());
    let house = House::at(&[down.port, steady.port], None, UpstreamLimits::default());
    let calls = async |count| {
        for _ in 0..count {
            house.get("/rates").await.expect("one is there");
        }
    };
    calls(20).await;
    let back = down.comes_up();
    calls(20).await;
    assert_eq!((back.requests(), steady.requests()), (0, 40));
    house.clock.advance(Duration::from_secs(1));
    calls(20).await;
    assert_eq!(back.requests() + steady.requests(), 60);
    assert!(back.requests() > 0);
}

#[tokio::test]
async fn a_connect_that_takes_too_long_is_given_up() {
    // Accepts by its backlog, and never says a word of TLS.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let limits = UpstreamLimits {
        connect_timeout: Duration::from_millis(20),
        ..UpstreamLimits::default()
    };
    let house = House::at(&[port], Some(Pki::new().client_tls()), limits);
    let failed = house.get("/rates").await.expect_err("no handshake");
    let UpstreamFailure::Unavailable(Unreachable::Connect { source, .. }) = &failed else {
        panic!("{failed:?}");
    };
    assert!(matches!(source, ConnectProblem::TimedOut), "{source:?}");
    assert_eq!(house.counts(), (0, 0, 0));
}

#[tokio::test]
async fn a_drained_upstream_ends_its_tasks_after_the_last_answer() {
    for (name, bank, tls) in every_protocol(echo_head).await {
        let house = House::new(&[&bank], tls, UpstreamLimits::default());
        let open = house.send(get("/rates")).await.expect(name);
        house.upstream.drain();
        let refused = house.send(get("/rates")).await.expect_err("drained");
        assert!(matches!(
            refused,
            UpstreamFailure::Unavailable(Unreachable::Draining)
        ));
        open.into_body()
            .collect()
            .await
            .expect("the answer that was open");
        house.tracker.close();
        house.tracker.wait().await;
        assert_eq!(house.counts(), (0, 0, 0), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_load_the_limit_holds_and_every_place_comes_back() {
    for (name, bank, tls) in every_protocol(echo_head).await {
        let limits = UpstreamLimits {
            connections_max: 3,
            h2_streams: 2,
            wait_timeout: Duration::from_mins(1),
            ..UpstreamLimits::default()
        };
        let house = Arc::new(House::new(&[&bank], tls, limits));
        let (tasks, answered) = (
            tokio_util::task::TaskTracker::new(),
            Arc::new(AtomicUsize::new(0)),
        );
        for _ in 0..16 {
            let (house, answered) = (Arc::clone(&house), Arc::clone(&answered));
            tasks.spawn(async move {
                for _ in 0..50 {
                    house.get("/rates").await.expect("answered");
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        tasks.close();
        tasks.wait().await;
        assert_eq!(answered.load(Ordering::SeqCst), 800, "{name}");
        assert_eq!(bank.requests(), 800, "{name}");
        assert!(bank.open_most() <= 3, "{name}: {}", bank.open_most());
        assert!(bank.accepted() <= 3, "{name}: {}", bank.accepted());
        assert_eq!(house.upstream.in_use(), 0, "{name}");
    }
}

#[tokio::test]
async fn an_answer_without_a_body_frees_its_place_at_once() {
    let behaviour: super::bank::Behaviour = Arc::new(|_| {
        Box::pin(async {
            Response::builder()
                .status(204)
                .body(model::empty())
                .expect("valid")
        })
    });
    let bank = Bank::plain(behaviour).await;
    let house = House::new(&[&bank], None, UpstreamLimits::default());
    let answer = house.send(get("/rates")).await.expect("answered");
    assert_eq!(
        (answer.status().as_u16(), house.upstream.in_use()),
        (204, 0)
    );
}

fn is_tls_problem(failure: &UpstreamFailure) -> bool {
    matches!(
        failure,
        UpstreamFailure::Unavailable(Unreachable::Connect {
            source: ConnectProblem::Tls(_),
            ..
        })
    )
}

/// A port that is taken and where nobody listens.
pub(super) struct Down {
    pub(super) port: u16,
    bound: socket2::Socket,
}

impl Down {
    pub(super) fn new() -> Self {
        use socket2::{Domain, Socket, Type};
        let bound = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any: std::net::SocketAddr = "127.0.0.1:0".parse().expect("valid");
        bound.bind(&any.into()).expect("a port");
        let port = bound
            .local_addr()
            .expect("bound")
            .as_socket()
            .expect("IP")
            .port();
        Self { port, bound }
    }

    /// Somebody listens now.
    pub(super) fn comes_up(self) -> Bank {
        self.comes_up_as(echo_head())
    }

    /// The same, and answers so.
    pub(super) fn comes_up_as(self, behaviour: Behaviour) -> Bank {
        self.bound.listen(64).expect("a socket");
        Bank::plain_at(self.bound.into(), behaviour)
    }
}
