//! Every code that a partner may be told is documented, and provoked from the front door by a test
//! that asserts its status and code.

use crate::tree::{none_of, root, sources};

/// Codes that nobody outside can provoke, and why. The list may only shrink.
const UNREACHED: [(&str, &str); 1] = [(
    "server_error",
    "only signing that fails with a key that was parsed and held since the start",
)];

/// How many codes each file has at least: fewer means that they were not found.
const FLOORS: [(Told, usize); 3] = [(refusals, 20), (oauth_errors, 7), (problems, 1)];

type Told = fn() -> Vec<String>;

fn file(path: &str) -> String {
    let text = std::fs::read_to_string(root().join(path)).expect("a file that tells refusals");
    let tests = text.find("\n#[cfg(test)]").unwrap_or(text.len());
    text[..tests].to_owned()
}

/// The codes of the road.
fn refusals() -> Vec<String> {
    let text = file("src/model/refusal.rs");
    let list = text.split("pub fn code").nth(1).expect("the list of codes");
    quoted_after(list, "=> ")
}

/// The codes of the token endpoint: beside their statuses in the one mapping.
fn oauth_errors() -> Vec<String> {
    let text = file("src/authserver/oauth_error.rs");
    let list = text.split("\nfn code(").nth(1).expect("the mapping");
    let list = list.split("\n}").next().unwrap_or(list);
    let told = list.split("StatusCode::").skip(1);
    let mut codes: Vec<String> = told
        .filter_map(|told| told.split('"').nth(1))
        .map(str::to_owned)
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

/// The codes that problem documents have beside the road's.
fn problems() -> Vec<String> {
    quoted_after(&file("src/web/problem.rs"), "code: ")
}

/// What stands in quotes straight after this.
fn quoted_after(text: &str, before: &str) -> Vec<String> {
    let quoted = |rest: &str| Some(rest.strip_prefix('"')?.split('"').next()?.to_owned());
    text.split(before).skip(1).filter_map(quoted).collect()
}

fn codes() -> Vec<String> {
    let mut codes = Vec::new();
    for (told, floor) in FLOORS {
        let found = told();
        assert!(found.len() >= floor, "the codes were not found: {found:?}");
        codes.extend(found);
    }
    codes
}

/// The codes that journeys assert: `"code"` after a status in the arguments of a call whose name
/// says that it looks at a refusal. A code in a tuple, a table or a comment counts for nothing.
fn asserted(text: &str) -> Vec<String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let dense: String = code.flat_map(str::split_whitespace).collect();
    let mut found = Vec::new();
    for (at, _) in dense.match_indices(",\"") {
        let (before, after) = (&dense[..at], &dense[at + 2..]);
        let status = before.get(at.saturating_sub(4)..).unwrap_or_default();
        let is_status = status.starts_with(['(', ','])
            && status.len() == 4
            && status[1..].bytes().all(|byte| byte.is_ascii_digit());
        let Some((code, _)) = after.split_once('"') else {
            continue;
        };
        if is_status && is_told_by(before) {
            found.push(code.to_owned());
        }
    }
    found
}

/// Whether the innermost open parenthesis belongs to a call that looks at a refusal.
fn is_told_by(before: &str) -> bool {
    let mut depth = 0;
    for (at, sign) in before.char_indices().rev() {
        match sign {
            ')' => depth += 1,
            '(' if depth == 0 => {
                let name = before[..at]
                    .rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or_default();
                return ["refused", "refused_saying", "refuses", "is_refused"].contains(&name)
                    || ["is_refused_a_token", "is_oauth_error"].contains(&name);
            }
            '(' => depth -= 1,
            ';' => return false,
            _ => {}
        }
    }
    false
}

#[test]
fn only_a_call_that_looks_at_a_refusal_asserts_a_code() {
    let told = "a.refused(404, \"a\"); is_oauth_error(&x(1), 400,\n \"b\", \"says\");
        refuses(&house, 502, \"c\", \"\", \"\").await;";
    assert_eq!(asserted(told), ["a", "b", "c"]);
    let silent = "assert_eq!(it, (404, \"a\"));\n // refused(400, \"b\")
        let all = [\"c\", \"d\"]; refused(status, \"e\"); note(500, \"f\");";
    assert_eq!(asserted(silent), Vec::<String>::new());
}

#[test]
fn every_code_is_provoked_by_a_journey() {
    let journeys = sources("tests/journeys", ".rs");
    let asserted: Vec<String> = journeys.iter().flat_map(|s| asserted(&s.text)).collect();
    let (codes, mut complaints) = (codes(), Vec::new());
    for code in &codes {
        let reason = UNREACHED.iter().find(|(unreached, _)| unreached == code);
        match (reason, asserted.contains(code)) {
            (None, false) => complaints.push(format!("no journey provokes {code}")),
            (Some(_), true) => complaints.push(format!("{code} is provoked: take it off the list")),
            (None, true) | (Some(_), false) => {}
        }
    }
    for (code, _) in &UNREACHED {
        if !codes.iter().any(|known| known == code) {
            complaints.push(format!("{code} is no code: take it off the list"));
        }
    }
    none_of(&complaints);
}

#[test]
fn every_refusal_stands_in_the_readme() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let complaints: Vec<String> = refusals()
        .iter()
        .filter(|code| !readme.contains(&format!("`{code}`")))
        .map(|code| format!("README.md does not name {code}"))
        .collect();
    none_of(&complaints);
}
