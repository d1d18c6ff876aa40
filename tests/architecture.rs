//! The order of the house: which module may name which, and what no file may contain. Reads `src` as text.
//!
//! Every rule is a function from a file to what is wrong with it, so that each has a control: a bad snippet that it finds.

mod source;

use source::{File, Token, closing, files, lines_with, stands, tokens};

/// Who lives on which floor. A module names only lower floors and itself; on floor 0 they may name each other. So the
/// protocols of floor 5 never name one another, and nobody but `people` and `errors` names `session`.
const FLOORS: &[(&str, u8)] = &[
    ("docs", 0),
    ("label", 0),
    ("limits", 0),
    ("secret", 0),
    ("primitives", 1),
    ("keys", 2),
    ("wire", 3),
    ("chain", 4),
    ("envelope", 5),
    ("fingerprint", 5),
    ("group", 5),
    ("ratchet", 5),
    ("sealed", 5),
    ("x3dh", 5),
    ("session", 6),
    ("people", 7),
    ("errors", 8),
    ("serde", 8),
];

/// Where each dependency may be named: in files of `src` whose path begins so.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    ("aes_gcm", &["primitives/aead.rs"]),
    ("argon2", &["primitives/password.rs"]),
    ("blake2", &[]),
    ("ed25519_dalek", &["primitives/"]),
    ("getrandom", &["primitives/random.rs"]),
    ("hkdf", &["primitives/"]),
    ("hmac", &["primitives/"]),
    ("libcrux_ml_kem", &["primitives/"]),
    ("rand_core", &[""]),
    ("rayon", &["envelope/file/each.rs"]),
    ("serde", &["serde.rs"]),
    ("sha2", &["primitives/"]),
    ("subtle", &["primitives/", "secret.rs"]),
    ("x25519_dalek", &["primitives/"]),
    ("zeroize", &["primitives/", "secret.rs"]),
];

/// Calls of `expect`, each of which `docs/audit.md` lists with its proof. All on floor 1.
const MOST_EXPECTS: usize = 6;

/// Where bytes leave a secret: uses of `expose` and `expose_mut` in each file. A new exit is a decision, taken here.
const EXITS: &[(&str, usize)] = &[
    ("chain/mod.rs", 4),
    ("chain/step.rs", 1),
    ("chain/stored.rs", 1),
    ("envelope/archive/header.rs", 2),
    ("envelope/archive/mod.rs", 1),
    ("envelope/archive/open.rs", 1),
    ("envelope/archive/seal.rs", 1),
    ("envelope/compatible.rs", 3),
    ("envelope/file/header.rs", 2),
    ("envelope/file/key.rs", 3),
    ("envelope/file/pointer.rs", 1),
    ("envelope/file/recipients.rs", 2),
    ("envelope/keyring/derived.rs", 3),
    ("envelope/keyring/rotation.rs", 1),
    ("envelope/keyring/stored.rs", 3),
    ("envelope/media.rs", 3),
    ("envelope/record.rs", 2),
    ("envelope/recovery/code.rs", 6),
    ("envelope/recovery/key.rs", 3),
    ("envelope/recovery/letters.rs", 2),
    ("envelope/recovery/mod.rs", 1),
    ("envelope/recovery/stored.rs", 4),
    ("envelope/room.rs", 1),
    ("envelope/root.rs", 1),
    ("envelope/share.rs", 1),
    ("envelope/wrap/mod.rs", 1),
    ("envelope/wrap/open.rs", 5),
    ("envelope/wrap/seal.rs", 6),
    ("group/distribution.rs", 2),
    ("group/receiver.rs", 1),
    ("group/sender.rs", 2),
    ("group/snapshot.rs", 3),
    ("keys/identity.rs", 1),
    ("people/drawn.rs", 1),
    ("primitives/aead.rs", 6),
    ("primitives/agreement.rs", 2),
    ("primitives/kdf.rs", 2),
    ("primitives/kem.rs", 3),
    ("primitives/sign.rs", 1),
    ("ratchet/decrypt.rs", 1),
    ("ratchet/encrypt.rs", 1),
    ("ratchet/root.rs", 2),
    ("ratchet/snapshot.rs", 4),
    ("sealed/delivery.rs", 3),
    ("sealed/mod.rs", 4),
    ("sealed/open.rs", 2),
    ("sealed/seal.rs", 5),
    ("session/exporter.rs", 1),
    ("session/snapshot.rs", 1),
    ("x3dh/agree.rs", 4),
    ("x3dh/store_snapshot.rs", 3),
];

