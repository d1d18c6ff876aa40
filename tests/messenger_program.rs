//! `examples/messenger`, as its users use it: several processes, and a relay that is one more.
#![cfg(all(feature = "std", feature = "pq", feature = "password"))]

mod messenger_driver;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use messenger_driver::{Audit, Device, Line, Relay, line};
use redb::{Database, ReadableTable, TableDefinition};

const ROWS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("rows");

/// Alice and Bob, who have written to each other.
fn friends(test: &str) -> (Relay, Device, Device) {
    let relay = Relay::new(test);
    let (alice, bob) = (relay.register("alice"), relay.register("bob"));
    alice.ok(&["add", "bob"]);
    alice.ok(&["send", "bob", "hello"]);
    assert_eq!(bob.read(), [line("alice", "alice/1", "hello")]);
    bob.ok(&["send", "alice", "hello yourself"]);
    assert_eq!(alice.read(), [line("bob", "bob/1", "hello yourself")]);
    (relay, alice, bob)
}

/// what was read is shown once, and stays in the history of both.
#[test]
fn what_one_writes_the_other_reads_once() {
    let (relay, alice, bob) = friends("once");
    assert_eq!((alice.read(), bob.read()), (vec![], vec![]));
    let history = |with_bob, with_alice| {
        [line(with_bob, "alice/1", "hello"), line(with_alice, "bob/1", "hello yourself")]
    };
    assert_eq!(alice.history(), history("bob", "bob"));
    assert_eq!(bob.history(), history("alice", "alice"));
    bob.ok(&["send", "alice", "\u{1b}[2J"]);
    assert_eq!(alice.read(), [line("bob", "bob/1", "\u{fffd}[2J")], "no terminal is steered");
    bob.ok(&["send", "bob", "to remember"]);
    assert_eq!(bob.history().last(), Some(&line("bob", "bob/1", "to remember")));
    assert_eq!(Audit::of(&relay.log()).positions_twice, 0);
}

#[test]
fn both_show_the_same_safety_number_and_remember_that_they_have_compared_it() {
    let (_relay, alice, bob) = friends("safety");
    let shown = |device: &Device, of: &str| {
        let printed = device.ok(&["safety", of]);
        let (who, number) = printed.trim().split_once(": ").unwrap();
        (who.to_owned(), number.to_owned())
    };
    let (of_bob, number) = shown(&alice, "bob");
    assert_eq!(of_bob, "bob/1, not compared");
    assert_eq!(number.split(' ').count(), 12);
    assert_eq!(shown(&bob, "alice").1, number);
    let other = number.replace(['0', '1'], "2");
    assert_eq!(
        alice.fails(&["safety", "bob", &other]),
        "error: that is not the safety number of bob\n"
    );
    assert_eq!(alice.ok(&["safety", "bob", &number]), "bob is verified\n");
    assert_eq!(shown(&alice, "bob"), ("bob/1, verified".into(), number));
}

/// another identity is refused until the user has accepted it, and nothing is sent again to it by itself.
#[test]
fn another_identity_is_refused_until_it_is_accepted() {
    let (relay, alice, bob) = friends("another");
    fs::remove_dir_all(&bob.folder).unwrap();
    let bob = relay.register("bob");
    let refused = "bob/1 has another identity now: ask bob, then accept bob\n";
    assert_eq!(alice.fails(&["send", "bob", "secret"]), format!("error: {refused}"));
    bob.ok(&["add", "alice"]);
    bob.ok(&["send", "alice", "I have a new telephone"]);
    let (_, out, err) = alice.run(&["read"]);
    assert_eq!(out, "the outbox is empty\n");
    assert_eq!(err, format!("a letter was left at the relay: {refused}"));
    assert!(
        alice.ok(&["accept", "bob"]).starts_with("bob/1: another identity is accepted; compare\n")
    );
    assert_eq!(alice.read(), [line("bob", "bob/1", "I have a new telephone")]);
    alice.ok(&["send", "bob", "congratulations"]);
    assert_eq!(bob.read(), [line("alice", "alice/1", "congratulations")]);
}

