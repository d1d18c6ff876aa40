//! What stands below the crate: which crates, with which features, in each of its own feature sets.
//!
//! Features unify and defaults are lost silently; wiping was lost so in others' releases. So it is read back from what cargo
//! resolves, without what only tests, build scripts and macros use.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Feature sets, as arguments of cargo, and the most crates of others that each may stand on.
const SETS: &[(&[&str], usize)] = &[
    (&["--no-default-features"], 31),
    (&["--no-default-features", "--features", "pq"], 38),
    (&[], 38),
    (&["--no-default-features", "--features", "password"], 34),
    (&["--all-features"], 50),
];

/// Crates that must be there with their feature `zeroize`. R-125.
const WIPING: &[&str] = &[
    "aes",
    "aes-gcm",
    "block-buffer",
    "curve25519-dalek",
    "digest",
    "ed25519-dalek",
    "ghash",
    "hmac",
    "polyval",
    "sha2",
    "x25519-dalek",
];

/// Crates that have a feature `zeroize` which is off, and why that leaves nothing.
const NOT_WIPING: &[(&str, &str)] = &[
    ("cipher", "its buffer of key stream is not used by aes-gcm"),
    ("crypto-common", "only hands the feature on to hybrid-array"),
    ("ctr", "borrows the cipher, and has only a counter and a nonce of its own"),
    ("ed25519", "signatures are public"),
    ("hybrid-array", "wipes nothing by itself"),
];

/// Features that are on although no such feature should be, and why.
const TOLERATED: &[(&str, &str)] = &[
    ("libc/std", "leaves linking to the standard library where there is one; needs none"),
    ("polyval/hazmat", "ghash is made of the parts of polyval"),
];

type Features = BTreeSet<String>;
type Tree = BTreeMap<String, Features>;

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).args(["--locked", "--offline"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What the crate stands on at run time, and itself.
fn tree(set: &[&str]) -> Tree {
    let mut arguments = vec!["tree", "--edges", "no-dev,no-build,no-proc-macro"];
    arguments.extend(["--prefix", "none", "--format", "{p} [{f}]"]);
    arguments.extend(set);
    parse(&cargo(&arguments))
}

/// `name v1.0.0 (path) [feature,feature] (*)`, one crate a line. Two versions of one crate count as one with the features of
/// both.
fn parse(text: &str) -> Tree {
    let mut tree = Tree::new();
    for line in text.lines() {
        let (name, rest) = line.split_once(' ').unwrap();
        let (_, features) = rest.split_once('[').unwrap();
        let (features, _) = features.split_once(']').unwrap();
        let features = features.split(',').filter(|feature| !feature.is_empty());
        tree.entry(name.to_owned()).or_default().extend(features.map(str::to_owned));
    }
    tree
}

fn excused(name: &str, exceptions: &[(&str, &str)]) -> bool {
    exceptions.iter().any(|(excused, _)| *excused == name)
}

/// Crates that should wipe and do not: those that must, and every one that could.
fn forgetful(tree: &Tree, able: &BTreeSet<String>, must: &[&str]) -> Vec<String> {
    let wipes = |name: &str| tree.get(name).is_some_and(|features| features.contains("zeroize"));
    let must = must.iter().map(|name| (*name).to_owned());
    let able = able.iter().filter(|name| !excused(name, NOT_WIPING)).cloned();
    let here: BTreeSet<String> = able.filter(|name| tree.contains_key(name)).chain(must).collect();
    here.into_iter().filter(|name| !wipes(name)).collect()
}

/// `crate/feature` for each feature of that name which is on and not tolerated.
fn with_feature(tree: &Tree, feature: &str) -> Vec<String> {
    let on = tree.iter().filter(|(_, features)| features.contains(feature));
    let on = on.map(|(name, _)| format!("{name}/{feature}"));
    on.filter(|name| !excused(name, TOLERATED)).collect()
}

/// Every crate of the lock file that has a feature `zeroize`, by what its manifest says.
fn able_to_wipe() -> BTreeSet<String> {
    let metadata = cargo(&["metadata", "--format-version", "1", "--filter-platform", &host()]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let able = packages.filter(|package| package["features"].get("zeroize").is_some());
    able.map(|package| package["name"].as_str().unwrap().to_owned()).collect()
}

fn host() -> String {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("-vV").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// what holds secrets wipes them, in every feature set.
#[test]
fn wiping_is_on_in_every_feature_set() {
    let able = able_to_wipe();
    assert!(able.len() >= WIPING.len(), "{able:?}");
    for (set, _) in SETS {
        assert_eq!(forgetful(&tree(set), &able, WIPING), [""; 0], "{set:?}");
    }
}

/// nothing loosens the verification of signatures, and nobody asks for what is marked as hazardous.
#[test]
fn no_feature_weakens_a_dependency() {
    for (set, _) in SETS {
        let tree = tree(set);
        for feature in ["legacy_compatibility", "hazmat", "danger", "insecure", "fuzzing"] {
            assert_eq!(with_feature(&tree, feature), [""; 0], "{set:?}");
        }
    }
}

/// without its own feature `std` the crate needs no standard library, hybrid or not.
#[test]
fn no_dependency_needs_the_standard_library() {
    for set in [SETS[0].0, SETS[1].0, SETS[3].0] {
        assert_eq!(with_feature(&tree(set), "std"), [""; 0], "{set:?}");
    }
    // The gate sees what it should: the crate's own feature.
    assert!(with_feature(&tree(&[]), "std").contains(&"confidant/std".to_owned()));
}

/// A crate more is a decision, taken here.
#[test]
fn the_crate_stands_on_few_others() {
    for (set, most) in SETS {
        let others: Vec<String> =
            tree(set).into_keys().filter(|name| name != "confidant").collect();
        assert!(others.len() <= *most, "{set:?}: {} crates: {others:?}", others.len());
    }
}

#[test]
fn a_feature_that_is_lost_or_wrong_is_found() {
    let tree = parse(
        "confidant v0.1.0 (/a/b) [default,std]\nhmac v0.13.0 [zeroize]\nsha2 v0.11.1 [] (*)\n\
         hmac v0.13.0 [zeroize] (*)\nlegacy v1.0.0 [legacy_compatibility]",
    );
    assert_eq!(tree.len(), 4);
    let able = ["hmac", "sha2", "elsewhere"].map(str::to_owned).into();
    assert_eq!(forgetful(&tree, &able, &["hmac"]), ["sha2"]);
    assert_eq!(forgetful(&tree, &BTreeSet::new(), &["hmac"]), [""; 0]);
    assert_eq!(forgetful(&tree, &BTreeSet::new(), &["hmac", "aes"]), ["aes"]);
    assert_eq!(with_feature(&tree, "std"), ["confidant/std"]);
    assert_eq!(with_feature(&tree, "legacy_compatibility"), ["legacy/legacy_compatibility"]);
}