const MOST_LINES_OF_A_FILE: usize = 250;
const MOST_LINES_OF_A_FUNCTION: usize = 50;

/// Lints that turn a possible panic into an error of the compiler. R-120.
const LINTS: &[&str] = &[
    "arithmetic_side_effects",
    "as_conversions",
    "expect_used",
    "indexing_slicing",
    "panic",
    "unwrap_used",
];

/// Words that end a program, print, or make an exception for tests, and that no code here has a use for.
const FORBIDDEN_WORDS: &[(&str, &str)] = &[
    ("unsafe", "R-120: no unsafe code"),
    ("unwrap", "R-120: no unwrap"),
    ("unwrap_unchecked", "R-120: no unwrap"),
    ("fuzzing", "R-128: fuzzers get no other code"),
    ("Cell", "R-30: no change behind `&self`"),
    ("RefCell", "R-30: no change behind `&self`"),
    ("OnceCell", "R-30: no change behind `&self`"),
    ("UnsafeCell", "R-30: no change behind `&self`"),
    ("Mutex", "R-30: no change behind `&self`"),
    ("atomic", "R-30: no change behind `&self`"),
];

const FORBIDDEN_MACROS: &[&str] = &[
    "dbg",
    "eprint",
    "eprintln",
    "panic",
    "print",
    "println",
    "todo",
    "unimplemented",
    "unreachable",
];

/// How text is written.
const WRITES_TEXT: &[&[&str]] = &[
    &["debug_struct"],
    &["debug_tuple"],
    &["format", "!"],
    &["format_args", "!"],
    &["write", "!"],
    &["write_str"],
    &["writeln", "!"],
];

fn sources() -> Vec<File> {
    files("src", "rs")
}

fn assert_none(wrong: impl FnOnce(&[File]) -> Vec<String>) {
    let wrong = wrong(&sources());
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn in_each(rule: impl Fn(&File) -> Vec<String>) -> impl FnOnce(&[File]) -> Vec<String> {
    move |files| files.iter().flat_map(rule).collect()
}

fn at(file: &File, line: usize, what: &str) -> String {
    format!("{}:{line}: {what}", file.path)
}

/// The module that a file is: `src/keys/prekey.rs` is `[keys, prekey]`, `src/lib.rs` is the root, `[]`.
fn module(file: &File) -> Vec<&str> {
    let path = file.in_src().trim_end_matches(".rs");
    path.split('/').filter(|part| !["lib", "mod"].contains(part)).collect()
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// The root's items that a file names, by `crate::…` or by enough `super::…`.
fn root_items<'a>(file: &'a File) -> Vec<Token<'a>> {
    let code = file.code();
    let depth = module(file).len();
    let mut found = Vec::new();
    for start in 0..code.len() {
        let inside_a_path = start > 0 && code[start - 1].text == "::";
        let supers = (0..).take_while(|n| stands(&code, start + 2 * n, &["super", "::"])).count();
        if inside_a_path {
            continue;
        } else if stands(&code, start, &["crate", "::"]) {
            found.extend(first_words(&code, start + 2));
        } else if supers > 0 && supers >= depth {
            found.extend(first_words(&code, start + 2 * supers));
        }
    }
    found
}

/// The first word of a path, or of each path of a `{group}`.
fn first_words<'a>(code: &[Token<'a>], start: usize) -> Vec<Token<'a>> {
    let Some(first) = code.get(start) else { return Vec::new() };
    let Some(end) = closing(code, start).filter(|_| first.text == "{") else { return vec![*first] };
    let mut depth = 0_usize;
    let mut words = Vec::new();
    for (token, before) in code[start + 1..end].iter().zip(&code[start..]) {
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if depth == 0 && ["{", ","].contains(&before.text) => words.push(*token),
            _ => {}
        }
    }
    words
}

fn imports_from_above(file: &File) -> Vec<String> {
    let Some(own) = module(file).first().copied() else { return Vec::new() };
    let Some(own_floor) = floor(own) else { return vec![at(file, 1, "has no floor")] };
    let allowed = |name: &str| match floor(name) {
        Some(floor) => name == own || floor < own_floor || (floor == 0 && own_floor == 0),
        None => false,
    };
    let names = root_items(file).into_iter().filter(|item| !allowed(item.text));
    names.map(|item| at(file, item.line, &format!("{own} names {}", item.text))).collect()
}