#[test]
fn a_file_arrives_as_it_was_or_not_at_all() {
    let (relay, alice, bob) = friends("file");
    for len in [0_usize, 1, 16_384, 300_000] {
        let data: Vec<u8> = (0..len).map(|at| (at * at / 7) as u8).collect();
        let (file, got) = (relay.path("moving pictures"), relay.path("got"));
        fs::write(&file, &data).unwrap();
        alice.ok(&["send-file", "bob", file.to_str().unwrap()]);
        let read = bob.read();
        assert_eq!(read, [line("alice", "alice/1", &format!("file moving pictures, {len} bytes"))]);
        let number = bob.history().len().to_string();
        bob.ok(&["save", &number, got.to_str().unwrap()]);
        assert_eq!(fs::read(&got).unwrap(), data);
    }
    let number = bob.history().len().to_string();
    let objects = fs::read_dir(relay.path("relay/objects")).unwrap();
    let longest = objects.map(|it| it.unwrap()).max_by_key(|it| it.metadata().unwrap().len());
    let path = longest.unwrap().path();
    let mut object = fs::read(&path).unwrap();
    assert!(!object.windows(8).any(|window| window == [0; 8]), "it is encrypted");
    object[200_000] ^= 1;
    fs::write(&path, object).unwrap();
    let nowhere = relay.path("nowhere");
    let refused = bob.fails(&["save", &number, nowhere.to_str().unwrap()]);
    assert_eq!(refused, format!("error: {}\n", confidant::FileError::WrongDigest));
    assert!(!nowhere.exists());
    assert_eq!(bob.fails(&["save", "1", "x"]), "error: that is no file\n");
}

#[test]
fn a_group_of_three_users_and_four_devices() {
    let (relay, alice, bob) = friends("group");
    let (carol, second) = (relay.register("carol"), relay.register("alice/2"));
    alice.ok(&["group", "friends", "bob", "carol"]);
    assert!(alice.fails(&["group", "friends", "bob"]).contains("already"));
    let invited = "group @friends of alice/1, bob/1, carol/1, alice/2";
    assert_eq!(bob.read(), [line("alice", "alice/1", invited)]);
    // Two speak before the others have heard of the group.
    alice.ok(&["send", "@friends", "one"]);
    bob.ok(&["send", "@friends", "two"]);
    let both = [line("@friends", "alice/1", "one"), line("@friends", "bob/1", "two")];
    assert_eq!(carol.read()[1..], both);
    assert_eq!(second.read()[1..], both);
    assert_eq!((bob.read(), alice.read()), (both[..1].to_vec(), both[1..].to_vec()));
    carol.ok(&["send", "@friends", "three"]);
    second.ok(&["send", "@friends", "four"]);
    let more = [line("@friends", "carol/1", "three"), line("@friends", "alice/2", "four")];
    assert_eq!(bob.read(), more);
    assert_eq!(alice.read(), more);
    assert_eq!(carol.read(), more[1..]);
    assert_eq!(bob.fails(&["send", "@others", "x"]), "error: there is no group @others\n");
    let audit = Audit::of(&relay.log());
    assert_eq!(audit.positions_twice, 0);
    assert!(audit.handshakes >= 6, "{audit:?}");
}

/// Every device of a user gets a message, and the sender's own others know what was sent.
#[test]
fn every_device_of_both_users_has_the_whole_conversation() {
    let (relay, alice, bob) = friends("devices");
    let (tablet, watch) = (relay.register("alice/2"), relay.register("bob/7"));
    bob.ok(&["send", "alice", "do you get this?"]);
    alice.read();
    watch.read();
    tablet.read();
    tablet.ok(&["send", "bob", "on every device"]);
    let expected = line("bob", "alice/2", "on every device");
    assert_eq!(alice.read(), [expected]);
    for device in [&bob, &watch] {
        assert_eq!(device.read(), [line("alice", "alice/2", "on every device")]);
    }
    assert_eq!(watch.history()[0], line("alice", "bob/1", "do you get this?"));
}

