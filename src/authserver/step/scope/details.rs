//! Step: authorization details (RFC 9396 §5, §6; RA-01, RA-04): of types that are open to the
//! client, as their schemas say, for places that its tokens may be for, and such as a page can
//! show. Under a grant only what was approved, and in a token of that what is for its audience.
//! **Stops**: a customer approving what they could not read.

use model::DetailType;
use web::Language;

use crate::denied::{Denied, GrantProblem};
use crate::issuer::Issuer;
use crate::issuer::agreement::Open;
use crate::page::details::lines;
use crate::request::details::{Detail, Details, DetailsProblem, consent};
use crate::step::form::Parameters;
use crate::step::resource::Audience;
use crate::step::scope;
use crate::step::standing::InGoodStanding;

/// The parameter.
pub(super) const NAME: &str = "authorization_details";

/// What a customer is asked for; none when nothing is. All of it may stand in a token that is for
/// what the request is for: nothing is approved for nothing.
pub(crate) fn asked(
    issuer: &Issuer,
    form: &Parameters,
    client: &InGoodStanding<'_>,
    audience: &Audience,
) -> Result<Details, Denied> {
    let Some(text) = form.get(NAME) else {
        return Ok(Details::default());
    };
    let details = Details::parse(text).map_err(of_all)?;
    for (at, detail) in details.iter().enumerate() {
        let judged = judge(issuer, client.open(), detail);
        let judged = judged.and_then(|()| {
            let is_of_use = audience.takes(detail);
            is_of_use
                .then_some(())
                .ok_or_else(|| DetailsProblem::Location.into())
        });
        judged.map_err(|Wrong { problem, within }| Denied::Details {
            problem,
            place: format!("{NAME}[{at}]{within}"),
        })?;
    }
    Ok(details)
}

/// A client's own token carries none: nobody is there to approve them.
pub(crate) fn none(form: &Parameters) -> Result<(), Denied> {
    match form.get(NAME) {
        None => Ok(()),
        Some(_) => Err(of_all(DetailsProblem::NoCustomer)),
    }
}

/// What a grant holds that the client may have today.
pub(crate) fn held(issuer: &Issuer, client: &InGoodStanding<'_>, granted: &Details) -> Details {
    granted.only(|detail| is_held(issuer, client.open(), detail))
}

/// Whether a detail that was granted may still be had, as its client asked for it: the account that
/// the customer chose stands in no request, and in no schema.
pub(crate) fn is_held(issuer: &Issuer, open: Open<'_>, detail: Detail<'_>) -> bool {
    if is_open(issuer, open, detail) {
        return true;
    }
    let asked = detail.as_asked();
    asked.is_some_and(|asked| asked.iter().all(|detail| is_open(issuer, open, detail)))
}

/// What a token under a grant carries: what is asked for of what it holds, or all of it, as far as
/// it is for the token's audience (RFC 9396 §9.1). A token carries something.
pub(crate) fn of_grant(
    form: &Parameters,
    held: &Details,
    (scope, audience): (&scope::Granted, &Audience),
) -> Result<Details, Denied> {
    let asked = match form.get(NAME) {
        None => held.clone(),
        Some(text) => {
            let asked = Details::parse(text).map_err(of_all)?;
            if !asked.are_within(held) {
                return Err(of_all(DetailsProblem::NotGranted));
            }
            asked
        }
    };
    let details = asked.only(|detail| audience.takes(detail));
    if details.is_empty() && scope.scopes().is_empty() {
        return Err(if asked.is_empty() {
            Denied::Grant(GrantProblem::NothingLeft)
        } else {
            // What there is, is for another place: that must be named (RFC 8707 §2).
            Denied::Target
        });
    }
    Ok(details)
}

/// Whether a detail that was good once may still be asked for.
pub(crate) fn is_open(issuer: &Issuer, open: Open<'_>, detail: Detail<'_>) -> bool {
    judge(issuer, open, detail).is_ok()
}

/// Whether a detail may be asked for; if not, where in it that is seen: a JSON Pointer.
pub(crate) fn fits(issuer: &Issuer, open: Open<'_>, detail: Detail<'_>) -> Result<(), String> {
    judge(issuer, open, detail).map_err(|wrong| wrong.within)
}

fn of_all(problem: DetailsProblem) -> Denied {
    Denied::Details {
        problem,
        place: NAME.to_owned(),
    }
}

/// What is wrong with one detail, and where in it: a JSON Pointer.
struct Wrong {
    problem: DetailsProblem,
    within: String,
}

impl From<DetailsProblem> for Wrong {
    fn from(problem: DetailsProblem) -> Self {
        Self {
            problem,
            within: String::new(),
        }
    }
}

/// Whether details of this type may be asked for: the client's agreements open it, or it is ours,
/// by which any client names a consent.
fn is_open_type(issuer: &Issuer, open: Open<'_>, its: &DetailType) -> bool {
    let is_ours = issuer.desk().is_some() && consent::is_ours(its);
    open.has_details(its) || is_ours
}

fn judge(issuer: &Issuer, open: Open<'_>, detail: Detail<'_>) -> Result<(), Wrong> {
    let its = detail
        .r#type()
        .and_then(|text| DetailType::parse(text).ok());
    let its = its.filter(|its| is_open_type(issuer, open, its));
    let known = its.and_then(|its| issuer.details.get(&its));
    let known = known.ok_or(DetailsProblem::Type)?;
    if let Some(within) = known.schema.misfit(detail) {
        let problem = DetailsProblem::Schema;
        return Err(Wrong { problem, within });
    }
    let locations = detail.locations()?.unwrap_or_default();
    if !locations.into_iter().all(|place| open.reaches(place)) {
        return Err(DetailsProblem::Location.into());
    }
    // Customers may turn the page into the other language.
    let labels = known.schema.labels();
    let shown = |language| lines(detail.members(), &labels, language).is_some();
    if shown(Language::ZhCn) && shown(Language::En) {
        Ok(())
    } else {
        Err(DetailsProblem::Unshowable.into())
    }
}
