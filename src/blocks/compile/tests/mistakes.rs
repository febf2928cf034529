//! Each class of mistakes, seeded by one edit of a block, or of a service, that is right.

use super::*;

/// Where the operation is edited, what is put there, the class, where below the operation the
/// mistake is told, and what is said.
const EDITS: &str = r#"
/consent/bound/most | "string" | E110 | /let/asked | `consent.bound.most` is string
/let/now | "1" | E111 | /let/now | `now` cannot be this name: there is one of this name already
/checks/1 | "422 too_much unless score.limt > 1.0" | E112 | /checks/1 | `score` has no member `limt`
/checks/0 | "answer offer_none unless score.grade != \"D\"" | E113 | /checks/0 | the block has no answer `offer_none`
/reads/profile/with/customerId | "$plans.next" | E120 | /reads/profile | circle: profile → plans → score → profile
/reads/plans/with/grade | "E" | E131 | /reads/plans/with/grade | this must be one of A/B/C/D
/reads/plans/with/amount | "$input.basketTotal * 2" | E132 | /reads/plans/with/amount | the computation `input.basketTotal * 2` stands in a body
/reads/plans/with/grade | "$profile.band" | E133 | /reads/plans/with/grade | `profile.band` must be one of A/B/C/D, got one of HIGH/LOW/MID
/reads/plans/call | "card.blockCard" | E140 | /reads/plans/call | `card.blockCard` may change something
/reads/plans/call | "card.quotePlan" | E141 | /reads/plans/call | `card` has no operation `quotePlan`
/reads/plans/with/months | 3 | E144 | /reads/plans/with/months | `card.quotePlans` takes no `months`
/reads/plans/with | { "amount": "$asked" } | E145 | /reads/plans/call | `card.quotePlans` needs `grade`
/reads/profile/or_else | { "band": "NONE" } | E150 | /reads/profile/or_else/band | `or_else` is no answer of `getSpendingProfile`: this is no one of HIGH/LOW/MID
/reads/score/timeout | "950ms" | E160 | /reads/score/timeout | the read may take 950 ms but the deadline is 900 ms
/reads/score/retry | 1 | E161 | /deadline | slowest path needs 1150 ms but the deadline is 900 ms
/class | "partner" | E171 | /class | a consent, and class `partner`
/consent/scopes | ["credit:assess", "card:instalment-quote"] | E172 | /consent/scopes | `card.getSpendingProfile` needs the scope `card:spending-summary`, which the consent does not ask for
/consent/scopes/0 | "credit:asses" | E173 | /consent/scopes | the consent catalogue has no scope `credit:asses`
/consent/scopes/3 | "loan:accept" | E174 | /consent/scopes | consent asks for `loan:accept`, which no step uses
/consent/purpose | "marketing" | E176 | /consent/purpose | the consent catalogue has no purpose `marketing`
/reads/order | { "call": "card.getOrder", "with": { "orderId": "$input.orderId" }, "timeout": "50ms" } | E133 | /reads/order/with/orderId | `input` has no member `orderId`
/reads/spare | { "call": "card.getSpendingProfile", "with": { "customerId": "$consent.customerId" }, "timeout": "50ms" } | E180 | /reads/spare | the answer of `spare` is never used
/let/spare | "1" | E181 | /let/spare | `spare` is never used
/input/months | "int" | E182 | /input/months | `months` is asked for and never used
/consent/bound/account | "string" | E183 | /consent/bound/account | the consent is bound to `account`, and nothing is held to it
/answers/later | { "status": 202, "body": {} } | E184 | /answers/later | no check ends with the answer `later`
/expose | "POST /plans/{planId}" | E185 | /expose | the path has `{planId}`, which `input` does not ask for
"#;

/// Edits of the whole file or of a service: several at once.
fn edit(document: &mut Json, pointer: &str, value: Json) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let key = key.replace("~1", "/").replace("~0", "~");
    match document
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("{parent}"))
    {
        Json::Object(members) => {
            members.insert(key, value);
        }
        Json::Array(items) => {
            let place: usize = key.parse().expect("a place");
            if place == items.len() {
                items.push(value);
            } else {
                items[place] = value;
            }
        }
        other => panic!("{other}"),
    }
}

fn first(mistakes: &[Mistake], code: &str) -> Mistake {
    let found = mistakes.iter().find(|its| its.code == code);
    found
        .unwrap_or_else(|| panic!("no {code}: {mistakes:#?}"))
        .clone()
}

