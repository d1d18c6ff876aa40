//! The known answers of `test-vectors/`, every one of them, on every run.
//!
//! They are made by a second implementation (`tests/python`), from the documents alone. `book` reads a file, runs each of
//! its vectors through the operation that it names, and compares everything that the vector lists; the operations stand in
//! one file per vector file.

mod aead;
mod archive;
mod began;
mod book;
mod bundle;
mod chain;
mod conversation;
mod dumps;
mod envelope_context;
mod envelope_kek;
mod envelope_keyring;
mod envelope_record;
mod envelope_wrapped;
mod exporter;
mod file;
mod file_container;
mod file_found;
mod file_pointer;
mod fingerprint;
mod given;
mod group;
mod group_conversation;
mod group_sending;
mod group_stored;
mod handshake;
mod identity;
mod message;
mod parties;
mod recovery;
mod replay;
mod sealed;
mod sealed_steps;
mod sending;
mod snapshot;
mod stored;
mod stores;
mod trust;

use std::collections::BTreeSet;
use std::string::String;
use std::vec::Vec;

use self::book::File;

/// Each has its test in the file of its name.
const FILES: [&File; 19] = [
    &aead::FILE,
    &archive::FILE,
    &bundle::FILE,
    &chain::FILE,
    &envelope_context::FILE,
    &conversation::FILE,
    &exporter::FILE,
    &file::FILE,
    &fingerprint::FILE,
    &group::FILE,
    &handshake::FILE,
    &identity::FILE,
    &envelope_keyring::FILE,
    &message::FILE,
    &envelope_record::FILE,
    &recovery::FILE,
    &sealed::FILE,
    &snapshot::FILE,
    &envelope_wrapped::FILE,
];

/// A file that is not known here would be a vector that nobody runs.
#[test]
fn every_file_of_the_folder_is_known() {
    let entries = std::fs::read_dir(book::FOLDER).unwrap();
    let there: BTreeSet<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let known: Vec<String> = FILES.iter().map(|file| String::from(file.name)).collect();
    assert_eq!(there.into_iter().collect::<Vec<_>>(), known);
}
