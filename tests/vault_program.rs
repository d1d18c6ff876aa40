//! `examples/vault` on real files: what goes in comes out, in memory that does not grow; and what is damaged is named, with its place.
#![cfg(all(feature = "std", feature = "password"))]

mod vault_driver;

use std::fs;
use std::io::Write;
use std::process::Stdio;

use redb::{Database, ReadableTable, TableDefinition};
use vault_driver::{PASSPHRASE, Place, Vault, change, codes, data, failed, said};

const CHUNK: usize = 16_384;
const SEALED_CHUNK: usize = CHUNK + 16;
const HEADER: usize = 56;

const ROWS: TableDefinition<u128, (&[u8], &[u8])> = TableDefinition::new("files");

/// whole files and parts of them, around the ends of chunks.
#[test]
fn what_is_added_is_read_back_whole_and_in_parts() {
    let place = Place::new("read_back");
    let (vault, _) = place.vault("v");
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7] {
        let name = format!("file of {len}");
        vault.add(&place, &name, &data(len as u64, len));
        assert_eq!(vault.bytes(&["read", &name]), data(len as u64, len));
        assert!(vault.list().contains(&(name, len)));
    }
    let (len, name) = (3 * CHUNK + 7, format!("file of {}", 3 * CHUNK + 7));
    let whole = data(len as u64, len);
    for (from, length) in [(0, 5), (CHUNK - 2, 4), (CHUNK, CHUNK), (len - 3, 100), (len, 1)] {
        let numbers = [from.to_string(), length.to_string()];
        let part = vault.bytes(&["read", &name, "--from", &numbers[0], "--length", &numbers[1]]);
        assert_eq!(part, whole[from..len.min(from + length)], "{from} {length}");
    }
    let (_, error) = vault.fails(&["read", &name, "--from", &(len + 1).to_string()]);
    assert_eq!(error, format!("error: {name} has {len} bytes: read --from fewer\n"));
    assert_eq!(vault.ok(&["check"]), "whole files: 6\n");
}

/// the peak of a large file is that of a small one, and a megabyte at most; both have that of Argon2id in them, 8 MiB here.
#[test]
#[cfg(target_os = "linux")]
fn a_large_file_takes_no_more_memory_than_a_small_one() {
    let place = Place::new("memory");
    // Without optimisation a second is for three megabytes: then less is tried, and the archive not at all.
    let is_fast = !cfg!(debug_assertions);
    let len = if is_fast { 64 << 20 } else { 12 << 20 };
    let (small, large) = (place.write("small", b"small"), place.write("large", &data(1, len)));
    let (vault, codes) = place.vault("v");
    let least = peak(&mut vault.command(&["add", small.to_str().unwrap()]));
    let most = least + 1024;
    assert!((8 << 10..32 << 10).contains(&least), "{least} KiB");
    assert!(peak(&mut vault.command(&["add", large.to_str().unwrap()])) < most);
    assert!(peak(&mut vault.command(&["read", "large"])) < most);
    if is_fast {
        assert!(peak(&mut vault.command(&["check"])) < most);
        let (archive, restored) = (place.path("archive"), Vault(place.path("w")));
        let archive = archive.to_str().unwrap();
        assert!(peak(&mut vault.command(&["export", archive])) < most);
        let mut restore = restored.command(&["restore", archive, "--code", "--quick"]);
        assert!(peak(restore.env("VAULT_CODE", &codes[0])) < most);
        assert!(restored.bytes(&["read", "large"]) == data(1, len));
    }
}

/// In KiB, as the kernel has told the program.
#[cfg(target_os = "linux")]
fn peak(command: &mut std::process::Command) -> usize {
    let output = command.arg("--report-memory").stdout(Stdio::null()).output().unwrap();
    assert!(output.status.success());
    let said = said(&output.stderr);
    let line = said.lines().find_map(|line| line.strip_prefix("peak memory: ")).unwrap();
    line.trim_end_matches(" kB").parse().unwrap()
}