#[test]
fn each_edit_is_told_where_it_is() {
    let mut amiss = Vec::new();
    for line in EDITS.trim().lines() {
        let parts: Vec<&str> = line.splitn(5, " | ").collect();
        let [pointer, value, code, place, what] = parts[..] else {
            panic!("{line}");
        };
        let mut block = block();
        let value = serde_json::from_str(value).expect("JSON");
        edit(
            &mut block,
            &format!("/operations/offerPlans{pointer}"),
            value,
        );
        let mistakes = checked(&block, &services()).expect_err(line);
        let place = format!("/operations/offerPlans{place}");
        let is_it = |its: &&Mistake| its.code == code && its.pointer == place && its.what == what;
        if !mistakes
            .iter()
            .any(|its| is_it(&its) && !its.help.is_empty())
        {
            amiss.push(format!("{line}\n{mistakes:#?}"));
        }
    }
    assert!(amiss.is_empty(), "{}", amiss.join("\n\n"));
}

fn told(edits: &[(&str, Json)], services: &Json, code: &str) -> Mistake {
    let mut block = block();
    for (pointer, value) in edits {
        edit(&mut block, pointer, value.clone());
    }
    let mistakes = checked(&block, services);
    first(&mistakes.expect_err("mistakes"), code)
}

#[test]
fn what_leaves_is_covered_by_a_scope_also_through_a_name() {
    const AT: &str = "/operations/offerPlans";
    let body = format!("{AT}/reply/body/band");
    for edits in [
        vec![(body.as_str(), json!("$profile.band"))],
        vec![
            (body.as_str(), json!("$band")),
            ("/operations/offerPlans/let/band", json!("profile.band")),
        ],
    ] {
        let mut services = services();
        edit(
            &mut services,
            "/card/paths/~1profiles~1{customerId}/get/responses/200/content/application~1json/\
             schema/properties/band/x-mortise-cluster",
            json!("spending_detail"),
        );
        let told = told(&edits, &services, "E177");
        assert_eq!(told.pointer, body);
        let what =
            "this sends `spending_detail` data to the partner, which no granted scope covers";
        assert_eq!(told.what, what);
    }
}

#[test]
fn what_a_partner_names_is_held_against_whose_it_is() {
    let edits = [
        ("/operations/offerPlans/input/orderId", json!("string")),
        (
            "/operations/offerPlans/reads/order",
            json!({
                "call": "card.getOrder", "with": { "orderId": "$input.orderId" },
                "timeout": "50ms",
            }),
        ),
        ("/operations/offerPlans/let/total", json!("order.total")),
        ("/operations/offerPlans/reply/body/total", json!("$total")),
    ];
    let untied = told(&edits, &services(), "E178");
    assert_eq!(
        untied.what,
        "the partner chooses `orderId`, and nothing says whose it is"
    );
    let mut block = block();
    for (pointer, value) in edits {
        edit(&mut block, pointer, value);
    }
    let check = json!("403 not_yours unless order.owner == consent.customerId");
    edit(&mut block, "/operations/offerPlans/checks/2", check);
    let plan = checked(&block, &services());
    assert!(plan.is_ok(), "{plan:#?}");
}

#[test]
fn sources_are_bound_and_called() {
    let unbound = told(&[("/sources/2", json!("ledger"))], &services(), "E101");
    let what = "the source `ledger` is not bound to an upstream of this bank";
    assert_eq!(
        (unbound.what.as_str(), unbound.pointer.as_str()),
        (what, "/sources")
    );
    let uncalled = told(&[("/sources/2", json!("ledger"))], &services(), "E102");
    assert_eq!(uncalled.what, "no operation calls the source `ledger`");
}

#[test]
fn a_slip_is_told_with_the_part_of_the_text_that_it_is_in() {
    let pointer = "/operations/offerPlans/reads/plans/with/grade";
    let told = told(&[(pointer, json!("$score.grad"))], &services(), "E133");
    let span = told.span.expect("a part");
    assert_eq!(&"$score.grad"[span.start..span.end], "grad");
    assert!(told.help.contains("did you mean `grade`?"), "{told:#?}");
}

#[test]
fn what_follows_from_a_mistake_is_not_told_again() {
    let pointer = "/operations/offerPlans/let/asked";
    let mut block = block();
    edit(
        &mut block,
        pointer,
        json!("min(input.basketTotal, consent.bound.mots)"),
    );
    let mistakes = checked(&block, &services()).expect_err("a mistake");
    assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
    assert_eq!(mistakes[0].pointer, pointer);
}

#[test]
fn whether_a_read_failed_is_nobodys_data() {
    let scopes = json!(["credit:assess", "card:instalment-quote"]);
    let mut block = block();
    edit(&mut block, "/operations/offerPlans/consent/scopes", scopes);
    let mistakes = checked(&block, &services()).expect_err("a mistake");
    let codes: Vec<&str> = mistakes.iter().map(|its| its.code).collect();
    assert_eq!(codes, ["E172"], "{mistakes:#?}");
}
