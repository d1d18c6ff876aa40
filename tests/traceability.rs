//! From requirement to code to evidence and back: the table "Requirements" of `docs/spec.md`.
//!
//! ```text
//! | R-01 | rule | `primitives/agreement.rs`                  | `tests/handshake.rs`, `test-vectors/handshake.json` |
//! | R-47 | rule | –                                          | out: why it does not apply                          |
//! ```
//!
//! A path of the third column is below `src` and names a file with a comment `SPEC: R-01`; a path of the fourth is below the
//! root and names a file with the text `R-01`, or a folder of such files: of code in `src`, in its tests.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use source::{File, files};

/// The numbers that must have a row. Others may have one.
const NUMBERS: &[RangeInclusive<u16>] =
    &[1..=25, 30..=57, 60..=71, 80..=86, 90..=93, 100..=105, 120..=142];

type Number = u16;

/// Everything that names requirements.
struct House {
    /// The text of the specification.
    spec: String,
    /// `src/**/*.rs`.
    sources: Vec<File>,
    /// `tests/**/*.rs`, and what else gives evidence.
    evidence: Vec<File>,
    /// `test-vectors/*.json`.
    vectors: Vec<File>,
}

/// One row of the table.
struct Row {
    number: Number,
    code: Vec<String>,
    test: Vec<String>,
    /// `out: reason` stands in the place of the tests.
    out: bool,
}

#[test]
fn every_requirement_is_traced() {
    let mut evidence = files("tests", "rs");
    evidence.extend(files("tests", "py"));
    let house = House {
        spec: source::read("src/docs/spec.md").unwrap(),
        sources: files("src", "rs"),
        evidence,
        vectors: files("test-vectors", "json"),
    };
    let wrong = untraced(&house, NUMBERS);
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Everything that is wrong.
fn untraced(house: &House, numbers: &[RangeInclusive<Number>]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut rows = BTreeMap::new();
    for line in table(&house.spec) {
        match row(line) {
            Some(row) => {
                let number = row.number;
                if rows.insert(number, row).is_some() {
                    wrong.push(format!("{}: two rows", name(number)));
                }
            }
            None => wrong.push(format!("not a row: {line}")),
        }
    }
    let due = numbers.iter().cloned().flatten();
    wrong.extend(due.filter(|n| !rows.contains_key(n)).map(|n| format!("{}: no row", name(n))));
    wrong.extend(rows.values().flat_map(|row| unfounded(house, row)));
    let rows: BTreeSet<Number> = rows.into_keys().collect();
    wrong.extend(stray(house, &rows));
    wrong
}

/// The lines of the table.
fn table(spec: &str) -> impl Iterator<Item = &str> {
    let section = spec.lines().skip_while(|line| *line != "## Requirements").skip(1);
    section.take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with("| R-"))
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.trim().strip_prefix('|')?.strip_suffix('|')?.split('|').collect();
    let [number, rule, code, test] = cells[..] else { return None };
    let digits = number.trim().strip_prefix("R-")?;
    let number = digits.parse().ok()?;
    let out = test.trim().strip_prefix("out:");
    let complete = !rule.trim().is_empty() && out.is_none_or(|reason| !reason.trim().is_empty());
    (complete && name(number) == format!("R-{digits}")).then(|| Row {
        number,
        code: quoted_paths(code).filter(|path| path.ends_with(".rs")).collect(),
        test: quoted_paths(test).filter(|path| path.contains('/')).collect(),
        out: out.is_some(),
    })
}

/// What stands between backticks.
fn quoted_paths(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

fn name(number: Number) -> String {
    format!("R-{number:02}")
}

/// What a row claims, and what is not so.
fn unfounded(house: &House, row: &Row) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut complain = |what: String| wrong.push(format!("{}: {what}", name(row.number)));
    if row.out {
        return wrong;
    }
    if row.code.is_empty() {
        complain("names no code".to_owned());
    }
    if row.test.is_empty() {
        complain("names no test".to_owned());
    }
    for path in &row.code {
        let found = house.sources.iter().find(|file| file.in_src() == path);
        match found.map(|file| specs(&file.text).contains(&row.number)) {
            None => complain(format!("no file src/{path}")),
            Some(false) => complain(format!("src/{path} has no SPEC comment")),
            Some(true) => {}
        }
    }
    for path in &row.test {
        match evidence(house, path).map(|text| mentions(&text).contains(&row.number)) {
            None => complain(format!("no file {path}")),
            Some(false) => complain(format!("{path} does not name it")),
            Some(true) => {}
        }
    }
    wrong
}

