//! Branches and ATMs: class `partner`, scope `branches`.

use http::StatusCode;
use serde::Serialize;

use model::Response;

use super::asked::Asked;
use super::decimal::degrees;
use super::paging::Page;
use super::query::Query;
use super::refused::Refused;
use super::seed::Seed;

/// A text in the bank's two languages.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Text {
    pub(super) en: String,
    #[serde(rename = "zh-CN")]
    pub(super) zh_cn: String,
}

/// A city: its centre in millionths of a degree, and its districts.
struct City {
    code: &'static str,
    en: &'static str,
    zh: &'static str,
    centre: (i64, i64),
    districts: [(&'static str, &'static str); 3],
}

#[rustfmt::skip]
const CITIES: [City; 8] = [
    city("beijing", "Beijing", "北京", (39_904_200, 116_407_400), [("Haidian", "海淀"), ("Chaoyang", "朝阳"), ("Xicheng", "西城")]),
    city("chengdu", "Chengdu", "成都", (30_572_800, 104_066_800), [("Wuhou", "武侯"), ("Jinjiang", "锦江"), ("Qingyang", "青羊")]),
    city("guangzhou", "Guangzhou", "广州", (23_129_100, 113_264_400), [("Tianhe", "天河"), ("Yuexiu", "越秀"), ("Haizhu", "海珠")]),
    city("hangzhou", "Hangzhou", "杭州", (30_274_100, 120_155_100), [("Xihu", "西湖"), ("Binjiang", "滨江"), ("Gongshu", "拱墅")]),
    city("nanjing", "Nanjing", "南京", (32_060_300, 118_796_900), [("Xuanwu", "玄武"), ("Gulou", "鼓楼"), ("Jianye", "建邺")]),
    city("shanghai", "Shanghai", "上海", (31_230_400, 121_473_700), [("Huangpu", "黄浦"), ("Xuhui", "徐汇"), ("Yangpu", "杨浦")]),
    city("shenzhen", "Shenzhen", "深圳", (22_543_100, 114_057_900), [("Futian", "福田"), ("Nanshan", "南山"), ("Luohu", "罗湖")]),
    city("xiamen", "Xiamen", "厦门", (24_479_800, 118_089_400), [("Siming", "思明"), ("Huli", "湖里"), ("Jimei", "集美")]),
];
const CITY_CODES: [&str; CITIES.len()] = {
    let mut codes = [""; CITIES.len()];
    let mut at = 0;
    while at < codes.len() {
        codes[at] = CITIES[at].code;
        at += 1;
    }
    codes
};
const STREETS: [(&str, &str); 8] = [
    ("Zhongshan Road", "中山路"),
    ("Renmin Road", "人民路"),
    ("Jiefang Road", "解放路"),
    ("Jianshe Road", "建设路"),
    ("Heping Road", "和平路"),
    ("Xinhua Road", "新华路"),
    ("Wenhua Road", "文化路"),
    ("Binhe Avenue", "滨河大道"),
];
/// How far a place lies from its city's centre, in millionths of a degree: about seven kilometres.
const REACH: u32 = 65_000;
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What kind of place: the filter's words.
const KINDS: [&str; 2] = ["branch", "atm"];

#[derive(Debug, Serialize)]
struct Place {
    id: String,
    r#type: &'static str,
    name: Text,
    city: PlaceCity,
    address: Text,
    location: Location,
    hours: Vec<Hours>,
    services: Vec<&'static str>,
    step_free: bool,
}

#[derive(Debug, Serialize)]
struct PlaceCity {
    code: &'static str,
    name: Text,
}

#[derive(Debug, Serialize)]
struct Location {
    latitude: String,
    longitude: String,
}

#[derive(Debug, Serialize)]
struct Hours {
    days: Vec<&'static str>,
    opens: &'static str,
    closes: &'static str,
}

/// `GET /branches/v1/branches`: places, by city and type, in pages.
pub(super) fn list(asked: &Asked<'_>) -> Result<Response, Refused> {
    let mut query = Query::read(asked.query, &["city", "type", "limit", "offset"]);
    let city = query.choice("city", &CITY_CODES);
    let kind = query.choice("type", &KINDS);
    let page = Page::read(&mut query);
    query.finish()?;
    let places: Vec<Place> = CITIES
        .iter()
        .filter(|candidate| city.is_none_or(|city| city == candidate.code))
        .flat_map(|city| KINDS.map(|kind| (city, kind)))
        .filter(|(_, candidate)| kind.is_none_or(|kind| kind == *candidate))
        .flat_map(|(city, kind)| {
            (1..=count(asked.seed, city, kind)).map(move |n| place(asked.seed, city, kind, n))
        })
        .collect();
    let filters = [("city", city), ("type", kind)];
    Ok(page.of(places, asked.path, &filters))
}