/// Who may import whom. R-102 and R-123 rest on it: what holds secrets is named by few.
#[test]
fn modules_name_only_lower_floors() {
    assert_none(in_each(imports_from_above));
}

#[test]
fn a_name_from_above_is_found() {
    let wrong = |path, text| imports_from_above(&File::new(path, text));
    assert_eq!(wrong("src/x3dh/agree.rs", "use crate::keys::suite::Suite;").len(), 0);
    assert_eq!(wrong("src/x3dh/agree.rs", "use super::store;\nuse crate::x3dh::store;").len(), 0);
    assert_eq!(wrong("src/limits.rs", "use crate::secret::Secret;").len(), 0);
    assert_eq!(
        wrong(
            "src/x3dh/agree.rs",
            "// crate::session\n#[cfg(test)]\nmod t { use crate::session; }"
        )
        .len(),
        0
    );
    let bad = wrong("src/x3dh/agree.rs", "fn f() {}\nuse crate::ratchet::State;");
    assert_eq!(bad, ["src/x3dh/agree.rs:2: x3dh names ratchet"]);
    assert_eq!(wrong("src/x3dh/mod.rs", "use super::ratchet;").len(), 1);
    assert_eq!(wrong("src/keys/prekey.rs", "fn f(x: crate::wire::X) {}").len(), 1);
    assert_eq!(wrong("src/keys/prekey.rs", "use super::super::wire;").len(), 1);
    assert_eq!(
        wrong("src/keys/prekey.rs", "use crate::{label, wire::{self, codec}, chain};").len(),
        2
    );
    assert_eq!(wrong("src/ratchet/mod.rs", "use crate::session::Session;").len(), 1);
    // By way of the crate's own public names.
    assert_eq!(wrong("src/keys/mod.rs", "use crate::Session;").len(), 1);
    assert_eq!(wrong("src/keys/mod.rs", "use crate::*;").len(), 1);
    assert_eq!(wrong("src/unheard_of.rs", "").len(), 1);
}

/// Every dependency of `Cargo.toml`, as it is named in code.
fn dependencies(manifest: &str) -> Vec<String> {
    let table = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let lines = table.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
    names.map(|name| name.replace('-', "_")).collect()
}

fn misplaced_dependencies(file: &File) -> Vec<String> {
    let code = file.code();
    let mut wrong = Vec::new();
    for (name, places) in DEPENDENCIES {
        if places.iter().any(|place| file.in_src().starts_with(place)) {
            continue;
        }
        for (i, token) in code.iter().enumerate().filter(|(_, token)| token.text == *name) {
            let before = i.checked_sub(1).map_or("", |i| code[i].text);
            let path = stands(&code, i + 1, &["::"]) && !stands(&code, i + 1, &["::", "<"]);
            let named = ["use", "crate"].contains(&before) || path;
            if named && before != "::" {
                wrong.push(at(file, token.line, &format!("{name} has no place here")));
            }
        }
    }
    wrong
}

/// R-102, R-124, R-125: cryptography of others is named on floor 1, wiping and comparing beside the secrets.
#[test]
fn dependencies_are_named_in_their_places() {
    assert_none(in_each(misplaced_dependencies));
    let manifest = source::read("Cargo.toml").unwrap();
    let placed = dependencies(&manifest);
    let names: Vec<&str> = DEPENDENCIES.iter().map(|(name, _)| *name).collect();
    assert_eq!(placed, names, "a dependency has a place, or is none");
}

