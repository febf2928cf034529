//! Each page of values made up, for the trial of a bank's own templates and texts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::date;
use model::ports::{AccountUnavailable, Consent, DeskForm, FactorBegun, OwnAccount, WhoAsks};
use model::{
    ClientId, ClusterId, ConsentId, ConsentState, DetailType, Fault, GrantId, RequestId, Resource,
    ResourceId, ResourceKind, ScopeSet, Terms,
};
use serde_json::{Value, json};
use web::{Drawings, Frame, Language, Pages};

use super::amendment::Amended;
use super::confirm::Factor;
use super::review::Review;
use super::{Drawn, Wrong, accounts, confirm, renewal, review, values};
use crate::asked::{Detail, Wish};
use crate::catalogue::{Accounts, Both, Catalogue};
use crate::draft::ChosenAccount;
use crate::former::Former;
use crate::lodged::Lodged;
use crate::settings::DetailWords;

/// What customers read and decide by on these pages.
pub(crate) const FACTS: &[&str] = &[
    BANK,
    HOST,
    "01a3185c-5000",
    WHO.legal,
    WHO.contact,
    WHO.number,
    CUSTOMER,
    "Sample purpose",
    "样例用途",
    "Sample data one",
    "样例数据一",
    "Sample data two",
    "样例数据二",
    "Sample exception",
    "样例除外",
    "Sample effect",
    "样例后果",
    "Sample detail",
    "样例明细",
    "Sample payee",
    "1,234.50",
    "壹仟贰佰叁拾肆元伍角整",
    "Sample account",
    "样例账户",
    "6321",
    "8 July 2027",
    "2027年7月8日",
    "11 May 2027",
    "2027年5月11日",
    "1 January 2026",
    "2026年1月1日",
    "sample-phone",
];
const BANK: &str = "Sample Bank";
const HOST: &str = "bank.example";
const CUSTOMER: &str = "sample-customer";
const WHO: WhoAsks<'static> = WhoAsks {
    app: "Sample App",
    legal: "Sample Company",
    number: "SAMPLE-0001",
    contact: "privacy@app.example",
};

/// A fault of this program: what is made up cannot be.
fn fault<E>(_: E) -> Fault {
    Fault::new("making up the values of a page")
}

fn instant(second: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_second(second).map_err(fault)
}

/// Stands on every page of the desk and of what customers keep.
pub(crate) fn frame(language: Language) -> Result<Frame<'static>, Fault> {
    Ok(Frame {
        language,
        bank: BANK,
        host: HOST,
        switch: Some("/page?ui_locales=x"),
        correlation: RequestId::new(instant(1_800_000_000)?, [7; 10]),
        help: None,
        complaint: None,
    })
}

/// What the pages are made of.
struct Made {
    catalogue: Catalogue,
    words: BTreeMap<DetailType, DetailWords>,
    detail: Detail,
    lodged: Lodged,
    former: Former,
    accounts: Vec<OwnAccount>,
    chosen: Vec<ChosenAccount>,
    effect: Both,
    form: DeskForm,
    begun: FactorBegun,
}

/// Draws them all.
pub(crate) fn draw(pages: &Pages, language: Language) -> Result<Drawings, Fault> {
    let made = Made::new()?;
    let frame = frame(language)?;
    let mut drawn = made.reviews(pages, frame)?;
    drawn.extend(made.steps(pages, frame)?);
    drawn.extend(made.confirmations(pages, frame)?);
    Ok(drawn)
}

impl Made {
    fn new() -> Result<Self, Fault> {
        let words = |zh_cn: &str, en: &str| Both {
            zh_cn: zh_cn.to_owned(),
            en: en.to_owned(),
        };
        let kind = DetailType::parse("sample").map_err(fault)?;
        let of_kind = DetailWords {
            say: words("样例明细", "Sample detail"),
            labels: BTreeMap::from([("limit".to_owned(), words("上限", "Up to"))]),
        };
        let mut detail = Detail::read(&detail()).ok_or_else(|| fault(()))?;
        detail.is_bound = true;
        let scopes = ScopeSet::parse("s_one").map_err(fault)?;
        let lodged = Lodged {
            data_from: Some(date(2026, 1, 1)),
            per_day_unattended: Some(3),
            ..Lodged::of(&scopes, &json!([self::detail()]).to_string())
        };
        Ok(Self {
            catalogue: Catalogue::read(&catalogue()).map_err(fault)?,
            words: BTreeMap::from([(kind, of_kind)]),
            detail,
            former: former(&lodged)?,
            lodged,
            accounts: own_accounts()?,
            chosen: vec![ChosenAccount {
                id: "a-1".to_owned(),
                masked: "6321".to_owned(),
                name_zh: "样例账户".to_owned(),
                name_en: "Sample account".to_owned(),
            }],
            effect: words("样例后果。", "Sample effect."),
            form: DeskForm {
                action: "/sample".to_owned(),
                csrf: "p-1".to_owned(),
                request: "r-1".to_owned(),
            },
            begun: FactorBegun {
                id: "f-1".to_owned(),
                method: "sms".to_owned(),
                shown_to: "sample-phone".to_owned(),
                expires: instant(1_800_000_300)?,
                tries_left: 3,
            },
        })
    }

