//! Drives `examples/vault`, the real program, in a folder of its own.
#![allow(dead_code, reason = "each test crate uses its own part")]

#[path = "../program/mod.rs"]
mod program;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub use program::PASSPHRASE;
use program::{empty_folder, example};

/// A folder for one test, in which nothing is at the beginning.
pub struct Place(PathBuf);

impl Place {
    pub fn new(name: &str) -> Self {
        Self(empty_folder("vault", name))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, data: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, data).unwrap();
        path
    }

    /// A vault with the cheapest passphrase, and its recovery codes.
    pub fn vault(&self, name: &str) -> (Vault, Vec<String>) {
        let vault = Vault(self.path(name));
        let codes = codes(&vault.ok(&["init", "--quick"]));
        (vault, codes)
    }
}

/// The codes that were printed: those words that are in groups of four.
pub fn codes(printed: &str) -> Vec<String> {
    let words = printed.split_whitespace().map(str::to_owned);
    words.filter(|word| word.len() == 39 && word.matches('-').count() == 7).collect()
}

pub struct Vault(pub PathBuf);

impl Vault {
    /// The program, with the passphrase in the environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(example("vault"));
        command.arg(&self.0).args(arguments).env("VAULT_PASSPHRASE", PASSPHRASE);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What it prints when all is well.
    pub fn ok(&self, arguments: &[&str]) -> String {
        said(&self.bytes(arguments))
    }

    pub fn bytes(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output.stderr));
        output.stdout
    }

    /// What it says when it fails, to its user and to the next program.
    pub fn fails(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        failed(&output)
    }

    /// Adds a file, and gives the path of its object.
    pub fn add(&self, place: &Place, name: &str, data: &[u8]) -> PathBuf {
        let (file, before) = (place.write("to add", data), self.objects());
        self.ok(&["add", file.to_str().unwrap(), name]);
        let after = self.objects();
        let mut new = after.difference(&before);
        new.next().unwrap().clone()
    }

    pub fn objects(&self) -> BTreeSet<PathBuf> {
        let Ok(folder) = fs::read_dir(self.0.join("objects")) else { return BTreeSet::new() };
        folder.map(|entry| entry.unwrap().path()).collect()
    }

    /// Names, with lengths.
    pub fn list(&self) -> BTreeSet<(String, usize)> {
        let printed = self.ok(&["list"]);
        let lines = printed.lines().map(|line| line.trim_start().split_once("  ").unwrap());
        lines.map(|(len, name)| (name.to_owned(), len.parse().unwrap())).collect()
    }

    /// A copy in another folder.
    pub fn copy_to(&self, path: PathBuf) -> Self {
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("objects")).unwrap();
        fs::copy(self.0.join("vault.redb"), path.join("vault.redb")).unwrap();
        for object in self.objects() {
            let to = path.join("objects").join(object.file_name().unwrap());
            fs::copy(&object, to).unwrap();
        }
        Self(path)
    }

    /// A new vault in `to`, by a code.
    pub fn restore(&self, archive: &Path, code: &str) -> Output {
        let archive = archive.to_str().unwrap();
        let mut command = self.command(&["restore", archive, "--code", "--quick"]);
        command.env("VAULT_CODE", code).output().unwrap()
    }
}

pub fn failed(output: &Output) -> (String, String) {
    assert_eq!(output.status.code(), Some(1), "{}", said(&output.stderr));
    (said(&output.stdout), said(&output.stderr))
}

/// Without the warning that all these tests get.
pub fn said(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split_inclusive('\n').filter(|line| !line.starts_with("--quick: "));
    lines.collect()
}

/// Bytes that are like no others.
pub fn data(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// Changes a file in place.
pub fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}
