//! `docs/promises.md` quotes promises that are still made, and names tests that exist.

use std::fs;
use std::path::Path;

/// The smallest number of promises on the page. A page whose tables are not found has none.
const PROMISES: usize = 40;

/// A row of a table: the quoted promise, the paths and the names of tests.
#[derive(Debug, Default)]
struct Row {
    promise: String,
    /// Each path, with the tests that are named after it.
    places: Vec<(String, Vec<String>)>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the text with one space for each white space, and with links replaced by their text.
fn flat(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let mut parts = words.join(" ");
    while let Some(end) = parts.find("](") {
        let close = end + parts[end..].find(')').expect("a link ends");
        parts.replace_range(end..=close, "");
        let open = parts[..end].rfind('[').expect("a link begins");
        parts.remove(open);
    }
    parts
}

fn rows() -> Vec<Row> {
    let page = read("docs/promises.md");
    let cells = page.lines().filter_map(|line| line.strip_prefix("| \"")?.strip_suffix(" |"));
    cells
        .map(|line| {
            let (promise, shown) =
                line.split_once("\" | ").unwrap_or_else(|| panic!("no second cell: {line}"));
            let mut row = Row { promise: promise.to_owned(), ..Row::default() };
            for name in shown.split('`').skip(1).step_by(2) {
                if name.contains('/') {
                    row.places.push((name.to_owned(), Vec::new()));
                } else {
                    let last = row.places.last_mut().unwrap_or_else(|| panic!("no path: {line}"));
                    last.1.push(name.to_owned());
                }
            }
            row
        })
        .collect()
}

#[test]
fn every_promise_of_the_page_is_still_made() {
    let documents = flat(&format!("{} {}", read("README.md"), read("SECURITY.md")));
    let rows = rows();
    assert!(rows.len() >= PROMISES, "found {} promises", rows.len());
    for row in rows {
        assert!(documents.contains(&row.promise), "no longer promised: {}", row.promise);
    }
}

#[test]
fn every_promise_has_a_test_that_exists() {
    for Row { promise, places } in rows() {
        let tests: usize = places.iter().map(|(_, tests)| tests.len()).sum();
        assert!(tests > 0, "no test shows: {promise}");
        for (path, tests) in places {
            assert!(root().join(&path).exists(), "{path}, for: {promise}");
            for test in tests {
                assert!(runs(&read(&path), &test), "{path} has no test {test}, for: {promise}");
            }
        }
    }
}

/// Returns whether the source has a function of this name that is a test, and is not ignored.
fn runs(source: &str, test: &str) -> bool {
    let is_function = |line: &str| {
        let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("async ");
        line.strip_prefix("fn ")
            .and_then(|line| line.strip_prefix(test))
            .is_some_and(|rest| rest.starts_with('('))
    };
    let lines: Vec<_> = source.lines().collect();
    lines.iter().enumerate().filter(|(_, line)| is_function(line)).any(|(at, _)| {
        // The attributes and the comments directly before the function.
        let before = lines[..at].iter().rev().map(|line| line.trim_start());
        let attributes: Vec<_> =
            before.take_while(|line| line.starts_with("#[") || line.starts_with("//")).collect();
        let has = |start: &str| attributes.iter().any(|line| line.starts_with(start));
        (has("#[test]") || has("#[tokio::test")) && !has("#[ignore")
    })
}

#[test]
fn a_function_that_does_not_run_is_not_a_test() {
    assert!(runs("#[test]\nfn it_holds() {", "it_holds"));
    assert!(runs(
        "    #[tokio::test(flavor = \"x\")]\n    // Why.\n    async fn it_holds() {",
        "it_holds"
    ));
    for source in [
        "fn it_holds() {",
        "#[test]\n\nfn it_holds() {",
        "#[test]\n#[ignore = \"slow\"]\nfn it_holds() {",
        "#[ignore]\n#[test]\nfn it_holds() {",
        "#[test]\nfn it_holds_too() {",
        "#[test]\nfn other() {}\nfn it_holds() {",
    ] {
        assert!(!runs(source, "it_holds"), "{source}");
    }
}

/// The table of attacks in SECURITY.md names a test for each attack that is refused.
#[test]
fn every_attack_that_is_refused_has_a_test() {
    let security = read("SECURITY.md");
    let attacks: Vec<_> = security.lines().filter(|line| line.contains("| refused ")).collect();
    assert!(attacks.len() >= 12, "found {} attacks", attacks.len());
    let folder = root().join("tests/integration/cases/row_bound");
    let sources: String = fs::read_dir(folder)
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for attack in attacks {
        let test = attack.trim_end_matches(" |").rsplit("| ").next().unwrap().trim_matches('`');
        assert!(sources.contains(&format!("fn {test}(")), "no test {test}, for: {attack}");
    }
}
