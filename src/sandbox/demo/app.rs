//! The two apps, and in what they differ.

use web::{Cookie, Language};

/// A demo partner app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoApp {
    /// SwiftRide, for drivers: proves itself by a signed assertion, its tokens are bound to its
    /// certificate (RFC 8705).
    SwiftRide,
    /// Cartwheel, a shop: proves itself by its certificate, its tokens are bound to a key
    /// (RFC 9449).
    Cartwheel,
}

impl DemoApp {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::SwiftRide, Self::Cartwheel];

    /// The `client_id` that the sandbox's configuration gives it.
    pub const fn client(self) -> &'static str {
        match self {
            Self::SwiftRide => "swiftride-demo",
            Self::Cartwheel => "cartwheel-shop",
        }
    }

    /// The id of its partner.
    pub const fn partner(self) -> &'static str {
        match self {
            Self::SwiftRide => "swiftride",
            Self::Cartwheel => "cartwheel",
        }
    }

    /// What it is called, in English.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SwiftRide => "SwiftRide",
            Self::Cartwheel => "Cartwheel",
        }
    }

    /// What it is called in a language.
    pub(crate) const fn name_in(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::SwiftRide, Language::ZhCn) => "迅行出行",
            (Self::Cartwheel, Language::ZhCn) => "好轮商城",
            (_, Language::En) => self.name(),
        }
    }

    /// The cookie of a visit. Both apps are at one address, and ports share their cookies.
    pub(super) const fn cookie(self) -> Cookie<'static> {
        match self {
            Self::SwiftRide => Cookie::plain("swiftride-visit"),
            Self::Cartwheel => Cookie::plain("cartwheel-visit"),
        }
    }

    /// What it asks the bank for: the first is what it would like; where the bank does not offer
    /// that, the next.
    pub(super) const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::SwiftRide => &["accounts"],
            Self::Cartwheel => &["accounts transactions", "accounts"],
        }
    }
}
