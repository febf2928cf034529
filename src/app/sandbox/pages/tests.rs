use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use model::SystemClock;

use super::*;
use crate::sandbox::{Addresses, SandboxHouse};

#[test]
fn an_app_stands_where_its_customers_come_back_to() {
    let found = callback("http://127.0.0.1:8447/callback");
    assert_eq!(found, Some(at(8447)));
    for other in [
        "https://127.0.0.1:8447/callback",
        "http://127.0.0.1:8447/other",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:0/callback",
        "http://10.0.0.1:8447/callback",
        "http://localhost:8447/callback",
    ] {
        assert_eq!(callback(other), None, "{other}");
    }
}

#[test]
fn a_usual_port_that_is_taken_gives_way_and_a_wished_one_is_told_of() {
    let taken = edge::bind(at(0)).expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    let mut sockets = Sockets::default();
    assert!(sockets.bind("a page", None, port).is_some());
    assert_eq!(sockets.notes, "");
    assert!(sockets.bind("a page", Some(port), START_PORT).is_none());
    let note = format!("note: a page is not open at 127.0.0.1:{port}: the address is in use");
    assert!(sockets.notes.starts_with(&note), "{}", sockets.notes);
}

#[test]
fn nothing_is_bound_where_no_pages_are_wished() {
    let sockets = Wished::Not.bind_new();
    assert!(sockets.start.is_none() && sockets.swiftride.is_none());
    assert_eq!(sockets.apps(), Wished::usual());
}

/// What a browser without a memory sends and gets: the head and the page.
fn asked(url: &str, head: &str, body: &str) -> String {
    let host = url.strip_prefix("http://").expect("a plain URL");
    let mut socket = TcpStream::connect(host).expect("a page");
    let length = body.len();
    let request = format!(
        "{head}Host: {host}\r\nAccept-Language: en\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    answer
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text
        .split_once(from)
        .unwrap_or_else(|| panic!("{from}: {text}"));
    rest.split_once(to).expect("an end").0
}

/// Goes to the bank as a customer of this app would; gives the app's page after it.
fn connecting(url: &str) -> String {
    let home = asked(url, "GET / HTTP/1.1\r\n", "");
    assert!(home.starts_with("HTTP/1.1 200"), "{home}");
    let cookie = between(&home, "set-cookie: ", ";");
    let csrf = between(&home, "name=\"csrf\" value=\"", "\"");
    let head = format!(
        "POST /connect HTTP/1.1\r\nCookie: {cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n"
    );
    let sent = asked(url, &head, &format!("csrf={csrf}"));
    assert!(!sent.starts_with("HTTP/1.1 4"), "{sent}");
    let head = format!("GET / HTTP/1.1\r\nCookie: {cookie}\r\n");
    asked(url, &head, "").replace("&#x2f;", "/")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_apps_are_known_at_the_issuer_by_their_own_proofs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bind = || edge::bind(at(0)).expect("a free port");
    let addresses = Addresses::bound(bind(), bind(), bind()).expect("bound");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let addresses = addresses.with_pages_anywhere();
    let house = SandboxHouse::open(folder.path(), addresses, clock, Arc::new(|_| None));
    let house = house.await.expect("a house").expect("a good file");
    let open = house.pages().clone();
    assert_eq!(open.notes, "");
    assert_eq!(open.apps.len(), 2);
    let start = open.start.clone().expect("a start page");
    let pages = tokio::task::spawn_blocking(move || {
        let page = asked(&start, "GET / HTTP/1.1\r\n", "").replace("&#x2f;", "/");
        for (name, url) in &open.apps {
            assert!(page.contains(name) && page.contains(url.as_str()), "{page}");
        }
        let urls = open.apps.iter().map(|(_, url)| connecting(url));
        urls.collect::<Vec<_>>()
    });
    for page in pages.await.expect("pages") {
        assert!(
            page.contains("GET /.well-known/oauth-authorization-server"),
            "{page}"
        );
        assert!(page.contains("POST /par"), "{page}");
        // Whatever the bank offers, it knows who asks.
        for trouble in [
            "invalid_client",
            "invalid_dpop_proof",
            "no_answer",
            "unreadable",
        ] {
            assert!(!page.contains(trouble), "{trouble}: {page}");
        }
    }
    let (running, edge) = house.into_parts();
    running.stop().await;
    edge.drain(std::time::Duration::from_secs(1)).await;
}
