//! Pages: `limit` and `offset`, totals, and links to the neighbours (RFC 8288 relations).

use http::StatusCode;
use serde::Serialize;

use model::Response;

use super::query::Query;

const LIMIT_DEFAULT: u32 = 20;
const LIMIT_MAX: u32 = 100;
const OFFSET_MAX: u32 = 10_000;
/// Of a long list, unless less is wanted, and at most.
const LONG_LIMIT: u32 = 250;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    limit: u32,
    offset: u32,
    /// Whether there is a link to the last page, which tells how many there are.
    has_last: bool,
}

#[derive(Serialize)]
struct Listing<T> {
    data: Vec<T>,
    meta: Meta,
    links: Links,
}

#[derive(Serialize)]
struct Meta {
    total: u32,
    limit: u32,
    offset: u32,
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    this: String,
    first: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<String>,
}

impl Page {
    /// Reads `limit` and `offset`.
    pub(super) fn read(query: &mut Query) -> Self {
        Self {
            limit: query.number("limit", 1, LIMIT_MAX, LIMIT_DEFAULT),
            offset: query.number("offset", 0, OFFSET_MAX, 0),
            has_last: true,
        }
    }

    /// Reads `limit` and `offset` of a long list of a customer's, of whose items an app may be
    /// shown some only: no link tells where it ends.
    pub(super) fn read_long(query: &mut Query) -> Self {
        Self {
            limit: query.number("limit", 1, LONG_LIMIT, LONG_LIMIT),
            offset: query.number("offset", 0, OFFSET_MAX, 0),
            has_last: false,
        }
    }

    /// The answer with this page of the filtered list. `filters` are repeated in the links.
    pub(super) fn of<T: Serialize>(
        self,
        all: Vec<T>,
        path: &str,
        filters: &[(&str, Option<&str>)],
    ) -> Response {
        self.of_some(all, |item| item, path, filters)
    }

    /// The same of a list whose items on this page alone are worked out.
    pub(super) fn of_some<S, T: Serialize>(
        self,
        all: Vec<S>,
        shown: impl Fn(S) -> T,
        path: &str,
        filters: &[(&str, Option<&str>)],
    ) -> Response {
        let total = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let link = |offset: u32| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            for (name, value) in filters {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            }
            query.append_pair("limit", &self.limit.to_string());
            query.append_pair("offset", &offset.to_string());
            format!("{path}?{}", query.finish())
        };
        let last = total.saturating_sub(1) / self.limit * self.limit;
        let next = self.offset + self.limit;
        let links = Links {
            this: link(self.offset),
            first: link(0),
            prev: (self.offset > 0).then(|| link(self.offset.saturating_sub(self.limit).min(last))),
            next: (next < total).then(|| link(next)),
            last: self.has_last.then(|| link(last)),
        };
        let (skip, take) = (self.offset as usize, self.limit as usize);
        let listing = Listing {
            data: all.into_iter().skip(skip).take(take).map(shown).collect(),
            meta: Meta {
                total,
                limit: self.limit,
                offset: self.offset,
            },
            links,
        };
        web::json(StatusCode::OK, &listing)
    }
}