    fn wish(&self, has_data: bool, accounts: Accounts, has_values: bool) -> Wish<'_> {
        let clusters = self.catalogue.clusters().filter(|_| has_data);
        let purposes = self.catalogue.purposes().filter(|_| has_data);
        Wish {
            clusters: clusters.collect(),
            kinds: Vec::new(),
            accounts,
            second_factor: true,
            details: has_values
                .then(|| self.detail.clone())
                .into_iter()
                .collect(),
            named: None,
            effects: if has_data {
                vec![&self.effect]
            } else {
                Vec::new()
            },
            purposes: purposes.collect(),
            lodged: has_data.then_some(&self.lodged),
        }
    }

    fn sheet<'a>(
        &'a self,
        (pages, frame): (&'a Pages, Frame<'a>),
        wish: &'a Wish<'a>,
        wrong: &'a [Wrong],
    ) -> Result<Drawn<'a>, Fault> {
        Ok(Drawn {
            pages,
            frame,
            who: &WHO,
            customer: CUSTOMER,
            words: &self.words,
            wish,
            form: &self.form,
            until: instant(1_815_000_000)?,
            decide_until: Some(instant(1_800_000_900)?),
            more_time: true,
            wrong,
        })
    }

    /// Of data, as it came and with a form amiss; of an app alone; of values; in the place of
    /// another consent.
    fn reviews(&self, pages: &Pages, frame: Frame<'_>) -> Result<Drawings, Fault> {
        let all: Vec<&ClusterId> = self.catalogue.clusters().map(|(id, _)| id).collect();
        let apart: Vec<&ClusterId> = all.get(1..).unwrap_or_default().to_vec();
        let amended = Amended {
            former: &self.former,
            catalogue: &self.catalogue,
        };
        let amiss = [Wrong::NotSeparate, Wrong::NoAccount];
        let data = Review {
            apart: &apart,
            accounts: &self.accounts,
            ..Review::default()
        };
        let plain = Review::default();
        let instead = Review {
            ticked: &["a-1"],
            amended: Some(amended),
            ..data
        };
        let mut drawn = Drawings::new();
        for (wish, review, wrong) in [
            (self.wish(true, Accounts::Some, false), data, &[][..]),
            (self.wish(true, Accounts::One, true), data, &amiss[..]),
            (self.wish(false, Accounts::None, false), plain, &[][..]),
            (self.wish(true, Accounts::Some, true), instead, &[][..]),
        ] {
            let sheet = self.sheet((pages, frame), &wish, wrong)?;
            drawn.push(("consent-review.html", review::draw(&sheet, &review, None)));
        }
        drawn.extend(self.with_code((pages, frame), data, instead)?);
        Ok(drawn)
    }

    /// What is asked for, on the page that takes the code: as it came, with a form amiss, and with
    /// a code that is over, of data and in the place of another consent.
    fn with_code(
        &self,
        dress: (&Pages, Frame<'_>),
        data: Review<'_>,
        instead: Review<'_>,
    ) -> Result<Drawings, Fault> {
        let after_choice = |review| Review {
            accounts: &[],
            chosen: &self.chosen,
            ..review
        };
        let (data, instead) = (after_choice(data), after_choice(instead));
        let wish = self.wish(true, Accounts::Some, true);
        let amiss = [Wrong::NotSeparate, Wrong::NoCode];
        let mut drawn = Drawings::new();
        for (review, is_live, wrong) in [
            (data, true, &[][..]),
            (data, true, &amiss[..]),
            (data, false, &[Wrong::CodeOver][..]),
            (instead, true, &[][..]),
        ] {
            let sheet = self.sheet(dress, &wish, wrong)?;
            let factor = Factor::of(&self.begun, is_live, dress.1.language)?;
            let page = review::draw(&sheet, &review, Some(factor));
            drawn.push(("consent-review.html", page));
        }
        Ok(drawn)
    }

    /// The pages of their own: accounts, values, and a consent that is given once more.
    fn steps(&self, pages: &Pages, frame: Frame<'_>) -> Result<Drawings, Fault> {
        let (given, chosen) = (&self.accounts, &self.chosen);
        let mut drawn = Drawings::new();
        for (count, is_first, wrong) in [
            (Accounts::Some, false, &[][..]),
            (Accounts::One, false, &[Wrong::NoAccount][..]),
            (Accounts::Some, true, &[][..]),
            (Accounts::One, true, &[Wrong::NoAccount][..]),
        ] {
            let wish = self.wish(true, count, false);
            let sheet = self.sheet((pages, frame), &wish, wrong)?;
            let page = accounts::draw(&sheet, given, &[], is_first);
            drawn.push(("consent-accounts.html", page));
        }
        let wish = self.wish(true, Accounts::One, true);
        let sheet = self.sheet((pages, frame), &wish, &[])?;
        drawn.push(("consent-values.html", values::draw(&sheet, chosen)));
        for (code, wrong) in [
            (None, &[][..]),
            (None, &[Wrong::AccountLeft][..]),
            (Some(true), &[Wrong::NoCode][..]),
            (Some(false), &[Wrong::CodeOver][..]),
        ] {
            let sheet = self.sheet((pages, frame), &wish, wrong)?;
            let factor = code.map(|is_live| Factor::of(&self.begun, is_live, frame.language));
            let page = renewal::draw(&sheet, chosen, &self.former, factor.transpose()?);
            drawn.push(("consent-renewal.html", page));
        }
        Ok(drawn)
    }

    fn confirmations(&self, pages: &Pages, frame: Frame<'_>) -> Result<Drawings, Fault> {
        let wish = self.wish(true, Accounts::One, true);
        let mut drawn = Drawings::new();
        for (is_live, wrong) in [
            (true, &[][..]),
            (true, &[Wrong::Code { tries_left: 2 }][..]),
            (false, &[Wrong::CodeOver][..]),
        ] {
            let sheet = self.sheet((pages, frame), &wish, wrong)?;
            let factor = Factor::of(&self.begun, is_live, frame.language)?;
            let page = confirm::draw(&sheet, &self.chosen, factor);
            drawn.push(("consent-confirm.html", page));
        }
        Ok(drawn)
    }
}