/// Neither the vault nor an archive says on the disk what is in it, how it is called, or how it is opened.
#[test]
fn nothing_on_the_disk_can_be_read_without_the_passphrase() {
    let place = Place::new("disk");
    let (vault, codes) = place.vault("v");
    let object = vault.add(&place, "letter to the bank", &b"attack at dawn ".repeat(2000));
    vault.ok(&["rotate"]);
    let archive = place.path("archive");
    vault.ok(&["export", archive.to_str().unwrap()]);
    for path in [vault.0.join("vault.redb"), object, archive, place.path("archive.codes")] {
        let bytes = fs::read(&path).unwrap();
        for secret in ["attack at dawn", "letter to", PASSPHRASE, &codes[0], &codes[0][..9]] {
            let is_there = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_there, "{secret} in {}", path.display());
        }
    }
}

/// After a rotation the objects are as before, and the old root key is gone from the keyring.
#[test]
fn rotation_wraps_every_row_again_and_touches_no_file() {
    let place = Place::new("rotation");
    let (vault, _) = place.vault("v");
    for number in 0..3_u8 {
        vault.add(&place, &format!("file {number}"), &data(number.into(), 40_000));
    }
    let state = |vault: &Vault| -> Vec<_> {
        let objects = vault.objects().into_iter();
        objects
            .map(|path| {
                (fs::read(&path).unwrap(), path.metadata().unwrap().modified().unwrap(), path)
            })
            .collect()
    };
    let before = state(&vault);
    let rotated = vault.ok(&["rotate"]);
    let lines: Vec<&str> = rotated.lines().collect();
    assert_eq!(
        lines,
        [
            "root key 1 is pending",
            "root key 1 encrypts from now on",
            "rows wrapped again: 3 of 3, no file touched",
            "root key 0 is destroyed",
        ]
    );
    assert_eq!(state(&vault), before);
    assert_eq!(vault.ok(&["check"]), "whole files: 3\n");
    assert!(vault.ok(&["rotate"]).ends_with("root key 1 is destroyed\n"));
}

/// A code opens an archive once. The vault that it restores has codes of its own, and those are for its archives; the others of the old ones
/// still open the old archive, and the passphrase opens both.
#[test]
fn a_code_restores_once_and_the_new_vault_has_new_ones() {
    let place = Place::new("codes");
    let (vault, old) = place.vault("v");
    vault.add(&place, "a", &data(1, 20_000));
    let archive = place.path("archive");
    assert!(vault.ok(&["export", archive.to_str().unwrap()]).contains("archive 0 of its series"));
    let restored = Vault(place.path("w"));
    let output = restored.restore(&archive, &old[3].to_lowercase());
    assert!(output.status.success(), "{}", said(&output.stderr));
    let printed = said(&output.stdout);
    let end = "recovery code 3 is used up; the old ones that are left open old archives\n";
    assert!(printed.ends_with(end), "{printed}");
    let new = codes(&printed);
    assert!(new.len() == 8 && new.iter().all(|code| !old.contains(code)), "{printed}");
    assert_eq!(restored.bytes(&["read", "a"]), data(1, 20_000));

    let (_, error) = failed(&Vault(place.path("x")).restore(&archive, &old[3]));
    assert_eq!(error, "error: recovery code 3: the code has been used before: take another one\n");
    assert!(Vault(place.path("x")).restore(&archive, &old[4]).status.success());

    let next = place.path("next");
    let exported = restored.ok(&["export", next.to_str().unwrap()]);
    assert!(exported.contains("for recovery codes: 8,"), "{exported}");
    assert!(exported.contains("archive 1 of its series"), "{exported}");
    let (_, error) = failed(&Vault(place.path("y")).restore(&next, &old[5]));
    assert_eq!(error, "error: the code is of another set: look for the paper of this vault\n");
    assert!(Vault(place.path("y")).restore(&next, &new[5]).status.success());
    let other = Vault(place.path("z"));
    let printed = other.ok(&["restore", next.to_str().unwrap(), "--quick"]);
    assert!(codes(&printed).len() == 8 && !codes(&printed).contains(&new[0]), "{printed}");
    assert_eq!(other.bytes(&["read", "a"]), data(1, 20_000));
}