/// `GET /branches/v1/branches/{id}`: one place, such as `branch-shanghai-03`.
pub(super) fn read(asked: &Asked<'_>) -> Result<Response, Refused> {
    Query::read(asked.query, &[]).finish()?;
    find(asked)
        .map(|place| web::json(StatusCode::OK, &place))
        .ok_or_else(|| Refused::Unknown {
            what: "branch or ATM",
            id: asked.argument.chars().take(64).collect(),
        })
}

fn find(asked: &Asked<'_>) -> Option<Place> {
    let mut parts = asked.argument.split('-');
    let (kind, city, number) = (parts.next()?, parts.next()?, parts.next()?);
    let kind = KINDS.into_iter().find(|candidate| *candidate == kind)?;
    let city = CITIES.iter().find(|candidate| candidate.code == city)?;
    let number: u64 = number.parse().ok()?;
    let found = (1..=count(asked.seed, city, kind))
        .contains(&number)
        .then(|| place(asked.seed, city, kind, number))?;
    // One spelling an id: `branch-shanghai-3` and `branch-shanghai-03-x` are not it.
    (found.id == asked.argument).then_some(found)
}

fn count(seed: Seed, city: &City, kind: &str) -> u64 {
    let (least, more) = if kind == "branch" { (5, 6) } else { (8, 9) };
    least + seed.below(more, &["places", city.code, kind])
}

fn place(seed: Seed, city: &City, kind: &'static str, number: u64) -> Place {
    let id = format!("{kind}-{}-{number:02}", city.code);
    let draw = |what: &str, below: u64| seed.below(below, &["place", &id, what]);
    let (district, district_zh) = *seed.one_of(&city.districts, &["place", &id, "district"]);
    let (street, street_zh) = *seed.one_of(&STREETS, &["place", &id, "street"]);
    let house = 1 + draw("house", 999);
    let (suffix, suffix_zh) = if kind == "branch" {
        ("branch", "支行")
    } else {
        ("ATM", "自助银行")
    };
    let off = |what: &str| seed.around_zero(REACH, &["place", &id, what]);
    Place {
        name: Text {
            en: format!("Harbour Bank {district} {street} {suffix}"),
            zh_cn: format!("海港银行{district_zh}{street_zh}{suffix_zh}"),
        },
        city: PlaceCity {
            code: city.code,
            name: Text {
                en: city.en.to_owned(),
                zh_cn: city.zh.to_owned(),
            },
        },
        address: Text {
            en: format!("{house} {street}, {district} District, {}", city.en),
            zh_cn: format!("{}市{district_zh}区{street_zh}{house}号", city.zh),
        },
        location: Location {
            latitude: degrees(city.centre.0 + off("latitude")),
            longitude: degrees(city.centre.1 + off("longitude")),
        },
        hours: hours(kind, draw("hours", 3)),
        services: services(kind, |service| draw(service, 2) == 0),
        step_free: draw("step-free", 4) != 0,
        r#type: kind,
        id,
    }
}

fn hours(kind: &str, habit: u64) -> Vec<Hours> {
    let span = |days: &[&'static str], opens, closes| Hours {
        days: days.to_vec(),
        opens,
        closes,
    };
    if kind == "atm" {
        return vec![span(&WEEKDAYS, "00:00", "24:00")];
    }
    let closes = if habit == 0 { "16:30" } else { "17:00" };
    let mut hours = vec![span(&WEEKDAYS[..5], "09:00", closes)];
    if habit == 2 {
        hours.push(span(&WEEKDAYS[5..6], "09:30", "16:00"));
    }
    hours
}

fn services(kind: &str, has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let (always, sometimes): (&[_], &[_]) = if kind == "branch" {
        (
            &["cash", "accounts"],
            &["business", "foreign_exchange", "loans", "wealth"],
        )
    } else {
        (&["withdrawal"], &["cardless", "deposit", "transfer"])
    };
    let offered = sometimes.iter().filter(|service| has(service));
    always.iter().chain(offered).copied().collect()
}

const fn city(
    code: &'static str,
    en: &'static str,
    zh: &'static str,
    centre: (i64, i64),
    districts: [(&'static str, &'static str); 3],
) -> City {
    City {
        code,
        en,
        zh,
        centre,
        districts,
    }
}