fn detail() -> Value {
    json!({
        "type": "sample",
        "limit": { "currency": "CNY", "value": "1234.50" },
        "payee": "Sample payee",
    })
}

fn catalogue() -> Value {
    let cluster = |is_sensitive: bool, zh_cn: &str, en: &str| {
        json!({
            "class": "C2",
            "sensitive": is_sensitive,
            "say": { "zh-CN": zh_cn, "en": en },
            "more": { "zh-CN": "更多内容。", "en": "What goes out." },
            "not": { "zh-CN": "样例除外。", "en": "Sample exception." },
        })
    };
    json!({
        "clusters": {
            "c_one": cluster(false, "样例数据一", "Sample data one"),
            "c_two": cluster(true, "样例数据二", "Sample data two"),
        },
        "scopes": {
            "s_one": {
                "clusters": ["c_one", "c_two"],
                "resources": ["account"],
                "bound": "none",
                "needs": { "second_factor": true, "accounts": "some" },
                "refuse_effect": { "zh-CN": "样例后果。", "en": "Sample effect." },
            },
        },
        "purposes": {
            "p_one": {
                "say": { "zh-CN": "样例用途", "en": "Sample purpose" },
                "keep": "P30D",
            },
        },
    })
}

fn own_accounts() -> Result<Vec<OwnAccount>, Fault> {
    let account = |id: &str, unavailable| -> Result<OwnAccount, Fault> {
        Ok(OwnAccount {
            id: ResourceId::parse(id).map_err(fault)?,
            masked: "6321".to_owned(),
            name_zh: "样例账户".to_owned(),
            name_en: "Sample account".to_owned(),
            kind: "current".to_owned(),
            currency: *b"CNY",
            unavailable,
        })
    };
    let joint = Some(AccountUnavailable::Joint);
    [("a-1", None), ("a-2", None), ("a-3", joint)]
        .into_iter()
        .map(|(id, unavailable)| account(id, unavailable))
        .collect()
}