/// what was encrypted is stored before it is sent: without a relay it waits, and goes out once.
#[test]
fn without_a_relay_letters_wait_in_the_outbox() {
    let (mut relay, alice, bob) = friends("outbox");
    relay.stop();
    for (count, text) in ["one", "two"].into_iter().enumerate() {
        let (output, out, err) = alice.run(&["send", "bob", text]);
        assert!(output.status.success());
        assert_eq!(out, "stored\n");
        let waits = format!("in the outbox, for the next command: {}\n", count + 1);
        assert!(err.starts_with("the relay is not there") && err.ends_with(&waits), "{err}");
    }
    assert!(bob.fails(&["read"]).starts_with("error: the relay is not there"));
    assert!(alice.fails(&["send", "carol", "x"]).contains("carol is not known"));
    relay.start();
    alice.read();
    let expected = ["one", "two"].map(|text| line("alice", "alice/1", text));
    assert_eq!(bob.read(), expected);
    let sent_twice = relay.log();
    assert_eq!(Audit::of(&sent_twice).positions_twice, 0);
}

#[test]
fn a_wrong_passphrase_and_a_wrong_place_are_named() {
    let (relay, alice, _) = friends("passphrase");
    let with = |passphrase: &str| {
        let mut command = alice.command(&["history"]);
        let output = command.env("MESSENGER_PASSPHRASE", passphrase).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(with("wrong"), "error: the passphrase is wrong, or the keyring is damaged\n");
    assert!(with("").ends_with("set MESSENGER_PASSPHRASE\n"));
    let nobody = Device::at(relay.path("nobody"), "nobody");
    assert!(nobody.fails(&["read"]).ends_with("is no device: register it\n"));
    let again = alice.fails(&["register", "alice", relay.path("port").to_str().unwrap()]);
    assert!(again.ends_with("is a device already\n"), "{again}");
}

/// nothing that was said, and nobody's name, can be found on the disk.
#[test]
fn nothing_is_on_the_disk_in_clear() {
    let (_relay, alice, _) = friends("clear");
    alice.ok(&["send", "bob", "a very particular text"]);
    let disk = fs::read(alice.database()).unwrap();
    let has = |what: &str| disk.windows(what.len()).any(|window| window == what.as_bytes());
    assert!(has("redb") && has("rows"));
    for secret in ["a very particular text", "hello", "bob", "CFDT"] {
        assert!(!has(secret), "{secret}");
    }
}

/// a flipped bit in any value at rest, and a value in another one's place, is refused, and said so.
#[test]
fn a_row_that_was_changed_or_moved_is_named() {
    let (relay, alice, _) = friends("flipped");
    let damaged = "error: a row of the database is damaged: ";
    let mut kinds: BTreeMap<u8, Vec<Vec<u8>>> = BTreeMap::new();
    for key in keys(&alice.database()) {
        kinds.entry(key[0]).or_default().push(key);
    }
    assert_eq!(kinds.keys().copied().collect::<Vec<_>>(), [2, 4, 5, 0x80, 0x82, 0x83, 0x84]);
    // Texts are found by name, and never read; what was sent, only when it is asked for.
    for (kind, keys) in kinds.iter().filter(|(kind, _)| **kind < 0x83) {
        let copy = alice.copy_to(relay.path(&format!("flipped {kind}")));
        change(&copy.database(), |rows| {
            for key in keys {
                let record = rows.get_mut(key).unwrap();
                let middle = record.len() / 2;
                record[middle] ^= 0x10;
            }
        });
        assert!(copy.fails(&["history"]).starts_with(damaged), "{kind}");
        if let [first, second, ..] = keys.as_slice() {
            let copy = alice.copy_to(relay.path(&format!("moved {kind}")));
            change(&copy.database(), |rows| {
                let (a, b) = (rows[first].clone(), rows[second].clone());
                rows.extend([(first.clone(), b), (second.clone(), a)]);
            });
            assert!(copy.fails(&["history"]).starts_with(damaged), "{kind}");
        }
    }
    assert_eq!(alice.history().len(), 2);
}

fn keys(database: &Path) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    change(database, |rows| keys.extend(rows.keys().cloned()));
    keys
}

fn change(database: &Path, change: impl FnOnce(&mut BTreeMap<Vec<u8>, Vec<u8>>)) {
    let db = Database::open(database).unwrap();
    let transaction = db.begin_write().unwrap();
    {
        let mut table = transaction.open_table(ROWS).unwrap();
        let all = table.iter().unwrap().map(|row| {
            let (key, value) = row.unwrap();
            (key.value().to_vec(), value.value().to_vec())
        });
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = all.collect();
        change(&mut rows);
        for (key, value) in rows {
            table.insert(key.as_slice(), value.as_slice()).unwrap();
        }
    }
    transaction.commit().unwrap();
}

