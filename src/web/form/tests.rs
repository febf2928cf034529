use std::path::Path;

use bytes::Bytes;
use http::HeaderValue;
use http_body::Frame;
use http_body_util::StreamBody;
use proptest::prelude::*;

use model::{BodyBroken, BodyError};

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";

fn parsed(bytes: &[u8]) -> Form {
    Form::parse(bytes).expect("a form")
}

fn repeated(name: &str) -> Repeated {
    Repeated {
        name: name.to_owned(),
    }
}

/// A request with this media type, whose body comes in these pieces.
fn request(
    media_type: Option<&'static str>,
    pieces: Vec<Result<&'static str, BodyBroken>>,
) -> Request {
    let frames = pieces.into_iter().map(|piece| match piece {
        Ok(data) => Ok(Frame::data(Bytes::from_static(data.as_bytes()))),
        Err(broken) => Err(BodyError::from(broken)),
    });
    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
    let mut request = Request::new(body);
    if let Some(media_type) = media_type {
        let value = HeaderValue::from_static(media_type);
        request.headers_mut().insert(CONTENT_TYPE, value);
    }
    request
}

#[test]
fn names_and_values_are_decoded() {
    let form = parsed("scope=rates+branches&%6Eame=%E8%BF%85%E8%A1%8C&plain=迅&bare&=x".as_bytes());
    assert_eq!(form.only("scope"), Ok(Some("rates branches")));
    assert_eq!(form.only("name"), Ok(Some("迅行")));
    assert_eq!(form.only("plain"), Ok(Some("迅")));
    assert_eq!(form.only("bare"), Ok(None));
    assert_eq!(form.only(""), Ok(Some("x")));
    assert_eq!(form.only("Scope"), Ok(None), "names have case");
}

#[test]
fn a_repeated_parameter_is_named() {
    let form = parsed(b"a=1&b=2&a=3");
    assert_eq!(form.only("a"), Err(repeated("a")));
    assert_eq!(form.only("b"), Ok(Some("2")));
    assert_eq!(form.only("c"), Ok(None));
}

#[test]
fn a_parameter_is_repeated_whatever_its_values_and_spelling() {
    for twice in ["a=1&a=1", "a&a", "a=&a=1", "a=1&a=", "a=1&%61=2"] {
        let form = parsed(twice.as_bytes());
        assert_eq!(form.only("a"), Err(repeated("a")), "{twice}");
    }
    assert_eq!(parsed(b"a=1&A=2&aa=3").only("a"), Ok(Some("1")));
}

#[test]
fn an_empty_value_counts_as_absent() {
    assert_eq!(parsed(b"scope=").only("scope"), Ok(None));
    assert_eq!(parsed(b"scope=+").only("scope"), Ok(Some(" ")));
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    for bad in [
        &b"a=%ff"[..],
        b"%ff=a",
        b"a=\xff",
        b"\xc3=a",
        b"a=%C3",
        b"a=%ED%A0%80",
        b"a=%C0%AF",
        // The replacement character itself looks no different once decoded.
        b"a=%EF%BF%BD",
    ] {
        assert_eq!(
            Form::parse(bad).err(),
            Some(FormProblem::NotUtf8),
            "{bad:?}"
        );
    }
}

#[test]
fn a_form_has_at_most_250_parameters() {
    let form = |count: usize| {
        let text: Vec<String> = (0..count).map(|number| format!("p{number}=1")).collect();
        Form::parse(text.join("&").as_bytes())
    };
    assert_eq!(form(250).expect("a form").only("p249"), Ok(Some("1")));
    assert_eq!(form(251).err(), Some(FormProblem::TooMany));
}

#[tokio::test]
async fn a_form_is_known_by_its_media_type() {
    for same in [
        FORM,
        "Application/X-WWW-Form-URLEncoded",
        "application/x-www-form-urlencoded;charset=UTF-8",
        "application/x-www-form-urlencoded ; charset=utf-8",
    ] {
        let form = read_form(request(Some(same), vec![Ok("a=1")]), 100).await;
        assert_eq!(form.expect(same).only("a"), Ok(Some("1")));
    }
    for other in [
        None,
        Some(""),
        Some("application/json"),
        Some("multipart/form-data; boundary=x"),
        Some("application/x-www-form-urlencoded2"),
        Some("text/plain; application/x-www-form-urlencoded"),
    ] {
        let form = read_form(request(other, vec![Ok("a=1")]), 100).await;
        assert_eq!(form.err(), Some(FormProblem::MediaType), "{other:?}");
    }
}