/// A consent in force, of one kind of data and one account.
fn former(lodged: &Lodged) -> Result<Former, Fault> {
    let id = ConsentId::from(GrantId::parse("sample").map_err(fault)?);
    let (then, expires) = (instant(1_790_000_000)?, instant(1_810_000_000)?);
    let account = Resource {
        kind: ResourceKind::parse("account").map_err(fault)?,
        id: ResourceId::parse("a-1").map_err(fault)?,
    };
    let terms = Terms {
        id: id.clone(),
        customer: CUSTOMER.into(),
        clusters: BTreeSet::from([ClusterId::parse("c_one").map_err(fault)?]),
        resources: BTreeSet::from([account]),
        purpose: None,
        per_day_unattended: 4,
        data_from: None,
        data_until: None,
        bound: Vec::new(),
        authorised_at: then,
        reauth_at: None,
        expires,
    };
    let consent = Consent {
        digest: [0; 32],
        id,
        client: ClientId::parse("sample").map_err(fault)?,
        subject: Some(CUSTOMER.to_owned()),
        request: None,
        state: ConsentState::Authorised,
        version: 1,
        lodged: lodged.kept()?,
        draft: Vec::new(),
        terms: Some(terms),
        made_at: then,
        decide_until: then,
        extended: 0,
        changed_at: then,
        expires: Some(expires),
        ended_until: None,
        replaces: None,
        replaced_by: None,
        is_lodged: false,
        ended_by: None,
        ended_on: None,
        confirmed_at: None,
        reason: None,
    };
    Former::of(consent, then).ok_or_else(|| fault(()))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use http_body_util::BodyExt;
    use web::OwnPages;

    use super::*;

    /// All pages of ours, one behind the other.
    fn all() -> String {
        let pages = super::super::pages(&OwnPages::default()).expect("pages of ours");
        let drawn = Language::ALL.map(|language| draw(&pages, language).expect("drawn"));
        let html = drawn.into_iter().flatten().map(|(name, page)| {
            let page = page.unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
            let body = page.into_body().collect().now_or_never();
            let body = body.expect("whole").expect("whole").to_bytes();
            String::from_utf8(body.to_vec()).expect("text")
        });
        html.collect()
    }

    #[test]
    fn all_that_a_bank_must_keep_is_there_to_be_kept() {
        let all = all();
        for fact in FACTS {
            assert!(all.contains(fact), "no page says {fact}");
        }
        for id in super::super::IDS {
            let begins = id.strip_suffix('*').map(str::to_owned);
            let mark = begins.unwrap_or_else(|| format!("{id}\""));
            assert!(all.contains(&format!(" id=\"{mark}")), "no page has {id}");
        }
    }

    #[test]
    fn what_is_ours_fits_in_the_place_of_ours() {
        let ours = super::super::SOURCE.templates.iter();
        let own = OwnPages {
            templates: ours
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
            ..OwnPages::default()
        };
        let tried = super::super::try_pages(&own).expect("pages of ours");
        assert!(tried.unfit.is_empty(), "{:#?}", tried.unfit);
    }

    #[test]
    fn what_the_page_with_the_code_tells_is_told_by_a_banks_own() {
        for (name, piece, missing) in [
            (
                "consent-review.html",
                r#"{{ factor("code", page.common.app, page.factor, t("confirm-here")) }}"#,
                "id=\"code\"",
            ),
            (
                "consent-review.html",
                "{{ closing(page.common, t(\"resend\")) }}",
                "id=\"allow\"",
            ),
            ("consent-review.html", "{{ chosen(page.accounts) }}", "6321"),
            (
                "consent-renewal.html",
                r#"{{ factor("code", page.common.app, page.factor, t("confirm-here")) }}"#,
                "id=\"code\"",
            ),
            (
                "consent-review.html",
                "{{ stop(page.common.app) }}",
                "id=\"stop-all\"",
            ),
            (
                "consent-renewal.html",
                "{{ stop(page.common.app) }}",
                "id=\"stop-all\"",
            ),
            (
                "consent-accounts.html",
                "{{ who_asks(page.who) }}",
                WHO.legal,
            ),
            (
                "consent-accounts.html",
                "<dd id=\"until\">{{ page.common.until }}</dd>",
                "id=\"until\"",
            ),
        ] {
            let mut templates = super::super::SOURCE.templates.iter();
            let ours = templates.find(|(ours, _)| *ours == name).expect("ours").1;
            assert!(ours.contains(piece), "{name} has no {piece}");
            let own = OwnPages {
                templates: BTreeMap::from([(name.to_owned(), ours.replace(piece, ""))]),
                ..OwnPages::default()
            };
            let tried = super::super::try_pages(&own).expect("pages of ours");
            let said = format!("{:?}", tried.unfit).replace('\\', "");
            assert!(said.contains(missing), "{name} without {piece}: {said}");
        }
    }
}