#[test]
fn a_dependency_out_of_place_is_found() {
    let wrong = |path, text| misplaced_dependencies(&File::new(path, text)).len();
    assert_eq!(wrong("src/primitives/aead.rs", "use aes_gcm::Aes256Gcm;"), 0);
    assert_eq!(
        wrong("src/ratchet/root.rs", "kdf::hkdf::<64>(a, b); use rand_core::TryCryptoRng;"),
        0
    );
    // A function of floor 1 that has a dependency's name.
    assert_eq!(
        wrong("src/sealed/mod.rs", "use crate::primitives::kdf::hkdf; let a = hkdf::<32>(b);"),
        0
    );
    assert_eq!(wrong("src/sealed/mod.rs", "use hkdf::Hkdf; let a = hkdf::hmac::Mac;"), 2);
    assert_eq!(wrong("src/primitives/sign.rs", "use aes_gcm::Aes256Gcm;"), 1);
    assert_eq!(wrong("src/keys/identity.rs", "use zeroize::Zeroize;"), 1);
    assert_eq!(
        wrong("src/session/mod.rs", "fn f(a: &[u8]) { subtle::ConstantTimeEq::ct_eq(a, a); }"),
        1
    );
    assert_eq!(wrong("src/wire/codec.rs", "use {sha2::Sha256, hmac::Mac};"), 2);
    assert_eq!(wrong("src/lib.rs", "extern crate hkdf;"), 1);
    assert_eq!(
        dependencies(
            "[features]\na = []\n\n[dependencies]\naes-gcm = 1\n\n[dev-dependencies]\nx = 1"
        ),
        ["aes_gcm"]
    );
}

fn forbidden(file: &File) -> Vec<String> {
    let code = file.code();
    let mut wrong = Vec::new();
    for (word, why) in FORBIDDEN_WORDS {
        wrong.extend(lines_with(&code, &[word]).iter().map(|line| at(file, *line, why)));
    }
    for name in FORBIDDEN_MACROS {
        let lines = lines_with(&code, &[name, "!"]);
        wrong.extend(lines.iter().map(|line| at(file, *line, &format!("R-120: {name}!"))));
    }
    for (i, token) in code.iter().enumerate().filter(|(i, _)| is_assert(&code, *i)) {
        if i < 2 || !stands(&code, i - 2, &["const", "{"]) {
            wrong.push(at(file, token.line, "R-120: an assertion at run time"));
        }
    }
    wrong
}

fn is_assert(code: &[Token<'_>], at: usize) -> bool {
    ["assert", "assert_eq", "assert_ne"].iter().any(|name| stands(code, at, &[name, "!"]))
}

/// R-120, R-128, R-30: nothing unsafe, nothing that panics or prints, nothing that changes in secret, no exception for fuzzers.
#[test]
fn forbidden_words_stand_nowhere() {
    assert_none(in_each(forbidden));
}

#[test]
fn a_forbidden_word_is_found() {
    let wrong = |text| forbidden(&File::new("src/wire/codec.rs", text)).len();
    assert_eq!(wrong("#![forbid(unsafe_code)] // unsafe panic!\nconst A: &str = \"unsafe\";"), 0);
    assert_eq!(
        wrong("fn f() { a.unwrap_or(0); const { assert!(N > 1) }; debug_assert!(true); }"),
        0
    );
    assert_eq!(wrong("#[cfg(test)]\nmod tests { fn f() { a.unwrap(); } }"), 0);
    for bad in [
        "unsafe fn f() {}",
        "fn f() { a.unwrap(); }",
        "fn f() { a.map(Option::unwrap) }",
        "fn f() { panic!(\"no\") }",
        "fn f() { todo!() }",
        "fn f() { dbg!(key); }",
        "fn f() { println!(\"{key:?}\"); }",
        "fn f() { assert!(a > b); }",
        "fn f() { assert_eq!(a, b); }",
        "#[cfg(fuzzing)]\nfn verify() {}",
        "fn f() { if cfg!(fuzzing) { return Ok(()); } }",
        "struct S(core::cell::RefCell<u8>);",
    ] {
        assert_eq!(wrong(bad), 1, "{bad}");
    }
}

fn missing_lints(lib: &File) -> Vec<String> {
    let code = lib.code();
    let mut missing = Vec::new();
    if lines_with(&code, &["#", "!", "[", "forbid", "(", "unsafe_code", ")", "]"]).is_empty() {
        missing.push("forbid(unsafe_code)".to_owned());
    }
    let denied = denied_lints(&code);
    missing.extend(LINTS.iter().filter(|lint| !denied.contains(lint)).map(|l| (*l).to_owned()));
    missing
}

/// The clippy lints of every `#![deny(…)]` that has no condition.
fn denied_lints<'a>(code: &[Token<'a>]) -> Vec<&'a str> {
    let mut denied = Vec::new();
    for at in 0..code.len() {
        if stands(code, at, &["#", "!", "[", "deny", "("]) {
            let end = closing(code, at + 4).unwrap_or(code.len());
            let names = (at..end).filter(|i| stands(code, *i, &["clippy", "::"]));
            denied.extend(names.map(|i| code[i + 2].text));
        }
    }
    denied
}