/// The text of a file that gives evidence, or of all below a folder; of code in `src`, its tests.
fn evidence(house: &House, path: &str) -> Option<String> {
    let folder = format!("{}/", path.trim_end_matches('/'));
    let all = [&house.sources, &house.evidence, &house.vectors].into_iter().flatten();
    let known = all.filter(|file| file.path == path || file.path.starts_with(&folder));
    let text = known.map(|file| file.text.as_str()).collect::<String>();
    let text = Some(text).filter(|text| !text.is_empty()).or_else(|| source::read(path))?;
    if !path.starts_with("src/") || !path.ends_with(".rs") {
        return Some(text);
    }
    Some(text.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests).to_owned())
}

/// Numbers without a row: in `SPEC:` comments, in tests, and in the `req` of a vector.
fn stray(house: &House, rows: &BTreeSet<Number>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |file: &File, numbers: BTreeSet<Number>| {
        let stray =
            numbers.difference(rows).map(|n| format!("{}: {} without a row", file.path, name(*n)));
        wrong.extend(stray);
    };
    for file in &house.sources {
        check(file, specs(&file.text));
    }
    for file in &house.evidence {
        check(file, mentions(&file.text));
    }
    for file in &house.vectors {
        match requirements_of_vectors(&file.text) {
            Some(numbers) => check(file, numbers),
            None => check(file, BTreeSet::from([0])),
        }
    }
    wrong
}

/// Every requirement that a text names.
fn mentions(text: &str) -> BTreeSet<Number> {
    let behind = text.match_indices("R-").filter(|(at, _)| {
        !text[..*at].ends_with(|before: char| before.is_alphanumeric() || before == '-')
    });
    behind.filter_map(|(at, _)| number_at(&text[at..])).map(|(number, _)| number).collect()
}

/// The number of the requirement that a text begins with, and what follows it.
fn number_at(text: &str) -> Option<(Number, &str)> {
    let rest = text.strip_prefix("R-")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, rest) = rest.split_at(end);
    Some((digits.parse().ok()?, rest))
}

/// The requirements behind each `SPEC:` of a file's comments: `SPEC: R-01, R-02`, perhaps over the end of a line.
fn specs(text: &str) -> BTreeSet<Number> {
    let comments = comments(text);
    let mut found = BTreeSet::new();
    for list in comments.split("SPEC:").skip(1) {
        let mut rest = list.trim_start();
        while let Some((number, behind)) = number_at(rest) {
            found.insert(number);
            rest = behind.strip_prefix(',').map_or("", str::trim_start);
        }
    }
    found
}

