//! The base path: what stands before every path of the document.

use http::Uri;

use crate::problem::{Flaw, Problems, quoted};
use crate::reference::{Document, Site};
use crate::template::plain_path;

/// Reads the path of `servers[0].url`: `""` when there is none. `None` when it cannot be used.
///
/// Only the path counts (OpenAPI §4.8.5): which host answers is said by the settings.
pub(crate) fn base_path(document: &Document<'_>, problems: &mut Problems) -> Option<String> {
    let Some(servers) = document.site().child("servers") else {
        return Some(String::new());
    };
    if !servers.value.is_array() {
        problems.add(
            servers.pointer,
            "`servers` is not a list",
            "write a list of objects that have a `url`",
        );
        return None;
    }
    let Some(first) = servers.items().next() else {
        return Some(String::new());
    };
    read_server(&first, problems)
}

fn read_server(server: &Site<'_>, problems: &mut Problems) -> Option<String> {
    let Some(url) = server.child("url") else {
        problems.add(
            &server.pointer,
            "the server has no `url`",
            "add `url`, as `https://bank.example/fx/v1` or `/fx/v1`",
        );
        return None;
    };
    let read = match url.value.as_str() {
        Some(text) => path_of(text),
        None => Err(Flaw::new("the `url` is not a text", "write it in quotes")),
    };
    match read {
        Ok(path) => Some(path),
        Err(flaw) => {
            problems.push(flaw.at(url.pointer));
            None
        }
    }
}

fn path_of(text: &str) -> Result<String, Flaw> {
    if text.contains(['{', '}']) {
        return Err(Flaw::new(
            format!("the server's url has variables: {}", quoted(text)),
            "write the url out: a path that may vary cannot be routed",
        ));
    }
    if text.contains(['?', '#']) {
        return Err(Flaw::new(
            format!(
                "the server's url has a query or a fragment: {}",
                quoted(text)
            ),
            "leave them out",
        ));
    }
    let path = if text.starts_with('/') && !text.starts_with("//") {
        text.to_owned()
    } else {
        let uri = text.parse::<Uri>().ok();
        uri.filter(|uri| matches!(uri.scheme_str(), Some("https" | "http")))
            .map(|uri| uri.path().to_owned())
            .ok_or_else(|| {
                Flaw::new(
                    format!("the server's url is not usable: {}", quoted(text)),
                    "write an absolute https or http url, or a path that begins with `/`",
                )
            })?
    };
    plain_path(&path).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::problem::Problem;
    use crate::reference::Edition;

    fn read(root: &Value) -> Result<String, Problem> {
        let mut problems = Problems::default();
        let document = Document {
            root,
            edition: Edition::V3_1,
        };
        let path = base_path(&document, &mut problems);
        path.ok_or_else(|| problems.into_vec().remove(0))
    }

    #[test]
    fn the_base_path_is_the_path_of_the_first_server() {
        for (url, path) in [
            ("https://bank.example/fx/v1", "/fx/v1"),
            ("https://bank.example:8443/fx/v1/", "/fx/v1"),
            ("http://127.0.0.1", ""),
            ("/fx", "/fx"),
            ("/", ""),
        ] {
            let root = json!({ "servers": [{ "url": url }, { "url": "/other" }] });
            assert_eq!(read(&root).as_deref(), Ok(path), "{url}");
        }
        assert_eq!(read(&json!({})).as_deref(), Ok(""));
        assert_eq!(read(&json!({ "servers": [] })).as_deref(), Ok(""));
    }

    #[test]
    fn urls_that_are_not_one_plain_path_are_refused() {
        for (url, what) in [
            (
                "https://{tenant}.bank.example/",
                "the server's url has variables: `https://{tenant}.bank.example/`",
            ),
            (
                "/v1?x=1",
                "the server's url has a query or a fragment: `/v1?x=1`",
            ),
            (
                "/v1#x",
                "the server's url has a query or a fragment: `/v1#x`",
            ),
            ("v1", "the server's url is not usable: `v1`"),
            ("", "the server's url is not usable: ``"),
            (
                "//bank.example/v1",
                "the server's url is not usable: `//bank.example/v1`",
            ),
            (
                "ftp://bank.example/v1",
                "the server's url is not usable: `ftp://bank.example/v1`",
            ),
            ("/a/../b", "the path has a dot segment: `..`"),
            ("https://bank.example//", "the path has an empty segment"),
            ("https://bank.example//b", "the path has an empty segment"),
        ] {
            let problem = read(&json!({ "servers": [{ "url": url }] })).expect_err(url);
            assert_eq!(problem.pointer, "/servers/0/url");
            assert_eq!(problem.what, what);
        }
    }

    #[test]
    fn servers_must_be_a_list_of_objects_with_a_url() {
        for (servers, pointer, what) in [
            (json!({}), "/servers", "`servers` is not a list"),
            (json!([{}]), "/servers/0", "the server has no `url`"),
            (json!([7]), "/servers/0", "the server has no `url`"),
            (
                json!([{ "url": 7 }]),
                "/servers/0/url",
                "the `url` is not a text",
            ),
        ] {
            let problem = read(&json!({ "servers": servers })).expect_err("refused");
            assert_eq!(
                (problem.pointer.as_str(), problem.what.as_str()),
                (pointer, what)
            );
        }
    }
}
