//! Which calls are shown: what the query asks for, and whether a call is so.

use model::ports::{Called, Stage, Trace, Verdict};
use model::{PartnerId, ProductId};
use web::Form;

/// The most characters of an id that is looked for.
const ID_CHARS_MAX: usize = 64;
/// The highest page that may be asked for: more calls are never kept.
const PAGE_MAX: usize = 100;

/// The first digit of an answer's status; 0 of those who went away before one.
pub(super) const STATUSES: [(&str, u16); 5] =
    [("2xx", 2), ("3xx", 3), ("4xx", 4), ("5xx", 5), ("none", 0)];

/// What is asked for. What is not said is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    status: Option<(&'static str, u16)>,
    partner: Option<PartnerId>,
    product: Option<ProductId>,
    stage: Option<Stage>,
    /// A request id or an interaction id, in lower case.
    id: Option<String>,
    /// Which page of the list, from 0 on.
    pub(super) page: usize,
    /// Whether the list looks again by itself.
    pub(super) is_live: bool,
}

impl Filter {
    /// What a query asks for; none where it asks for what cannot be.
    pub(crate) fn read(query: &Form) -> Option<Self> {
        let said = |name| {
            let said = query.only(name).ok()?.unwrap_or_default().trim();
            Some((!said.is_empty()).then_some(said))
        };
        let mut filter = Self::default();
        if let Some(status) = said("status")? {
            let found = STATUSES.into_iter().find(|(name, _)| *name == status);
            filter.status = Some(found?);
        }
        if let Some(partner) = said("partner")? {
            filter.partner = Some(PartnerId::parse(partner).ok()?);
        }
        if let Some(product) = said("product")? {
            filter.product = Some(ProductId::parse(product).ok()?);
        }
        if let Some(stage) = said("stage")? {
            let mut all = Stage::ALL.into_iter();
            filter.stage = Some(all.find(|one| one.as_str() == stage)?);
        }
        if let Some(id) = said("id")? {
            let is_short = id.chars().count() <= ID_CHARS_MAX;
            filter.id = Some(is_short.then(|| id.to_lowercase())?);
        }
        if let Some(page) = said("page")? {
            filter.page = page.parse().ok().filter(|page| *page <= PAGE_MAX)?;
        }
        filter.is_live = said("live")?.is_some();
        Some(filter)
    }

    /// Whether a call is what is asked for.
    pub(super) fn fits(&self, trace: &Trace) -> bool {
        let call = &trace.call;
        let status = self.status.map(|(_, first)| first);
        let partner = self.partner.as_ref();
        let product = self.product.as_ref();
        status.is_none_or(|first| call.status / 100 == first)
            && partner.is_none_or(|partner| call.partner.as_ref() == Some(partner))
            && product.is_none_or(|product| self::product(trace) == Some(product))
            && self.stage.is_none_or(|stage| stopped(trace) == Some(stage))
            && self.id.as_ref().is_none_or(|id| {
                let interaction = call.interaction.as_str();
                call.request.text().as_str() == id || interaction.eq_ignore_ascii_case(id)
            })
    }

    /// What a field of the form holds.
    pub(super) fn field(&self, name: &str) -> &str {
        let value = match name {
            "status" => self.status.map(|(name, _)| name),
            "partner" => self.partner.as_ref().map(PartnerId::as_str),
            "product" => self.product.as_ref().map(ProductId::as_str),
            "stage" => self.stage.map(Stage::as_str),
            _ => self.id.as_deref(),
        };
        value.unwrap_or_default()
    }

    /// The address of the same list, at this page, looking again by itself or not.
    pub(super) fn address(&self, page: usize, is_live: bool) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in ["status", "partner", "product", "stage", "id"] {
            let value = self.field(name);
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if page > 0 {
            query.append_pair("page", &page.to_string());
        }
        if is_live {
            query.append_pair("live", "1");
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "&" };
        format!("/calls?{query}{mark}")
    }
}

/// The product that was called.
pub(super) fn product(trace: &Trace) -> Option<&ProductId> {
    match &trace.call.called {
        Called::Operation(object) => Some(&object.product),
        Called::Endpoint { .. } | Called::Nothing => None,
    }
}

/// The stage that the call went no further than, and was told so: the last that stopped it.
pub(super) fn stopped(trace: &Trace) -> Option<Stage> {
    let mut steps = trace.steps.iter().rev();
    let stopped = steps.find(|step| matches!(step.verdict, Verdict::Stopped(_)));
    stopped.map(|step| step.stage)
}

#[cfg(test)]
mod tests {
    use model::Decision;

    use super::*;
    use crate::inspector::fixture::trace;

    fn read(query: &str) -> Option<Filter> {
        Filter::read(&Form::parse(query.as_bytes()).expect("a query"))
    }

    #[test]
    fn each_field_tells_calls_apart() {
        let (good, refused) = (trace(1, Decision::Allowed), trace(2, Decision::Refused));
        for (query, fits) in [
            ("", [true, true]),
            ("status=&partner=&stage=&id=", [true, true]),
            ("status=2xx", [true, false]),
            ("status=4xx", [false, true]),
            ("status=none", [false, false]),
            ("partner=swiftride", [true, false]),
            ("partner=cartwheel", [false, false]),
            ("product=branches", [true, true]),
            ("product=fx", [false, false]),
            ("stage=identify", [false, true]),
            ("stage=forward", [false, false]),
            ("stage=identify&status=2xx", [false, false]),
        ] {
            let filter = read(query).expect(query);
            assert_eq!([filter.fits(&good), filter.fits(&refused)], fits, "{query}");
        }
        let ids = [
            refused.call.request.to_string().to_uppercase(),
            refused.call.interaction.as_str().to_uppercase(),
        ];
        for id in ids {
            let filter = read(&format!("id=+{id}+")).expect("an id");
            assert!(filter.fits(&refused) && !filter.fits(&good), "{id}");
        }
    }

    #[test]
    fn what_cannot_be_asked_for_is_none() {
        let long = format!("id={}", "a".repeat(ID_CHARS_MAX + 1));
        for query in [
            "status=6xx",
            "status=2xx&status=4xx",
            "partner=A B",
            "product=%00",
            "stage=nowhere",
            "page=-1",
            "page=101",
            long.as_str(),
        ] {
            assert_eq!(read(query), None, "{query}");
        }
    }

    #[test]
    fn the_address_of_a_list_asks_for_the_same() {
        let query = "status=4xx&partner=swiftride&product=fx&stage=gate&id=a%26b&page=3&live=1";
        let filter = read(query).expect("a filter");
        let address = filter.address(filter.page, filter.is_live);
        assert_eq!(address, format!("/calls?{query}&"));
        let asked = address.trim_start_matches("/calls?").trim_end_matches('&');
        assert_eq!(read(asked), Some(filter));
        assert_eq!(Filter::default().address(0, false), "/calls?");
    }
}