/// R-120: what the compiler forbids stands at the head of the crate.
#[test]
fn the_lints_stand_in_lib_rs() {
    let lib = source::read("src/lib.rs").unwrap();
    assert_eq!(missing_lints(&File::new("src/lib.rs", &lib)), [""; 0]);
}

#[test]
fn a_missing_lint_is_found() {
    let missing = |text| missing_lints(&File::new("src/lib.rs", text)).len();
    assert_eq!(missing("#![forbid(unsafe_code)]"), LINTS.len());
    assert_eq!(missing("#![deny(clippy::panic, clippy::unwrap_used)]"), LINTS.len() - 1);
    assert_eq!(missing("#![cfg_attr(test, deny(clippy::panic))]"), LINTS.len() + 1);
}

/// The calls of `expect`, with where they stand.
fn expects(file: &File) -> Vec<String> {
    let calls = lines_with(&file.code(), &[".", "expect", "("]);
    calls.iter().map(|line| at(file, *line, "expect")).collect()
}

/// R-120: a claim that something cannot fail is made on floor 1 alone, and rarely.
#[test]
fn expects_are_few_and_on_floor_one() {
    let all = in_each(expects)(&sources());
    assert!(all.iter().all(|call| call.starts_with("src/primitives/")), "{all:#?}");
    assert!(all.len() <= MOST_EXPECTS, "{all:#?}");
}

#[test]
fn an_expect_is_found() {
    let calls = |text| expects(&File::new("src/wire/a.rs", text));
    assert_eq!(
        calls("#[allow(clippy::expect_used)]\nfn f() {\n a\n.expect(\"b\") }"),
        ["src/wire/a.rs:4: expect"]
    );
    assert_eq!(calls("// a.expect(1)\n#[cfg(test)]\nfn f() { a.expect(\"b\"); }"), [""; 0]);
}

/// Lines on which exposed bytes are compared by something that stops at the first difference.
fn leaky_comparisons(file: &File) -> Vec<String> {
    let code = file.code();
    let mut wrong = Vec::new();
    let exits = code.iter().filter(|token| ["expose", "expose_mut"].contains(&token.text));
    for exit in exits {
        let compared = code.iter().filter(|token| token.line == exit.line);
        if compared.into_iter().any(|token| ["==", "!="].contains(&token.text)) {
            wrong.push(at(
                file,
                exit.line,
                "R-124: a secret is compared with ==, not with `equal`",
            ));
        }
    }
    wrong
}

/// R-86, R-91, R-124: secrets have no `==` (`tests/compile_fail.rs`); commitments and what is like them are compared in constant time.
#[test]
fn secrets_are_compared_in_constant_time() {
    assert_none(in_each(leaky_comparisons));
    let sources = sources();
    let calls = |path: &str, texts: &[&str]| {
        let file = sources.iter().find(|file| file.path == path).unwrap();
        lines_with(&file.code(), texts).len()
    };
    assert_eq!(calls("src/primitives/aead.rs", &["!", "equal", "(", "commitment", ","]), 1);
    assert_eq!(calls("src/secret.rs", &[".", "ct_eq", "("]), 1);
    assert!(calls("src/session/mod.rs", &["equal", "("]) >= 1);
    // MACs of what is stored, and the tag over the keys of recovery codes.
    assert_eq!(calls("src/primitives/mac.rs", &["equal", "(", "&", "hmac", "("]), 1);
    assert_eq!(calls("src/envelope/recovery/stored.rs", &["!", "equal", "(", "&", "hmac", "("]), 1);
    // R-86, R-91, R-92: tags, delivery tokens, safety numbers.
    assert_eq!(calls("src/sealed/open.rs", &["!", "equal", "(", "tag", "."]), 1);
    assert_eq!(calls("src/sealed/delivery.rs", &["equal", "("]), 1);
    assert_eq!(calls("src/fingerprint/mod.rs", &["equal", "("]), 1);
    assert_eq!(calls("src/fingerprint/code.rs", &["equal", "("]), 2);
}

