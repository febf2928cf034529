//! One configuration, loaded again and again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::house::{Loaded, Mode};
use crate::kept::Kept;
use crate::load::loaded;

/// Reads an environment variable.
pub type Variables = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Loads one configuration again and again. What did not change since the last good load is taken
/// from it: trust stores keep their generation, API descriptions are not read anew.
pub struct Loader {
    path: PathBuf,
    mode: Mode,
    environment: Variables,
    kept: Kept,
}

impl Loader {
    /// A loader of this file, as [`load`] takes it.
    pub fn new(path: PathBuf, mode: Mode, environment: Variables) -> Self {
        Self {
            path,
            mode,
            environment,
            kept: Kept::default(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Loads the file as it is now; `now` judges the times of certificates and agreements. Blocks
    /// on the disk.
    pub fn load(&mut self, now: Timestamp) -> Loaded {
        let environment = Arc::clone(&self.environment);
        let (path, mode, kept) = (&self.path, self.mode, &mut self.kept);
        let (loaded, ()) = loaded(path, mode, environment.as_ref(), now, kept, |_, _| ());
        loaded
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use crate::fixture::{Fixture, MINIMAL, now};
    use crate::house::House;

    use super::*;

    fn loader(fixture: &Fixture, environment: Variables) -> Loader {
        fixture.write("gateway.yaml", MINIMAL);
        Loader::new(fixture.path("gateway.yaml"), Mode::Serve, environment)
    }

    fn load(loader: &mut Loader) -> House {
        loader.load(now()).house.expect("a good file")
    }

    #[test]
    fn what_did_not_change_is_taken_from_the_load_before() {
        let fixture = Fixture::new();
        let mut loader = loader(&fixture, Arc::new(|_| None));
        let first = load(&mut loader);
        let parts = |house: &House| {
            let bank = &house.banks[0];
            (
                Arc::clone(&bank.trust),
                Arc::clone(&bank.products[0].description),
            )
        };
        let is_same = |one: &House, other: &House| {
            let (one, other) = (parts(one), parts(other));
            (Arc::ptr_eq(&one.0, &other.0), Arc::ptr_eq(&one.1, &other.1))
        };
        let again = load(&mut loader);
        assert_eq!(is_same(&first, &again), (true, true));
        assert_eq!(first.digest, again.digest);

        fixture.write("gateway.yaml", MINIMAL.replace("50/s", "60/s"));
        let other_plan = load(&mut loader);
        assert_eq!(is_same(&first, &other_plan), (true, true));
        assert_ne!(first.digest, other_plan.digest);

        // A load with mistakes takes nothing away.
        fixture.write("gateway.yaml", MINIMAL.replace("50/s", "60"));
        assert!(loader.load(now()).house.is_err());
        fixture.write("gateway.yaml", MINIMAL.replace("active", "suspended"));
        let suspended = load(&mut loader);
        assert_eq!(is_same(&first, &suspended), (false, true));

        let api = std::fs::read_to_string(fixture.path("apis/fx.yaml")).expect("an API");
        fixture.write("apis/fx.yaml", format!("{api}\n# changed\n"));
        let other_api = load(&mut loader);
        assert_eq!(is_same(&suspended, &other_api), (true, false));
    }

    #[test]
    fn a_list_older_than_the_one_in_force_is_refused_and_that_one_again_is_not() {
        let fixture = Fixture::new();
        let mut loader = loader(&fixture, Arc::new(|_| None));
        let patient = MINIMAL.replace(
            "refuse_when_older_than: 24h",
            "refuse_when_older_than: 744h",
        );
        fixture.write("gateway.yaml", patient);
        let read = |name| std::fs::read_to_string(fixture.path(name)).expect("a list");
        let (newer, older) = (read("trust/partners.crl"), read("trust/old.crl"));
        fixture.write("trust/partners.crl", &older);
        load(&mut loader);
        fixture.write("trust/partners.crl", &newer);
        load(&mut loader);
        fixture.write("trust/partners.crl", &older);
        for _ in 0..2 {
            let refused = loader.load(now()).house.expect_err("an older list");
            let told = fixture.without_folder(&refused.render(false, 100));
            assert!(
                told.contains(
                    "`trust/partners.crl` is older than the list of CN=Partners CA in force: it \
                     was made at 2026-11-01T00:00:00Z with the number 0x01, that was made at \
                     2026-11-22T00:00:00Z with the number 0x01"
                ),
                "{told}"
            );
        }
        fixture.write("trust/partners.crl", &newer);
        load(&mut loader);
    }

    #[test]
    fn a_place_in_a_description_that_was_not_read_anew_is_told_as_before() {
        let fixture = Fixture::new();
        let mut loader = loader(&fixture, Arc::new(|_| None));
        load(&mut loader);
        let twice = MINIMAL.replace(
            "      fx:\n        openapi",
            "      rates: { openapi: file:apis/fx.yaml, upstream: ledger, listeners: [api], \
             deadline: 30s }\n      fx:\n        openapi",
        );
        fixture.write("gateway.yaml", &twice);
        let kept = loader.load(now()).house.expect_err("two with one path");
        let fresh = fixture.load(&twice).expect_err("two with one path");
        assert_eq!(kept.render(false, 100), fresh.render(false, 100));
    }

    #[test]
    fn cf_13_a_secret_of_the_environment_is_read_anew_by_each_load() {
        let fixture = Fixture::new();
        let secret = Arc::new(Mutex::new(crypto::base64url(&[1; 32])));
        let held = Arc::clone(&secret);
        let variables = move |name: &str| {
            let secret = held.lock().unwrap_or_else(PoisonError::into_inner);
            (name == "KEK").then(|| secret.clone())
        };
        let mut loader = loader(&fixture, Arc::new(variables));
        fixture.write("gateway.yaml", MINIMAL.replace("file:keys/kek", "env:KEK"));
        let first = load(&mut loader);
        let kek = |house: &House| Arc::clone(&house.banks[0].issuer.kek);
        let sealed = kek(&first)
            .seal(b"secret", b"", &crypto::SystemRandom)
            .expect("sealed");
        assert!(kek(&load(&mut loader)).open(&sealed, b"").is_ok());
        *secret.lock().expect("sound") = crypto::base64url(&[2; 32]);
        assert!(kek(&load(&mut loader)).open(&sealed, b"").is_err());
    }
}
