//! The requests, written before the start: one, one for each token, one for each fresh token, or
//! those of a file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::Deserialize;

use crate::options::Options;

/// How many clients the fresh tokens are spread over.
const CLIENTS: usize = 100;

/// Requests in both protocols.
pub(crate) struct Requests {
    h1: Vec<Vec<u8>>,
    h2: Vec<http::Request<()>>,
    is_once: bool,
}

impl Requests {
    /// Writes them.
    pub(crate) fn prepare(options: &Options) -> anyhow::Result<Self> {
        if let Some(file) = &options.each {
            return Ok(Self {
                h1: read_each(file)?,
                h2: Vec::new(),
                is_once: true,
            });
        }
        let tokens = match (&options.tokens, &options.signer, options.fresh) {
            (Some(file), _, _) => {
                let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
                text.lines().map(str::to_owned).collect()
            }
            (None, Some(folder), Some(count)) => sign(folder, count)?,
            _ => Vec::new(),
        };
        let mut requests = Self {
            h1: Vec::new(),
            h2: Vec::new(),
            is_once: options.fresh.is_some(),
        };
        let mut tokens = tokens.into_iter();
        let mut token = tokens.next();
        loop {
            requests.h1.push(h1(options, token.as_deref()));
            requests.h2.push(h2(options, token.as_deref())?);
            token = tokens.next();
            if token.is_none() {
                return Ok(requests);
            }
        }
    }

    /// Whether each is sent once only.
    pub(crate) fn is_once(&self) -> bool {
        self.is_once
    }

    /// A request in HTTP/1.1, with its body; `None` when all are used up.
    pub(crate) fn h1(&self, number: usize) -> Option<&[u8]> {
        self.h1.get(self.place(number)).map(Vec::as_slice)
    }

    /// A request in HTTP/2; `None` when all are used up.
    pub(crate) fn h2(&self, number: usize) -> Option<http::Request<()>> {
        self.h2.get(self.place(number)).cloned()
    }

    fn place(&self, number: usize) -> usize {
        if self.is_once {
            number
        } else {
            number % self.h1.len()
        }
    }
}

/// A request of a file.
#[derive(Deserialize)]
struct Each {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

fn read_each(file: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let write = |line: &str| {
        let each: Each = serde_json::from_str(line)?;
        let mut head = format!("{} {} HTTP/1.1\r\n", each.method, each.path);
        for (name, value) in &each.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !each.body.is_empty() {
            let _ = write!(head, "Content-Length: {}\r\n", each.body.len());
        }
        Ok(format!("{head}\r\n{}", each.body).into_bytes())
    };
    text.lines().map(write).collect()
}

fn method(options: &Options) -> &'static str {
    if options.upload > 0 { "POST" } else { "GET" }
}

fn h1(options: &Options, token: Option<&str>) -> Vec<u8> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nUser-Agent: lgen\r\n",
        method(options),
        options.path
    );
    if let Some(token) = token {
        let _ = write!(head, "Authorization: Bearer {token}\r\n");
    }
    if options.upload > 0 {
        let length = options.upload;
        let kind = "Content-Type: application/octet-stream";
        let _ = write!(head, "{kind}\r\nContent-Length: {length}\r\n");
    }
    head += "\r\n";
    let mut request = head.into_bytes();
    request.resize(request.len() + options.upload, b'x');
    request
}

fn h2(options: &Options, token: Option<&str>) -> anyhow::Result<http::Request<()>> {
    let mut request = http::Request::builder()
        .method(method(options))
        .uri(format!("https://localhost{}", options.path))
        .header("accept", "application/json")
        .header("user-agent", "lgen");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    Ok(request.body(())?)
}

/// Signs tokens that differ in their `jti` and, in turn, their client.
fn sign(folder: &Path, count: usize) -> anyhow::Result<Vec<String>> {
    let key = fs::read(folder.join("jwt.pk8")).context("jwt.pk8")?;
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key)?;
    let claims = fs::read(folder.join("claims.json")).context("claims.json")?;
    let mut claims: serde_json::Value = serde_json::from_slice(&claims)?;
    let header = BASE64URL.encode(r#"{"alg":"ES256","typ":"at+jwt","kid":"k1"}"#);
    let random = SystemRandom::new();
    let run = std::process::id();
    let mut tokens = Vec::with_capacity(count);
    for number in 0..count {
        claims["jti"] = format!("{run:x}-{number:x}").into();
        claims["client_id"] = format!("partner-{:05}", number % CLIENTS).into();
        let signed = format!("{header}.{}", BASE64URL.encode(claims.to_string()));
        let signature = key.sign(&random, signed.as_bytes())?;
        tokens.push(format!("{signed}.{}", BASE64URL.encode(signature)));
    }
    Ok(tokens)
}