#[test]
fn a_leaky_comparison_is_found() {
    let wrong = |text| leaky_comparisons(&File::new("src/a.rs", text)).len();
    assert_eq!(wrong("if !equal(commitment, keys.commitment.expose()) {}"), 0);
    assert_eq!(wrong("if commitment != keys.commitment.expose() {}"), 1);
    assert_eq!(wrong("if *a.expose() == *b.expose() {}"), 2);
}

/// The exits of secrets: how many there are in each file that has any, other than where they are made.
fn exits(files: &[File]) -> Vec<(&str, usize)> {
    let counted = files.iter().map(|file| (file.in_src(), count_exits(&file.code())));
    counted.filter(|(_, count)| *count > 0).collect()
}

fn count_exits(code: &[Token<'_>]) -> usize {
    let uses = |name| lines_with(code, &[name]).len() - lines_with(code, &["fn", name]).len();
    uses("expose") + uses("expose_mut")
}

/// R-123: bytes leave a secret at places that are known.
#[test]
fn every_exit_of_a_secret_is_known() {
    assert_eq!(exits(&sources()), EXITS);
}

#[test]
fn an_exit_of_a_secret_is_found() {
    let files = [
        File::new(
            "src/a.rs",
            "fn f() { a.expose(); b.expose_mut(); /* c.expose() */ d(A::expose) }",
        ),
        File::new("src/b.rs", "fn expose(&self) {}\n#[cfg(test)]\nfn f() { a.expose(); }"),
    ];
    assert_eq!(exits(&files), [("a.rs", 3)]);
}

/// Functions in which a secret is exposed and text is written.
fn printed_secrets(file: &File) -> Vec<String> {
    let code = file.code();
    let mut wrong = Vec::new();
    for start in (0..code.len()).filter(|i| code[*i].text == "fn") {
        let body = &code[start + 1..item_end(&code, start)];
        let has = |one_of: &[&[&str]]| one_of.iter().any(|it| !lines_with(body, it).is_empty());
        if has(WRITES_TEXT) && has(&[&["expose"], &["expose_mut"]]) {
            wrong.push(at(file, code[start].line, "R-127: a secret is near text"));
        }
    }
    wrong
}

/// R-127: there are no text encodings of secrets: none is exposed where text is written, and no dependency makes hex or
/// base64 (`DEPENDENCIES`).
#[test]
fn secrets_never_become_text() {
    assert_none(in_each(printed_secrets));
    let wrong = |text| printed_secrets(&File::new("src/a.rs", text)).len();
    assert_eq!(wrong("fn a() { k.expose(); }\nfn b() { write!(f, \"b\"); }"), 0);
    assert_eq!(wrong("fn a() { write!(f, \"{:x?}\", k.expose()) }"), 1);
    assert_eq!(wrong("fn a() { let k = k.expose();\n f.write_str(&hex(k)) }"), 1);
}

/// Lines that have code on them.
fn code_lines(code: &[Token<'_>]) -> usize {
    let mut lines: Vec<usize> = code.iter().map(|token| token.line).collect();
    lines.dedup();
    lines.len()
}

fn too_long_files(file: &File) -> Vec<String> {
    let lines = code_lines(&file.code());
    let wrong = (lines > MOST_LINES_OF_A_FILE).then(|| format!("{}: {lines} lines", file.path));
    wrong.into_iter().collect()
}

#[test]
fn files_fit_in_a_head() {
    assert_none(in_each(too_long_files));
}

fn too_long_functions(file: &File) -> Vec<String> {
    let code = file.code();
    let mut wrong = Vec::new();
    for start in (0..code.len()).filter(|i| code[*i].text == "fn") {
        let end = item_end(&code, start);
        let lines = code_lines(&code[start..end]);
        if lines > MOST_LINES_OF_A_FUNCTION {
            let name = code.get(start + 1).map_or("", |token| token.text);
            wrong.push(at(file, code[start].line, &format!("{name}: {lines} lines")));
        }
    }
    wrong
}

/// Behind a function's braces, or behind the `;` or `)` of one that has none.
fn item_end(code: &[Token<'_>], start: usize) -> usize {
    let mut at = start;
    while let Some(token) = code.get(at) {
        match token.text {
            "{" => return closing(code, at).map_or(code.len(), |end| end + 1),
            ";" | ")" | "}" | "," | ">" if at == start => return at,
            ";" => return at,
            "(" | "[" => at = closing(code, at).map_or(code.len(), |end| end + 1),
            ")" | "]" | "}" => return at,
            _ => at += 1,
        }
    }
    code.len()
}

#[test]
fn functions_fit_a_screen() {
    assert_none(in_each(too_long_functions));
}

#[test]
fn what_is_too_long_is_found() {
    let line = "    a();\n";
    let function = |lines| format!("fn f() {{\n{}}}\n", line.repeat(lines));
    let wrong = |text: &str| too_long_functions(&File::new("src/a.rs", text)).len();
    assert_eq!(wrong(&function(MOST_LINES_OF_A_FUNCTION - 2)), 0);
    assert_eq!(wrong(&function(MOST_LINES_OF_A_FUNCTION - 1)), 1);
    let pointer = format!("struct S {{ a: fn(u8) -> u8 }}\n{}", function(48));
    assert_eq!(wrong(&pointer), 0);
    let commented = function(48).replace("a();\n", "a(); // b\n\n    // c\n");
    assert_eq!(wrong(&commented), 0);

    let wrong = |text: &str| too_long_files(&File::new("src/a.rs", text)).len();
    assert_eq!(wrong(&"fn f();\n".repeat(MOST_LINES_OF_A_FILE)), 0);
    assert_eq!(wrong(&"fn f();\n".repeat(MOST_LINES_OF_A_FILE + 1)), 1);
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(300));
    assert_eq!(wrong(&tests), 0);
}

fn without_introduction(file: &File) -> Vec<String> {
    let wrong = (!file.text.starts_with("//! ")).then(|| at(file, 1, "does not say what it is"));
    wrong.into_iter().collect()
}

#[test]
fn every_file_says_what_it_is() {
    assert_none(in_each(without_introduction));
    let bad = File::new("src/a.rs", "use core::fmt;\n//! Late.");
    assert_eq!(without_introduction(&bad).len(), 1);
}

/// Uses of the clock, the environment or a generator of one's own.
fn ambient(file: &File) -> Vec<String> {
    let code = file.code();
    let mut wrong = Vec::new();
    for word in ["now", "Instant", "env", "thread", "OsRng", "thread_rng", "SeedableRng", "StdRng"]
    {
        let called = lines_with(&code, &["::", word]);
        wrong.extend(called.iter().map(|line| at(file, *line, &format!("R-133: {word}"))));
    }
    wrong
}

/// R-133: randomness and time are the caller's; no feature and no seed puts another generator in its place.
#[test]
fn nothing_is_ambient() {
    assert_none(in_each(ambient));
    let wrong = |text| ambient(&File::new("src/a.rs", text)).len();
    assert_eq!(wrong("fn f(now: UnixTime) { g(now) }"), 0);
    assert_eq!(wrong("let now = SystemTime::now();"), 1);
    assert_eq!(wrong("let rng = rand::rngs::StdRng::from_seed([0; 32]);"), 1);
}

/// The reader itself: comments, strings and tests are told from code.
#[test]
fn the_reader_tells_code_from_what_looks_like_it() {
    let texts = |text| tokens(text).iter().map(|token| token.text).collect::<Vec<_>>();
    assert_eq!(texts("a::b /* c */ // d\n+'e'"), ["a", "::", "b", "+", "'e'"]);
    assert_eq!(
        texts(r#"x("// no", b"\"", '"', '\'')"#),
        ["x", "(", r#""// no""#, ",", r#"b"\"""#, ",", "'\"'", ",", r"'\''", ")"]
    );
    assert_eq!(
        texts("r#\"a\"b\"# r\"\\\" <'a> b'x' raw"),
        ["r#\"a\"b\"#", "r\"\\\"", "<", "'", "a", ">", "b'x'", "raw"]
    );
    let lines: Vec<usize> = tokens("a\n\"b\nc\"\nd").iter().map(|token| token.line).collect();
    assert_eq!(lines, [1, 2, 4]);
    let file = File::new(
        "src/a.rs",
        "a\n#[cfg(test)]\n#[path = \"x\"]\nmod m;\n#[cfg(test)]\nfn f() -> [u8; 2] { {} }\nb",
    );
    assert_eq!(file.code().iter().map(|token| token.text).collect::<Vec<_>>(), ["a", "b"]);
}
