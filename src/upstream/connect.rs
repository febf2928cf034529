//! Opening a connection: name, TCP, TLS, HTTP.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use crate::ConnectProblem;
use crate::connection::Opened;
use crate::drive::{start_http1, start_http2};
use crate::endpoint::Endpoint;
use crate::pool::Pool;

/// Addresses of one name that are tried, in the resolver's order.
const ADDRESSES_TRIED: usize = 4;
/// When TCP asks whether the other side is still there, and how often before it gives up.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(30);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);
const KEEPALIVE_TRIES: u32 = 3;

/// Opens a connection to an endpoint before `until`, and starts its task. The protocol is the one
/// chosen by ALPN; a bank that chooses none speaks HTTP/1.1.
pub(crate) async fn open(
    pool: &Arc<Pool>,
    index: usize,
    endpoint: &Endpoint,
    tls: Option<&Arc<ClientConfig>>,
    until: Instant,
) -> Result<Opened, ConnectProblem> {
    timeout_at(until, open_in_time(pool, index, endpoint, tls, until))
        .await
        .unwrap_or(Err(ConnectProblem::TimedOut))
}

async fn open_in_time(
    pool: &Arc<Pool>,
    index: usize,
    endpoint: &Endpoint,
    tls: Option<&Arc<ClientConfig>>,
    until: Instant,
) -> Result<Opened, ConnectProblem> {
    let addresses = resolve(endpoint).await?;
    let tcp = connect(&addresses, until).await?;
    let (Some(config), Some(name)) = (tls, &endpoint.server_name) else {
        return start_http1(tcp, pool, index)
            .await
            .map(Opened::Http1)
            .map_err(ConnectProblem::Http);
    };
    let stream = TlsConnector::from(Arc::clone(config))
        .connect(name.clone(), tcp)
        .await
        .map_err(ConnectProblem::Tls)?;
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        start_http2(stream, pool, index).await.map(Opened::Http2)
    } else {
        start_http1(stream, pool, index).await.map(Opened::Http1)
    }
    .map_err(ConnectProblem::Http)
}

/// The addresses to try. Without TLS only those on the loopback count: a name is believed no more
/// than an address would be.
async fn resolve(endpoint: &Endpoint) -> Result<Vec<SocketAddr>, ConnectProblem> {
    let is_plain = endpoint.server_name.is_none();
    let addresses: Vec<SocketAddr> = match endpoint.host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, endpoint.port)],
        Err(_) => lookup_host((endpoint.host.as_str(), endpoint.port))
            .await
            .map_err(ConnectProblem::Resolve)?
            .filter(|address| !is_plain || address.ip().is_loopback())
            .take(ADDRESSES_TRIED)
            .collect(),
    };
    if addresses.is_empty() {
        return Err(ConnectProblem::NoAddress);
    }
    Ok(addresses)
}

/// Connects to the first address that answers, each within its share of the time that is left.
async fn connect(addresses: &[SocketAddr], until: Instant) -> Result<TcpStream, ConnectProblem> {
    let mut problem = ConnectProblem::NoAddress;
    for (tried, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let now = Instant::now();
        let share = until.saturating_duration_since(now) / left;
        match timeout_at(now + share, TcpStream::connect(*address)).await {
            Ok(Ok(stream)) => {
                tune(&stream).map_err(ConnectProblem::Tcp)?;
                return Ok(stream);
            }
            Ok(Err(error)) => problem = ConnectProblem::Tcp(error),
            Err(_) => problem = ConnectProblem::TimedOut,
        }
    }
    Err(problem)
}

fn tune(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_EVERY)
        .with_retries(KEEPALIVE_TRIES);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}