/// Does each read in this exchange what the other writes in it? Whoever is asked for a message answers in the same exchange.
fn exchange(pair: &mut [Device; 2], number: usize, first: usize) -> bool {
    let mut read = 0;
    for from in [first, 1 - first] {
        let (sender, reader) = (&pair[from], &pair[1 - from]);
        let text = format!("exchange {number} of {}", sender.name);
        let reader_is_called = reader.name.split('/').next().unwrap();
        sender.ok(&["send", reader_is_called, &text]);
        let has_it = |lines: &[Line]| lines.iter().any(|line| line.said == text);
        let mut got = has_it(&reader.read());
        sender.read();
        got |= has_it(&reader.read());
        read += usize::from(got);
    }
    for device in pair {
        device.later += confidant::limits::RETRY_INTERVAL;
    }
    read == 2
}

/// After so many turns and then messages, Alice's directory is put back to what it was before them. How many exchanges until both read each other, whoever writes first;
/// and at how many positions of chains two messages were seen.
fn exchanges_after_restore(test: &str, lost: (usize, usize), is_told: bool) -> [usize; 2] {
    let restored = |first| restored(test, lost, (is_told, first));
    let [a, b] = std::thread::scope(|scope| {
        [0, 1].map(|first| scope.spawn(move || restored(first))).map(|it| it.join().unwrap())
    });
    [a[0].max(b[0]), a[1] + b[1]]
}

fn restored(
    test: &str,
    (turns, messages): (usize, usize),
    (is_told, first): (bool, usize),
) -> [usize; 2] {
    let (relay, alice, bob) = friends(&format!("{test} {turns} {messages} {first}"));
    alice.ok(&["send", "bob", "and so on"]);
    bob.read();
    let backup = alice.copy_to(relay.path("backup"));
    for _ in 0..turns {
        bob.ok(&["send", "alice", "tick"]);
        alice.read();
        alice.ok(&["send", "bob", "tack"]);
        bob.read();
    }
    for _ in 0..messages {
        alice.ok(&["send", "bob", "one more"]);
        bob.read();
    }
    fs::copy(backup.database(), alice.database()).unwrap();
    if is_told {
        alice.ok(&["restored"]);
    }
    let mut pair = [alice, bob];
    let exchanges = (1..=10).find(|number| exchange(&mut pair, *number, first)).unwrap();
    assert!(exchange(&mut pair, 11, first), "and so they go on");
    for device in &pair {
        let mut of_exchanges = device.history();
        of_exchanges.retain(|line| line.said.starts_with("exchange"));
        let all = of_exchanges.len();
        of_exchanges.sort();
        of_exchanges.dedup();
        assert_eq!(of_exchanges.len(), all, "nothing is there twice");
    }
    [exchanges, Audit::of(&relay.log()).positions_twice]
}

/// a directory that was put back, and nobody has noticed: the numbers of `docs/state.md`, "What a rollback costs". A position of a chain may be used twice then;
/// salts keep keys and nonces apart: no pair of salt and commitment was seen in two messages.
#[test]
fn a_restored_directory_is_in_the_conversation_again_within_the_exchanges_that_are_documented() {
    let cases = [(0, 2, 2), (1, 0, 4), (2, 1, 4)];
    std::thread::scope(|scope| {
        for (turns, messages, documented) in cases {
            scope.spawn(move || {
                let [exchanges, twice] = exchanges_after_restore("back", (turns, messages), false);
                assert!(exchanges <= documented, "{turns} turns, {messages} messages: {exchanges}");
                assert_eq!(twice > 0, turns == 0, "{turns} turns, {messages} messages: {twice}");
            });
        }
    });
}

/// where it is known, one exchange is enough, and no position is used twice.
#[test]
fn a_directory_that_says_that_it_was_restored_needs_one_exchange() {
    assert_eq!(exchanges_after_restore("told", (1, 1), true), [1, 0]);
}
