//! A bank service beside the sandbox's own: products of an upstream that a test plays.

use std::net::SocketAddr;

use kit::{Folder, HouseBuilder};

/// One open operation, one for partners, one that takes a body.
const API: &str = "
openapi: 3.1.0
info: { title: Extra, version: 1.0.0 }
servers: [{ url: /@NAME@ }]
paths:
  /open:
    get:
      operationId: readOpen
      x-mortise-class: open
      x-mortise-effect: none
      responses: { '200': { description: Bytes. } }
    post:
      operationId: sendOpen
      x-mortise-class: open
      x-mortise-effect: change
      requestBody: { content: { application/octet-stream: {} } }
      responses: { '200': { description: Taken. } }
  /own:
    get:
      operationId: readOwn
      x-mortise-class: partner
      x-mortise-effect: none
      x-mortise-scope: @NAME@
      x-mortise-authorization-details: none
      x-mortise-authentication: none
      responses: { '200': { description: Bytes. } }
";

/// A product and its upstream, both called `name`: its operations lie below `/name`.
struct Extra<'a> {
    name: &'a str,
    upstream: String,
}

impl Extra<'_> {
    /// The API's file and its text.
    fn file(&self) -> (String, String) {
        (
            format!("apis/{}.yaml", self.name),
            API.replace("@NAME@", self.name),
        )
    }

    /// What is put into `gateway.yaml`: old text and new.
    fn edits(&self) -> [(&'static str, String); 3] {
        let Self { name, upstream } = self;
        let product = format!(
            "{{ openapi: file:apis/{name}.yaml, upstream: {name}, listeners: [api], deadline: 300s }}"
        );
        [
            (
                "    upstreams:\n",
                format!("    upstreams:\n      {name}: {upstream}\n"),
            ),
            (
                "    products:\n",
                format!("    products:\n      {name}: {product}\n"),
            ),
            (
                "products: [branches, ",
                format!("products: [branches, {name}, "),
            ),
        ]
    }
}

/// Adds a product of a plain upstream on loopback to a house.
pub(crate) fn add(house: HouseBuilder, name: &str, bank: SocketAddr) -> HouseBuilder {
    let extra = Extra {
        name,
        upstream: plain(bank),
    };
    let (file, text) = extra.file();
    let house = house.write(&file, &text);
    extra
        .edits()
        .iter()
        .fold(house, |house, (old, new)| house.edit(old, new))
}

/// Adds a product of a plain upstream on loopback to a folder.
pub(crate) fn add_to(folder: Folder, name: &str, bank: SocketAddr) -> Folder {
    put(
        folder,
        &Extra {
            name,
            upstream: plain(bank),
        },
    )
}

/// Adds a product of an upstream behind mutual TLS to a folder.
pub(crate) fn add_behind_tls(folder: Folder, name: &str, bank: SocketAddr) -> Folder {
    let tls = "{ authorities: [file:trust/servers-ca.pem], certificate: file:tls/gateway-client.pem, \
               key: file:tls/gateway-client.key, name: core.harbour.example }";
    let upstream = format!("{{ endpoints: [\"{bank}\"], tls: {tls}, limits: standard }}");
    put(folder, &Extra { name, upstream })
}

fn put(folder: Folder, extra: &Extra<'_>) -> Folder {
    let (file, text) = extra.file();
    let folder = folder.write(&file, &text);
    extra
        .edits()
        .iter()
        .fold(folder, |folder, (old, new)| folder.edit(old, new))
}

fn plain(bank: SocketAddr) -> String {
    format!("{{ endpoints: [\"{bank}\"], tls: none, limits: standard }}")
}
