//! A bank's own pages: what is taken of its folder, and when it is read again.

use std::os::unix::fs::symlink;
use std::sync::Arc;

use web::{Language, OwnPages};

use crate::fixture::{CONSENTING, Fixture, now};
use crate::house::Mode;
use crate::loader::Loader;

const SHIPPED: &str = include_str!("../../../../config/pages/harbour/done.html");

/// Where customers consent, with a folder for the bank's pages.
fn with_folder() -> String {
    CONSENTING.replace(
        "    consent:\n",
        "    pages: { name: { zh-CN: 海港银行, en: Harbour Bank }, folder: pages/own }\n    consent:\n",
    )
}

fn own(loader: &mut Loader) -> (Arc<OwnPages>, String) {
    let house = loader.load(now()).house;
    let house = house.map_err(|mistakes| mistakes.to_string());
    let house = house.expect("a good file");
    (Arc::clone(&house.banks[0].pages), house.digest)
}

#[test]
fn a_bank_is_called_by_its_name_and_has_what_its_folder_holds() {
    let fixture = Fixture::new();
    fixture.write("pages/own/done.html", SHIPPED);
    fixture.write("pages/own/texts.en.ftl", "search = Find\n");
    fixture.write("pages/own/texts.zh-CN.ftl", "search = 查找\n");
    fixture.write("gateway.yaml", with_folder());
    let path = fixture.path("gateway.yaml");
    let mut loader = Loader::new(path, Mode::Serve, Arc::new(|_| None));
    let (pages, digest) = own(&mut loader);
    assert_eq!(pages.bank(Language::ZhCn, "harbour"), "海港银行");
    assert_eq!(pages.bank(Language::En, "harbour"), "Harbour Bank");
    assert_eq!(pages.templates["done.html"], SHIPPED);
    let texts = pages.texts.as_ref().expect("texts");
    assert_eq!(texts.in_language(Language::En), "search = Find\n");
    assert_eq!(own(&mut loader), (Arc::clone(&pages), digest.clone()));

    // One that is bad gives nothing; one that is new is another configuration.
    fixture.write("pages/own/onward.html", "<p>");
    assert!(loader.load(now()).house.is_err());
    std::fs::remove_file(fixture.path("pages/own/onward.html")).expect("removed");
    assert_eq!(own(&mut loader).1, digest);
    std::fs::remove_file(fixture.path("pages/own/done.html")).expect("removed");
    let (without, other) = own(&mut loader);
    assert!(without.templates.is_empty());
    assert_ne!(other, digest);
    let awaited = loader.load(now()).files;
    assert!(
        awaited.contains(&fixture.path("pages/own/done.html")),
        "{awaited:?}"
    );

    let nameless = fixture.load(CONSENTING).expect("a good file");
    assert_eq!(
        nameless.banks[0].pages.bank(Language::En, "harbour"),
        "harbour"
    );
}

#[test]
fn a_link_out_of_the_folder_is_never_followed() {
    let fixture = Fixture::new();
    fixture.write("pages/own/done.html", SHIPPED);
    let place = fixture.path("pages/own/error.html");
    let out = "it is a link that leads out of the folder";
    for (target, what) in [
        (fixture.path("keys/kek"), out),
        (fixture.path("pages/harbour/done.html"), out),
        (fixture.path("pages"), out),
        (fixture.path("nowhere"), "it is a link to what is not there"),
    ] {
        symlink(&target, &place).expect("a link");
        let told = fixture.printed(with_folder());
        assert!(
            told.contains(&format!("`pages/own/error.html`: {what}")),
            "{told}"
        );
        std::fs::remove_file(&place).expect("removed");
    }
    std::fs::create_dir(&place).expect("a folder");
    let told = fixture.printed(with_folder());
    assert!(
        told.contains("`pages/own/error.html`: it is not a file"),
        "{told}"
    );
    std::fs::remove_dir(&place).expect("removed");

    // A link within the folder is as good as the file.
    std::fs::rename(fixture.path("pages/own/done.html"), &place).expect("renamed");
    symlink("error.html", fixture.path("pages/own/done.html")).expect("a link");
    let told = fixture.printed(with_folder());
    assert!(!told.contains("link"), "{told}");
}

#[test]
fn no_two_rooms_have_a_text_of_one_key() {
    let own = OwnPages::default();
    let authserver = authserver::try_pages(&own).expect("pages").texts;
    let consent = consent::try_pages(&own).expect("pages").texts;
    let shared: Vec<_> = authserver
        .intersection(&consent)
        .filter(|key| !key.starts_with("look-"))
        .collect();
    assert!(shared.is_empty(), "{shared:?}");
}
