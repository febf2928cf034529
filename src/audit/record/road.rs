//! The two records of every request, written by hand: the same members in the same order as the
//! table says, without a value built first.

use std::net::IpAddr;

use crypto::put_base64url;
use jiff::Timestamp;
use model::{
    Access, ConsentSeen, End, Object, StepSeen, Who, put_network, put_number, put_text,
    put_timestamp,
};

use super::{TEXT_BYTES_MAX, WORD_BYTES_MAX, cut};

/// The most reads that a record tells of.
const STEPS_MAX: usize = 64;
/// Room for the usual record.
const USUAL_BYTES: usize = 768;

/// `api.access` without its opening brace.
pub(super) fn access(at: Timestamp, access: &Access) -> Vec<u8> {
    let mut record = Record::begin(at, "api.access");
    record.word("req", access.request.text().as_str());
    record.word("iid", access.interaction.as_str());
    record.network(access.peer);
    record.partner(
        access.who.partner.as_ref().map(model::PartnerId::as_str),
        access.who.client.as_ref().map(model::ClientId::as_str),
    );
    record.auth(&access.who);
    if let Some(object) = &access.object {
        record.object(object);
    }
    if let Some(seen) = &access.consent {
        record.consent(seen);
    }
    if !access.steps.is_empty() {
        record.steps(&access.steps);
    }
    record.open("outcome");
    record.word("decision", access.decision.as_str());
    record.number("status", u64::from(access.status));
    if let Some(code) = access.code {
        record.word("code", code);
    }
    if let Some(rule) = &access.rule {
        record.member("rule", &cut(rule, TEXT_BYTES_MAX));
    }
    record.close();
    if let Some(trouble) = access.trouble {
        record.word("trouble", trouble);
    }
    record.open("timing");
    record.number("us", access.timing.duration_us);
    if let Some(upstream) = access.timing.upstream_us {
        record.number("up_us", upstream);
    }
    record.close();
    if let Some(body) = &access.answer {
        record.open("resp");
        record.number("len", body.length);
        if let Some(sha256) = &body.sha256 {
            record.digest("sha256", sha256);
        }
        record.close();
    }
    record.number("cfg", access.snapshot);
    record.end()
}

/// `api.end` without its opening brace.
pub(super) fn end(at: Timestamp, end: &End) -> Vec<u8> {
    let mut record = Record::begin(at, "api.end");
    record.word("req", end.request.text().as_str());
    record.partner(end.partner.as_ref().map(model::PartnerId::as_str), None);
    record.word("ended", end.ended.as_str());
    if let Some(trouble) = end.trouble {
        record.word("trouble", trouble);
    }
    record.open("bytes");
    record.number("in", end.bytes_in);
    record.number("out", end.bytes_out);
    record.close();
    record.open("timing");
    record.number("us", end.duration_us);
    record.close();
    record.end()
}

/// A record on the way. Names of members are ours and need no escapes.
struct Record(Vec<u8>);

impl Record {
    fn begin(at: Timestamp, kind: &str) -> Self {
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        bytes.extend_from_slice(b"\"ts\":");
        put_timestamp(at, &mut bytes);
        let mut record = Self(bytes);
        record.word("type", kind);
        record
    }

    fn name(&mut self, name: &str) {
        if self.0.last() != Some(&b'{') {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn member(&mut self, name: &str, text: &str) {
        self.name(name);
        put_text(text, &mut self.0);
    }

    /// A text that by its kind needs no escape: our ids and words, UUIDs, base64url.
    fn word(&mut self, name: &str, text: &str) {
        self.name(name);
        self.0.push(b'"');
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(b'"');
    }

    fn digest(&mut self, name: &str, digest: &[u8]) {
        self.name(name);
        self.0.push(b'"');
        put_base64url(digest, &mut self.0);
        self.0.push(b'"');
    }

    fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        put_number(number, &mut self.0);
    }

    fn open(&mut self, name: &str) {
        self.name(name);
        self.0.push(b'{');
    }

    fn close(&mut self) {
        self.0.push(b'}');
    }

    fn end(mut self) -> Vec<u8> {
        self.close();
        self.0
    }

    fn network(&mut self, address: IpAddr) {
        self.name("net");
        put_network(address, &mut self.0);
    }

    fn partner(&mut self, id: Option<&str>, client: Option<&str>) {
        if id.is_none() && client.is_none() {
            return;
        }
        self.open("partner");
        if let Some(id) = id {
            self.word("id", id);
        }
        if let Some(client) = client {
            self.word("client", client);
        }
        self.close();
    }

    fn auth(&mut self, who: &Who) {
        if who.certificate.is_none() && who.key.is_none() && who.token_jti.is_none() {
            return;
        }
        self.open("auth");
        if let Some(certificate) = &who.certificate {
            self.digest("x5t", certificate);
        }
        if let Some(key) = &who.key {
            self.digest("jkt", key);
        }
        if let Some(jti) = &who.token_jti {
            self.digest("jti", jti);
        }
        self.close();
    }

    fn consent(&mut self, seen: &ConsentSeen) {
        self.open("consent");
        self.digest("gid", &seen.digest);
        self.name("clusters");
        self.0.push(b'[');
        for (at, cluster) in seen.clusters.iter().enumerate() {
            if at > 0 {
                self.0.push(b',');
            }
            put_text(cluster.as_str(), &mut self.0);
        }
        self.0.push(b']');
        self.number("kept", u64::from(seen.kept));
        self.number("dropped", u64::from(seen.dropped));
        let attended: &[u8] = if seen.attended { b"true" } else { b"false" };
        self.name("attended");
        self.0.extend_from_slice(attended);
        self.close();
    }

    /// The reads of a composed operation, the first of them where there are very many.
    fn steps(&mut self, steps: &[StepSeen]) {
        self.name("steps");
        self.0.push(b'[');
        for (at, step) in steps.iter().take(STEPS_MAX).enumerate() {
            if at > 0 {
                self.0.push(b',');
            }
            self.0.push(b'{');
            self.member("step", &cut(&step.step, WORD_BYTES_MAX));
            self.number("calls", u64::from(step.calls));
            self.number("at_us", step.began_us);
            if let Some(took) = step.took_us {
                self.number("us", took);
            }
            if let Some(fault) = step.fault {
                self.word("fault", fault);
            }
            self.close();
        }
        self.0.push(b']');
    }

    /// Written once for all records of an operation.
    fn object(&mut self, object: &Object) {
        let written = object.written.get_or_init(|| {
            let mut written = Self(vec![b'{']);
            written.word("bank", object.bank.as_str());
            written.word("product", object.product.as_str());
            written.word("op", object.operation.as_str());
            written.word("class", object.class.as_str());
            written.member("method", &cut(object.method.as_str(), WORD_BYTES_MAX));
            written.member("path", &cut(&object.template, TEXT_BYTES_MAX));
            written.end().into()
        });
        self.name("object");
        self.0.extend_from_slice(written);
    }
}