/// The comments of a file in one line.
fn comments(text: &str) -> String {
    let lines = text.lines().filter_map(|line| line.split_once("//"));
    lines
        .map(|(_, comment)| comment.trim_start_matches(['/', '!']).trim())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The `req` of every vector of a file.
fn requirements_of_vectors(text: &str) -> Option<BTreeSet<Number>> {
    let file: serde_json::Value = serde_json::from_str(text).ok()?;
    let mut found = BTreeSet::new();
    for vector in file.get("vectors")?.as_array()? {
        for requirement in vector.get("req")?.as_array()? {
            let (number, rest) = number_at(requirement.as_str()?)?;
            found.insert(rest.is_empty().then_some(number)?);
        }
    }
    Some(found)
}

/// A house in order, for the controls: requirement 1 is traced, requirement 2 is out.
fn orderly() -> House {
    let (one, two) = (name(1), name(2));
    House {
        spec: format!(
            "# S\n\n## Requirements\n\n| | rule | code | test |\n|---|---|---|---|\n\
             | {one} | a rule | `a.rs` | `tests/a.rs`, `test-vectors/a.json` |\n\
             | {two} | a rule | – | out: not here |\n\n## More\n\n| {two} | not of the table |\n"
        ),
        sources: vec![File::new("src/a.rs", &format!("//! What it is. SPEC:\n//! {one}.\n"))],
        evidence: vec![File::new("tests/a.rs", &format!("/// {one}: so.\n#[test]\nfn so() {{}}"))],
        vectors: vec![File::new("test-vectors/a.json", &vectors(&one))],
    }
}

fn vectors(requirement: &str) -> String {
    format!(r#"{{"vectors": [{{"name": "x", "req": ["{requirement}"]}}]}}"#)
}

/// What is wrong with the orderly house after a change.
fn wrong_after(change: impl FnOnce(&mut House)) -> Vec<String> {
    let mut house = orderly();
    change(&mut house);
    untraced(&house, &[1..=2])
}

fn respelled(spec: &mut String, from: &str, to: &str) {
    assert!(spec.contains(from), "{from}");
    *spec = spec.replace(from, to);
}

#[test]
fn a_traced_house_is_in_order() {
    assert_eq!(wrong_after(|_| {}), [""; 0]);
}

#[test]
fn a_row_that_is_missing_is_found() {
    assert_eq!(untraced(&orderly(), &[1..=3]), [format!("{}: no row", name(3))]);
    let wrong = wrong_after(|house| respelled(&mut house.spec, "## Requirements", "## Rules"));
    assert!(wrong.contains(&format!("{}: no row", name(1))), "{wrong:?}");
    let wrong = wrong_after(|house| respelled(&mut house.spec, "| R-02 | a rule |", "| R-02 |"));
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    let wrong = wrong_after(|house| respelled(&mut house.spec, "| R-02 |", "| R-01 |"));
    assert!(wrong.contains(&format!("{}: two rows", name(1))), "{wrong:?}");
    let wrong = wrong_after(|house| respelled(&mut house.spec, "out: not here", "out: "));
    assert_eq!(wrong.len(), 2, "{wrong:?}");
}

#[test]
fn a_claim_that_is_not_so_is_found() {
    let one = name(1);
    let wrong = |from: &str, to: &str| wrong_after(|house| respelled(&mut house.spec, from, to));
    assert_eq!(wrong("`a.rs`", "`b.rs`"), [format!("{one}: no file src/b.rs")]);
    assert_eq!(wrong("`a.rs`", "`State::a`"), [format!("{one}: names no code")]);
    assert_eq!(wrong("`tests/a.rs`", "`tests/b.rs`"), [format!("{one}: no file tests/b.rs")]);
    assert_eq!(
        wrong("`tests/a.rs`, `test-vectors/a.json`", "by eye"),
        [format!("{one}: names no test")]
    );
    assert_eq!(wrong("`tests/a.rs`", "`src/a.rs`"), [format!("{one}: src/a.rs does not name it")]);

    // A folder stands for what is in it.
    let wrong = wrong_after(|house| {
        respelled(&mut house.spec, "`tests/a.rs`", "`tests/b`");
        house.evidence[0].path = "tests/b/c.rs".to_owned();
    });
    assert_eq!(wrong, [""; 0]);

    let wrong = wrong_after(|house| house.sources[0].text = format!("//! See {one}."));
    assert_eq!(wrong, [format!("{one}: src/a.rs has no SPEC comment")]);
    let wrong = wrong_after(|house| house.evidence[0].text = format!("/// {}: so.", name(2)));
    assert_eq!(wrong, [format!("{one}: tests/a.rs does not name it")]);
    let wrong = wrong_after(|house| house.vectors[0].text = vectors(&name(2)));
    assert_eq!(wrong, [format!("{one}: test-vectors/a.json does not name it")]);
}

#[test]
fn a_number_without_a_row_is_found() {
    let three = name(3);
    let wrong =
        wrong_after(|house| house.sources[0].text += &format!("// SPEC: {}, {three}.", name(2)));
    assert_eq!(wrong, [format!("src/a.rs: {three} without a row")]);
    let wrong = wrong_after(|house| house.evidence[0].text += &format!("// {three}"));
    assert_eq!(wrong, [format!("tests/a.rs: {three} without a row")]);
    let wrong = wrong_after(|house| {
        house.vectors.push(File::new("test-vectors/b.json", &vectors(&three)));
    });
    assert_eq!(wrong, [format!("test-vectors/b.json: {three} without a row")]);
    let wrong = wrong_after(|house| house.vectors[0].text = vectors("later") + &name(1));
    assert_eq!(wrong, [format!("test-vectors/a.json: {} without a row", name(0))]);
}

#[test]
fn numbers_are_read_whole() {
    let hundred = name(100);
    assert_eq!(
        mentions(&format!("({hundred}) PR-7 {}-R-5 {}", name(10), name(4))),
        [4, 10, 100].into()
    );
    assert_eq!(
        specs(&format!("    /// x. SPEC: {hundred}, {}. Not {}.\nlet a = 1;", name(2), name(3))),
        [2, 100].into()
    );
    assert_eq!(specs(&format!("//! (SPEC:\n//! {}) and {}", name(5), name(6))), [5].into());
}
