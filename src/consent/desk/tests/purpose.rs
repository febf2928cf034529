//! A customer is asked for one purpose, of however many the client has, and gives for that one.

use model::ports::{DeskAgreed, Finish};
use model::{Edge, PurposeId};

use super::lodged::{NAMED, lodge};
use super::{ALLOW, TICKED, later, naming};
use crate::test_desk::bank::CODE;
use crate::test_desk::visitor::Visitor;
use crate::test_desk::{TestDesk, client, settings};

const OVERVIEW: &str = "See it all in one place";
const BOOKS: &str = "Keep your books";

/// A desk whose client has two purposes.
fn desk() -> TestDesk {
    let mut settings = settings("sensitive");
    let purpose = |name: &str| PurposeId::parse(name).expect("valid");
    let both = vec![purpose("overview"), purpose("books")];
    settings.purposes.insert(client(), both);
    TestDesk::with(settings, 3)
}

/// Gives what is asked, which is for this purpose and not for that.
async fn given_for(
    visitor: &Visitor<'_>,
    own: &str,
    other: &str,
    form: &[(&str, &str)],
) -> DeskAgreed {
    let page = visitor.show().await.page();
    assert!(page.contains(own) && !page.contains(other), "{page}");
    visitor.go_on(form).await;
    *visitor.send(&[("code", CODE), ALLOW]).await.agreed()
}

fn purpose(agreed: &DeskAgreed) -> Option<&str> {
    agreed.consent.terms.purpose.as_ref().map(PurposeId::as_str)
}

#[tokio::test]
async fn a_request_is_for_the_first_purpose_of_its_client() {
    let test = desk();
    let visitor = Visitor::accounts(&test);
    let chosen = [TICKED, ("account", "acc-1"), ALLOW];
    let agreed = given_for(&visitor, OVERVIEW, BOOKS, &chosen).await;
    assert_eq!(purpose(&agreed), Some("overview"));
}

#[tokio::test]
async fn the_purpose_that_was_lodged_stays_when_it_is_renewed_or_amended() {
    let test = desk();
    let books = |lodged: &mut crate::lodged::Lodged| lodged.purpose = Some("books".to_owned());
    lodge(&test, "accounts", books).await;
    let visitor = Visitor {
        request: [1; 32],
        ..Visitor::of(&test, "accounts", NAMED)
    };
    let chosen = [TICKED, ("account", "acc-1"), ALLOW];
    let agreed = given_for(&visitor, BOOKS, OVERVIEW, &chosen).await;
    assert_eq!(purpose(&agreed), Some("books"));
    let id = agreed.consent.id.clone();
    let done = visitor.settled(agreed).await;
    assert!(matches!(done, Finish::Done(_)), "{done:?}");

    let details = naming(&id, "[]");
    let renewal = later(&test, 2, "accounts", &details);
    let agreed = given_for(&renewal, BOOKS, OVERVIEW, &[ALLOW]).await;
    assert_eq!(
        (agreed.consent.edge, purpose(&agreed)),
        (Edge::Renew, Some("books"))
    );

    let amendment = later(&test, 3, "accounts shop_data", &details);
    let agreed = given_for(&amendment, BOOKS, OVERVIEW, &chosen).await;
    assert_eq!(purpose(&agreed), Some("books"));
    assert_ne!(agreed.consent.id, id);
}