#[tokio::test]
async fn a_form_is_as_long_as_allowed_and_no_longer() {
    let pieces = || vec![Ok("a=12"), Ok(""), Ok("3&b=4")];
    let form = read_form(request(Some(FORM), pieces()), 9).await;
    let form = form.expect("a form");
    assert_eq!(
        form.only("a"),
        Ok(Some("123")),
        "over the seam of two pieces"
    );
    assert_eq!(form.only("b"), Ok(Some("4")));
    let longer = read_form(request(Some(FORM), pieces()), 8).await;
    assert_eq!(longer.err(), Some(FormProblem::TooLarge { limit: 8 }));
    let empty = read_form(request(Some(FORM), Vec::new()), 0).await;
    assert_eq!(empty.expect("a form").only("a"), Ok(None));
}

#[tokio::test]
async fn a_form_that_is_too_long_is_not_read_to_its_end() {
    let endless =
        futures_util::stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(b"a=1&"))));
    let mut request = Request::new(StreamBody::new(endless).boxed_unsync());
    let value = HeaderValue::from_static(FORM);
    request.headers_mut().insert(CONTENT_TYPE, value);
    let form = read_form(request, 64 * 1024).await;
    let limit = 64 * 1024;
    assert_eq!(form.err(), Some(FormProblem::TooLarge { limit }));
}

#[tokio::test]
async fn a_form_that_breaks_off_is_no_form() {
    for broken in [
        BodyBroken::BrokenOff,
        BodyBroken::TooSlow,
        BodyBroken::TooLarge { limit: 3 },
    ] {
        let pieces = vec![Ok("a=1"), Err(broken)];
        let form = read_form(request(Some(FORM), pieces), 100).await;
        assert_eq!(form.err(), Some(FormProblem::BrokenOff), "{broken:?}");
    }
}

/// What every accepted form holds to.
fn holds_its_promises(form: &Form) {
    assert!(form.parameters.len() <= PARAMETERS_MAX);
    for (name, value) in &form.parameters {
        assert!(!name.contains('\u{fffd}') && !value.contains('\u{fffd}'));
        let count = form.parameters.iter().filter(|(n, _)| n == name).count();
        match form.only(name) {
            Ok(found) => {
                assert_eq!(count, 1);
                assert_eq!(found.unwrap_or(""), value);
            }
            Err(problem) => {
                assert!(count > 1);
                assert_eq!(&problem.name, name);
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(form) = Form::parse(&bytes) {
            holds_its_promises(&form);
        }
    }

    #[test]
    fn no_text_like_a_form_makes_the_parser_panic(text in "([ab]|=|&|\\+|%|%[0-9A-Fa-f]{2}){0,400}") {
        if let Ok(form) = Form::parse(text.as_bytes()) {
            holds_its_promises(&form);
        }
    }

    #[test]
    fn what_a_client_writes_is_what_is_read(
        written in prop::collection::vec(("[^\u{fffd}]{0,8}", "[^\u{fffd}]{0,8}"), 0..=100),
    ) {
        let text = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&written)
            .finish();
        let form = parsed(text.as_bytes());
        holds_its_promises(&form);
        prop_assert_eq!(form.parameters, written);
    }
}

#[test]
fn a_form_is_written_again_without_what_is_named_each_as_often_as_it_stood() {
    let form = Form::parse("a=1&secret=x&b=%20%26&a=2&empty=&secret=y".as_bytes());
    let form = form.expect("a form");
    let names: Vec<_> = form.parameters().iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "secret", "b", "a", "empty", "secret"]);
    let body = form.body_without(&["secret", "other"]);
    assert_eq!(body, "a=1&b=+%26&a=2&empty=");
    let again = Form::parse(body.as_bytes()).expect("a form");
    assert_eq!(again.parameters().len(), 4);
}

/// Every file of the corpus, whole, cut anywhere, and with any byte changed.
#[test]
fn the_corpus_of_the_fuzzer_makes_nothing_panic() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/form");
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).expect("the corpus") {
        let bytes = std::fs::read(entry.expect("a file").path()).expect("a readable file");
        for at in 0..bytes.len() {
            fuzz_form(&bytes[..at]);
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            fuzz_form(&changed);
        }
        fuzz_form(&bytes);
        count += 1;
    }
    assert!(count >= 3, "{count} files");
}
