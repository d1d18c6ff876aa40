//! The worked hex dumps of `docs/wire.md` and `docs/state.md` are vectors, byte for byte.

use std::string::String;
use std::vec::Vec;

use serde_json::Value;

use super::book::FOLDER;

const PAGES: [&str; 2] =
    [include_str!("../../../src/docs/wire.md"), include_str!("../../../src/docs/state.md")];

/// A dump names its vector in its first line; in the others the bytes stand first, and then, behind two spaces, what they are.
#[test]
fn worked_dumps_are_vectors() {
    let blocks = PAGES.iter().flat_map(|page| page.split("```text\n").skip(1));
    let dumps = blocks.filter(|block| block.split(' ').next().unwrap().ends_with(".json"));
    let mut checked = 0;
    for dump in dumps {
        let (first, rest) = dump.split_once('\n').unwrap();
        let lines = rest.split("```").next().unwrap().lines();
        let bytes: String = lines.map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(bytes, named(first), "{first}");
        checked += 1;
    }
    assert_eq!(checked, 16);
}

/// `file vector pointer`, and what the file has there.
fn named(line: &str) -> String {
    let parts: Vec<&str> = line.split(' ').collect();
    let [file, name, pointer] = parts[..] else { panic!("{line}") };
    let text = std::fs::read_to_string(std::format!("{FOLDER}/{file}")).unwrap();
    let book: Value = serde_json::from_str(&text).unwrap();
    let vectors = book["vectors"].as_array().unwrap();
    let vector = vectors.iter().find(|vector| vector["name"] == name).unwrap();
    String::from(vector.pointer(pointer).unwrap().as_str().unwrap())
}
