//! Included files: what they add, where their paths lead, and that nothing is without a limit.

use crate::fixture::{EXAMPLE, Fixture, INCLUDED, MINIMAL};

/// The shortest configuration, which includes these files.
fn including(files: &str) -> String {
    MINIMAL.replace(
        "edition: 2026-11\n",
        &format!("edition: 2026-11\ninclude: {files}\n"),
    )
}

#[test]
fn an_included_file_adds_and_its_paths_are_its_own() {
    let fixture = Fixture::new();
    let house = fixture.load(EXAMPLE).map_err(|m| m.to_string());
    let house = house.expect("the example loads");
    let partners: Vec<_> = house
        .partners
        .iter()
        .map(|p| p.partner.id.as_str())
        .collect();
    assert_eq!(partners.first(), Some(&"swiftride"));
    assert_eq!(partners.last(), Some(&"cartwheel"));
    let of_cartwheel = |a: &&crate::AgreementPlan| a.partner.as_str() == "cartwheel";
    assert!(house.agreements.iter().any(|a| of_cartwheel(&a)));
    // `file:cartwheel.jwks.json` lies beside the included file, not beside the configuration.
    assert!(!fixture.path("cartwheel.jwks.json").exists());
    let clients = &house.banks[0].issuer.clients;
    assert!(
        clients
            .keys()
            .any(|client| client.as_str() == "cartwheel-app")
    );
}

#[test]
fn included_files_may_include_others_and_the_digest_knows_them_all() {
    let fixture = Fixture::new();
    let text = including("[file:parts/a.yaml]");
    fixture.write(
        "parts/a.yaml",
        "edition: 2026-11\ninclude: [file:deeper/b.yaml]\n",
    );
    let part = INCLUDED.replace(
        "file:cartwheel.jwks.json",
        "file:../../partners/cartwheel.jwks.json",
    );
    fixture.write("parts/deeper/b.yaml", &part);
    let first = fixture
        .load(&text)
        .map_err(|m| m.to_string())
        .expect("it loads");
    assert_eq!(first.partners.len(), 2);
    fixture.write(
        "parts/deeper/b.yaml",
        part.replace("en: Cartwheel", "en: Wheel"),
    );
    let second = fixture.load(&text).expect("it loads");
    assert_ne!(first.digest, second.digest);
}

#[test]
fn depth_number_and_size_of_included_files_are_bounded() {
    let fixture = Fixture::new();
    for depth in 0..9 {
        let next = format!("edition: 2026-11\ninclude: [file:{}.yaml]\n", depth + 1);
        fixture.write(&format!("parts/{depth}.yaml"), next);
    }
    let deep = fixture
        .load(including("[file:parts/0.yaml]"))
        .expect_err("too deep");
    assert_eq!(deep.count(), 1, "{deep}");
    assert!(
        deep.to_string().contains("this is included too deep"),
        "{deep}"
    );

    let mut names = Vec::new();
    for number in 0..110 {
        fixture.write(&format!("many/{number}.yaml"), "edition: 2026-11\n");
        names.push(format!("file:many/{number}.yaml"));
    }
    let many = fixture.load(including(&format!("[{}]", names.join(", "))));
    let many = many.expect_err("too many");
    assert_eq!(many.count(), 10, "{many}");
    assert!(
        many.to_string().contains("too many files are included"),
        "{many}"
    );

    let large = format!("edition: 2026-11\n#{}\n", "x".repeat((1 << 20) - 100));
    names.truncate(10);
    for number in 0..10 {
        fixture.write(&format!("many/{number}.yaml"), &large);
    }
    let large = fixture.load(including(&format!("[{}]", names.join(", "))));
    let large = large.expect_err("too large");
    assert_eq!(large.count(), 2, "{large}");
    assert!(
        large.to_string().contains("too much is included"),
        "{large}"
    );
}

/// CF-15.
#[test]
fn a_configuration_of_100_mb_is_refused_without_being_read_whole() {
    let fixture = Fixture::new();
    let file = std::fs::File::create(fixture.path("huge.yaml")).expect("a file");
    file.set_len(100 << 20).expect("a length");
    let path = fixture.path("huge.yaml");
    let refused = crate::load(&path, crate::Mode::Serve, &|_| None, crate::fixture::now());
    let refused = refused.expect_err("it is huge");
    assert_eq!(refused.count(), 1, "{refused}");
    assert!(
        refused
            .to_string()
            .contains("it is longer than 1048576 bytes"),
        "{refused}"
    );
    let included = fixture
        .load(including("[file:huge.yaml]"))
        .expect_err("it is huge");
    assert_eq!(included.count(), 1, "{included}");
    assert!(
        included
            .to_string()
            .contains("it is longer than 1048576 bytes"),
        "{included}"
    );
}
