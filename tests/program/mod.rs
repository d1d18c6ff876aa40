//! The examples, as programs that a test runs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

pub const PASSPHRASE: &str = "correct horse battery staple";

/// An example is built whenever all tests are, and not when one of them is asked for by name.
pub fn example(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let folder = test.parent().unwrap().parent().unwrap().join("examples");
    let program = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).unwrap();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let sources = fs::read_dir(sources).unwrap();
    let newest = sources.map(|source| changed(&source.unwrap().path())).max().unwrap();
    let profile = if cfg!(debug_assertions) { "" } else { " --release" };
    assert!(
        program.exists() && changed(&program) >= newest,
        "{} is not there, or old: cargo build{profile} --features password --example {name}",
        program.display()
    );
    program
}

/// A folder for one test of an example, in which nothing is at the beginning.
pub fn empty_folder(example: &str, test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(example).join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}
