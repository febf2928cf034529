//! A code for an ID token (OpenID Connect Core §3.1.3), by `oauth2` over the port `fetch`.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};
use oauth2::{
    AsyncHttpClient, AuthorizationCode, HttpRequest, HttpResponse, PkceCodeVerifier,
    RequestTokenError, TokenResponse,
};

use model::ports::{Fetch, FetchFailed, FetchRequest};

use super::discovery::Discovered;
use super::{Bound, DOCUMENT_BYTES_MAX, Means, OpenIdProvider, ProviderFailed};

const DOING: &str = "exchanging the code";
/// RFC 7523 §2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest error code that is told.
const CODE_CHARS_MAX: usize = 64;

/// What came for the code. Neither prints itself.
pub(super) struct Tokens {
    pub(super) id_token: String,
    /// Used for nothing but to see that the ID token was issued with it.
    pub(super) access_token: String,
}

/// The port as `oauth2` asks it.
struct Through<'a> {
    fetch: &'a dyn Fetch,
    deadline: Duration,
}

impl<'c> AsyncHttpClient<'c> for Through<'_> {
    type Error = FetchFailed;
    type Future = BoxFuture<'c, Result<HttpResponse, FetchFailed>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        async move {
            let (head, body) = request.into_parts();
            let request = FetchRequest {
                method: head.method,
                url: head.uri,
                headers: head.headers,
                body: body.into(),
                answer_bytes_max: DOCUMENT_BYTES_MAX,
            };
            let fetched = self.fetch.fetch(request, self.deadline).await?;
            let mut response = HttpResponse::new(fetched.body.into());
            *response.status_mut() = fetched.status;
            *response.headers_mut() = fetched.headers;
            Ok(response)
        }
        .boxed()
    }
}

impl OpenIdProvider {
    /// Brings the code back, proving who we are by an assertion made for this once.
    pub(super) async fn exchange(
        &self,
        discovered: &Discovered,
        code: &str,
        bound: Bound<'_>,
        means: Means<'_>,
    ) -> Result<Tokens, ProviderFailed> {
        let unfit = |rule| ProviderFailed::Unfit { doing: DOING, rule };
        let settings = &self.settings;
        let assertion = crate::assertion(
            &settings.client_id,
            &settings.issuer,
            &settings.key,
            means.clock.now(),
            means.random,
        );
        let assertion = assertion.map_err(|_| unfit("the key must sign"))?;
        let through = Through {
            fetch: means.fetch,
            deadline: means.deadline,
        };
        let answer = discovered
            .client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(bound.verifier.to_owned()))
            .add_extra_param("client_assertion_type", ASSERTION_TYPE)
            .add_extra_param("client_assertion", assertion)
            .request_async(&through)
            .await
            .map_err(told)?;
        let id_token = answer.extra_fields().id_token.clone();
        Ok(Tokens {
            id_token: id_token.ok_or_else(|| unfit("there must be an id_token"))?,
            access_token: answer.access_token().secret().clone(),
        })
    }
}

/// What went wrong, without a word of what the provider said but a code of RFC 6749 §5.2: the rest
/// may quote what it was asked.
fn told(error: RequestTokenError<FetchFailed, BasicErrorResponse>) -> ProviderFailed {
    let rule = match error {
        RequestTokenError::Request(source) => {
            return ProviderFailed::Unreached {
                doing: DOING,
                source,
            };
        }
        RequestTokenError::ServerResponse(response) => {
            let code = match response.error() {
                // Whatever stands there: it may be what was asked.
                BasicErrorResponseType::Extension(_) => "a code of its own".to_owned(),
                known => known.as_ref().to_owned(),
            };
            return ProviderFailed::Refused { doing: DOING, code };
        }
        RequestTokenError::Parse(..) => "the answer must be that of RFC 6749 §5",
        RequestTokenError::Other(_) => "the answer must be JSON",
    };
    ProviderFailed::Unfit { doing: DOING, rule }
}

/// An error code of a link as it may stand in a log.
pub(super) fn plain(code: &str) -> String {
    let sign = |c: char| {
        if c.is_ascii_alphanumeric() || "_-.".contains(c) {
            c
        } else {
            '?'
        }
    };
    code.chars().take(CODE_CHARS_MAX).map(sign).collect()
}