#[test]
fn a_wrong_passphrase_or_code_is_named_and_changes_nothing() {
    let place = Place::new("wrong");
    let (vault, ours) = place.vault("v");
    vault.add(&place, "a", b"a");
    let archive = place.path("archive");
    vault.ok(&["export", archive.to_str().unwrap()]);
    let before = fs::read(place.path("archive.codes")).unwrap();

    let output = vault.command(&["list"]).env("VAULT_PASSPHRASE", "wrong").output().unwrap();
    let wrong =
        "error: the passphrase is wrong: try again, or restore an archive with a recovery code\n";
    assert_eq!(failed(&output).1, wrong);
    let (_, theirs) = place.vault("other");
    let mistyped = if ours[0].ends_with('0') { "1" } else { "0" };
    let mistyped = [&ours[0][..38], mistyped].concat();
    for (code, error) in [
        (theirs[0].as_str(), "the code is of another set: look for the paper of this vault"),
        (&mistyped, "the code is mistyped: compare it with the paper, letter by letter"),
        ("4ABC", "the code is too short or too long: compare it with the paper, letter by letter"),
    ] {
        let (_, said) = failed(&Vault(place.path("w")).restore(&archive, code));
        assert!(said.ends_with(&format!("error: {error}\n")), "{said}");
    }
    assert_eq!(fs::read(place.path("archive.codes")).unwrap(), before);
    assert!(!place.path("w").exists());
    assert_eq!(vault.bytes(&["read", "a"]), b"a");
}

