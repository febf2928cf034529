//! The port `fetch`.

use std::time::Duration;

use futures_util::future::{BoxFuture, ready};
use model::ports::{Fetch, FetchFailed, FetchRequest, Fetched};

/// No host is listed.
pub(super) struct Nobody;

impl Fetch for Nobody {
    fn fetch(
        &self,
        request: FetchRequest,
        _: Duration,
    ) -> BoxFuture<'_, Result<Fetched, FetchFailed>> {
        let host = request.url.host().unwrap_or_default().to_owned();
        Box::pin(ready(Err(FetchFailed::NotListed { host })))
    }
}
