//! What becomes of a consent that a client names in its request, by how that stands: the one place
//! that says it, when the request is pushed and when its customer comes.

use model::ports::{AskedFor, MayAsk, StoreUnavailable};

use super::Desk;
use crate::asked::Wish;
use crate::former::Former;
use crate::openid::is_openid;

/// What a request leads to.
pub(super) enum Course {
    /// A consent of its own: it names none.
    Give,
    /// The one that it names, once more: it asks for nothing that its customer did not give.
    Renew(Box<Former>),
    /// Another in the place of the one that it names.
    Amend(Box<Former>),
}

impl Course {
    /// The consent that it names.
    pub(super) fn former(&self) -> Option<&Former> {
        match self {
            Self::Give => None,
            Self::Renew(former) | Self::Amend(former) => Some(former),
        }
    }
}

impl Desk {
    /// What a request leads to; or why it leads nowhere.
    pub(super) async fn course(
        &self,
        asked: &AskedFor<'_>,
        wish: &Wish<'_>,
    ) -> Result<Result<Course, MayAsk>, StoreUnavailable> {
        let Some(id) = &wish.named else {
            return Ok(Ok(Course::Give));
        };
        let consents = self.ports.consents.as_ref();
        let found = consents.find(&self.settings.bank, id).await?;
        // Another client's is refused as one that there is not (CO-03).
        let own = found.filter(|consent| consent.client == *asked.client);
        let former = own.and_then(|consent| Former::of(consent, asked.now));
        Ok(match former {
            Some(former) if says_what(asked, wish) => Ok(if former.has_all(asked, wish) {
                Course::Renew(Box::new(former))
            } else {
                Course::Amend(Box::new(former))
            }),
            _ => Err(MayAsk::Details),
        })
    }
}

/// Whether a request says what it asks for, and not only of which consent.
fn says_what(asked: &AskedFor<'_>, wish: &Wish<'_>) -> bool {
    asked.scopes.iter().any(|scope| !is_openid(scope)) || !wish.details.is_empty()
}