#[test]
fn the_passphrase_may_come_from_standard_input() {
    let place = Place::new("input");
    let vault = Vault(place.path("v"));
    let mut command = vault.command(&["init", "--quick"]);
    let mut child = command.env_remove("VAULT_PASSPHRASE").stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!(" {PASSPHRASE}\r\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(codes(&said(&output.stdout)).len(), 8);
    assert_eq!(vault.ok(&["list"]), "");
}

/// A vault of one file of four chunks, one of its objects changed, and what `check` and `read` say then.
fn damaged(test: &str, damage: impl FnOnce(&mut Vec<u8>)) -> (Vault, [String; 2]) {
    let place = Place::new(test);
    let (vault, _) = place.vault("v");
    vault.add(&place, "other", b"other");
    let object = vault.add(&place, "film", &data(7, 57_344)); // padded by nothing but its length
    change(&object, damage);
    let (found, error) = vault.fails(&["check"]);
    assert!(error.ends_with(", whole files: 1; restore an archive, or read what is left\n"));
    let (_, error) = vault.fails(&["read", "film"]);
    (vault, [found, error])
}

/// where a chunk was changed, its bytes are named, and the others can still be read.
#[test]
fn a_changed_byte_is_found_in_its_chunk() {
    let flip = |object: &mut Vec<u8>| {
        object[HEADER + SEALED_CHUNK + 3] ^= 1;
        object[HEADER + 2 * SEALED_CHUNK + CHUNK + 15] ^= 0x80;
    };
    let (vault, [found, error]) = damaged("flip", flip);
    assert_eq!(
        found,
        "film: chunk 1, bytes 16384 to 32767, was changed\nfilm: chunk 2, bytes 32768 to 49151, was changed\n"
    );
    assert_eq!(error, "error: film: chunk 1, bytes 16384 to 32767, was changed\n");
    let rest = vault.bytes(&["read", "film", "--from", "49152"]);
    assert_eq!(rest, data(7, 57_344)[49_152..]);
}

/// truncation, something appended, another header.
#[test]
fn an_object_that_was_cut_or_replaced_is_said_to_be() {
    let len = HEADER + 57_344 + 8 + 4 * 16;
    let cut = |by: usize| move |object: &mut Vec<u8>| object.truncate(object.len() - by);
    let (_, [found, error]) = damaged("cut", cut(1));
    let expected = format!("film: its object has {} bytes of {len}: it was cut\n", len - 1);
    assert_eq!((found, error), (expected.clone(), format!("error: {expected}")));
    let (_, [found, _]) = damaged("cut_all", cut(len));
    assert_eq!(found, format!("film: its object has 0 bytes of {len}: it was cut\n"));
    let (_, [found, error]) = damaged("appended", |object| object.push(0));
    let expected = format!(
        "film: its object has {} bytes of {len}: it has something behind its end\n",
        len + 1
    );
    assert_eq!((found, error), (expected.clone(), format!("error: {expected}")));
    let (_, [found, error]) = damaged("header", |object| object[30] ^= 1);
    let expected =
        "film: its first 56 bytes were changed, or something else was put in its place\n";
    assert_eq!((found.as_str(), error), (expected, format!("error: {expected}")));
}

/// an object in another's place, none, and rows that were changed or swapped.
#[test]
fn objects_and_rows_that_are_not_where_they_belong_are_named() {
    let place = Place::new("swapped");
    let (vault, _) = place.vault("v");
    let (a, b) = (vault.add(&place, "a", &data(1, 300)), vault.add(&place, "b", &data(2, 300)));
    let whole = vault.copy_to(place.path("whole"));
    fs::copy(&b, &a).unwrap();
    assert_eq!(vault.fails(&["check", "a"]).0, "a: the object of b was put in its place\n");
    assert!(vault.fails(&["read", "a"]).1.contains("something else was put in its place"));
    assert_eq!(vault.bytes(&["read", "b"]), data(2, 300));
    fs::remove_file(&a).unwrap();
    assert_eq!(vault.fails(&["check"]).0, "a: its object is missing\n");
    assert_eq!(vault.fails(&["read", "a"]).1, "error: a: its object is missing\n");

    let numbers = change_rows(&whole, |rows| {
        let name = rows[0].2.len() / 2;
        rows[0].2[name] ^= 1;
    });
    let damaged = format!("row {:032x} is damaged: the record does not open\n", numbers[0]);
    assert_eq!(whole.fails(&["check"]).0, damaged);
    let (listed, error) = whole.fails(&["list"]);
    assert_eq!(listed.lines().count(), 1);
    assert_eq!(error, format!("{damaged}error: damaged rows: 1; restore an archive\n"));
    let (_, error) = whole.fails(&["rotate"]);
    assert!(error.contains("damaged rows: 1; the old root key is kept for them"), "{error}");

    change_rows(&vault, |rows| {
        let key = rows[0].1.clone();
        rows[0].1 = std::mem::replace(&mut rows[1].1, key);
    });
    let (found, _) = vault.fails(&["check"]);
    assert_eq!(found.matches("is damaged: its wrapped key does not open\n").count(), 2, "{found}");
}

/// Number, wrapped key, record.
type Row = (u128, Vec<u8>, Vec<u8>);

fn change_rows(vault: &Vault, change: impl FnOnce(&mut Vec<Row>)) -> Vec<u128> {
    let db = Database::open(vault.0.join("vault.redb")).unwrap();
    let transaction = db.begin_write().unwrap();
    let mut rows = Vec::new();
    {
        let mut table = transaction.open_table(ROWS).unwrap();
        for row in table.iter().unwrap() {
            let (id, row) = row.unwrap();
            let (key, record) = row.value();
            rows.push((id.value(), key.to_vec(), record.to_vec()));
        }
        change(&mut rows);
        for (id, key, record) in &rows {
            table.insert(*id, (key.as_slice(), record.as_slice())).unwrap();
        }
    }
    transaction.commit().unwrap();
    rows.into_iter().map(|(id, ..)| id).collect()
}

/// nothing is restored of an archive that is not whole, the code is not used up, and no new ones are shown.
#[test]
fn a_damaged_archive_restores_nothing() {
    let place = Place::new("archive");
    let (vault, ours) = place.vault("v");
    vault.add(&place, "a", &data(1, 50_000));
    let archive = place.path("archive");
    vault.ok(&["export", archive.to_str().unwrap()]);
    let whole = fs::read(&archive).unwrap();
    let body = whole.len() - (4 * 16 + 50_019) - HEADER;
    for (len, flipped, error) in [
        (whole.len(), Some(body + HEADER + SEALED_CHUNK), "the archive is damaged in chunk 1"),
        (whole.len(), Some(body + 1), "the archive's body belongs to another header"),
        (whole.len(), Some(body - 1), "the archive's header is not authentic"),
        (whole.len() - 1, None, "the archive ends too early"),
        (body + HEADER + SEALED_CHUNK, None, "the archive ends too early"),
        (body - 1, None, "the archive ends too early"),
    ] {
        let mut bytes = whole[..len].to_vec();
        flipped.into_iter().for_each(|at| bytes[at] ^= 1);
        fs::write(&archive, bytes).unwrap();
        let restored = Vault(place.path("w"));
        let (printed, said) = failed(&restored.restore(&archive, &ours[0]));
        let error = format!("{error}: nothing was restored, try another archive\n");
        assert!(said.ends_with(&error), "{said}");
        assert_eq!(codes(&printed), [""; 0]);
        assert!(restored.run(&["list"]).status.code() == Some(1));
    }
    fs::write(&archive, whole).unwrap();
    assert!(Vault(place.path("w")).restore(&archive, &ours[0]).status.success());
}

#[test]
fn what_is_there_already_is_not_overwritten() {
    let place = Place::new("twice");
    let (vault, _) = place.vault("v");
    vault.add(&place, "a", b"first");
    let (file, archive) = (place.write("b", b"second"), place.path("archive"));
    let (file, archive) = (file.to_str().unwrap(), archive.to_str().unwrap());
    let (_, error) = vault.fails(&["add", file, "a"]);
    assert_eq!(error, "error: a is there already: give it another NAME\n");
    assert!(vault.fails(&["add", file, "a\x1b[2J"]).1.contains("is no name"));
    assert!(
        vault.fails(&["init", "--quick"]).1.ends_with("is a vault already: name another folder\n")
    );
    vault.ok(&["export", archive]);
    assert!(vault.fails(&["export", archive]).1.ends_with("is there already: name another\n"));
    assert!(vault.fails(&["restore", archive, "--quick"]).1.contains("is a vault already"));
    assert_eq!(vault.bytes(&["read", "a"]), b"first");
}

#[test]
fn only_objects_without_a_row_are_swept_and_only_with_the_passphrase() {
    let place = Place::new("sweep");
    let (vault, _) = place.vault("v");
    vault.add(&place, "a", b"a");
    let objects = vault.0.join("objects");
    let left = ["0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef.part"];
    let foreign = ["notes", "0123", "0123456789abcdef0123456789abcdef.old"];
    for name in left.iter().chain(&foreign) {
        fs::write(objects.join(name), b"what an interrupted command left, or somebody").unwrap();
    }
    let output = vault.command(&["list"]).env("VAULT_PASSPHRASE", "wrong").output().unwrap();
    assert!(failed(&output).1.contains("the passphrase is wrong"));
    assert_eq!(vault.objects().len(), 6);
    let listed = vault.run(&["list"]);
    let swept = "objects swept away, of a command that was interrupted: 2\n";
    assert_eq!(said(&listed.stderr), swept);
    assert!(left.iter().all(|name| !objects.join(name).exists()));
    assert!(foreign.iter().all(|name| objects.join(name).exists()));
    assert_eq!(vault.bytes(&["read", "a"]), b"a");

    let other = Vault(objects);
    assert!(other.fails(&["init", "--quick"]).1.ends_with("is not empty: name another folder\n"));
    assert_eq!(vault.objects().len(), 4);
}
