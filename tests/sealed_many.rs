//! One sealed message for many: what the relay cuts it into, and what one recipient can do to another.

mod common;
mod forge;
mod office;

use std::collections::BTreeSet;

use common::{NOW, TestRng, address};
use confidant::limits::MAX_RECIPIENTS;
use confidant::{
    Address, DecodeError, DeviceId, Identity, OpenError, Party, Provider, SealError, SealedContent,
    SealedMessage, SealedUpload, UserId,
};
use forge::sealed::{CONTROL, HEAD, Sealing, content, encode, reveal, secret_of};
use office::{Office, Person};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngSeed, TestRunner};

const TEXT: &[u8] = b"to all of you";
/// Where the entries of an upload begin.
const ENTRIES: usize = 38;

/// Alice, and some to whom she writes.
struct Scene {
    office: Office,
    alice: Person,
    others: Vec<Person>,
    rng: TestRng,
}

impl Scene {
    fn new(others: usize, seed: u64) -> Self {
        let (office, mut rng) = (Office::new(), TestRng::new(seed));
        let alice = office.person("alice", &mut rng);
        let other = |number| office.person(&format!("user{number}"), &mut rng);
        let others = (0..others).map(other).collect();
        Self { office, alice, others, rng }
    }

    fn parties(&self) -> Vec<Party> {
        self.others.iter().map(Person::party).collect()
    }

    fn upload(&mut self) -> Vec<u8> {
        let to = self.parties();
        self.alice.sender().seal_many(&to, SealedContent::Control(TEXT), &mut self.rng).unwrap()
    }

    /// What each is sent, in the order of `others`, which is that of their addresses.
    fn views(&self, upload: &[u8]) -> Vec<Vec<u8>> {
        let upload = SealedUpload::decode(upload).unwrap();
        let views: Vec<_> = upload.views().map(|(to, view)| (to, view.encode())).collect();
        let to = views.iter().map(|(to, _)| to);
        assert!(to.eq(self.others.iter().map(|other| &other.address)));
        views.into_iter().map(|(_, view)| view).collect()
    }

    fn assert_read(&self, by: usize, view: &[u8]) {
        let sealed = self.office.read(&self.others[by], view);
        assert_eq!(*sealed.party(), self.alice.party());
        assert_eq!(sealed.control(), Some(TEXT));
    }
}

/// The lengths of the entries, all of `user0` … `user9`.
fn entry_len() -> usize {
    encode(&address("user0")).len() + 64
}

/// Each recipient opens its own view, and no other.
#[test]
fn each_recipient_opens_its_own_view() {
    let mut scene = Scene::new(4, 1);
    let upload = scene.upload();
    assert_eq!(SealedUpload::decode(&upload).unwrap().recipient_count(), 4);
    for (of, view) in scene.views(&upload).iter().enumerate() {
        scene.assert_read(of, view);
        for (by, other) in scene.others.iter().enumerate().filter(|(by, _)| *by != of) {
            assert_eq!(other.open(view).map(drop), Err(OpenError::Unauthentic), "{by} of {of}");
        }
        assert_eq!(scene.alice.open(view).map(drop), Err(OpenError::Unauthentic));
    }
}

/// A view is what would have been sealed for that recipient alone, to the byte.
#[test]
fn a_view_is_the_message_for_one() {
    let scene = Scene::new(3, 2);
    let sender = scene.alice.sender();
    let content = SealedContent::Control(TEXT);
    let to = scene.parties();
    let upload = sender.seal_many(&to, content, &mut TestRng::new(3)).unwrap();
    for (to, view) in to.iter().zip(scene.views(&upload)) {
        assert_eq!(sender.seal(to, content, &mut TestRng::new(3)), Ok(view));
    }
}

/// A view borrows the shared part from the upload; head and shared part are the message.
#[test]
fn views_share_one_shared_part() {
    let mut scene = Scene::new(3, 4);
    let upload = scene.upload();
    let start = ENTRIES + 3 * entry_len();
    for (_, view) in SealedUpload::decode(&upload).unwrap().views() {
        assert_eq!(view.shared().as_ptr(), upload[start..].as_ptr());
        assert_eq!(view.shared().len(), upload.len() - start);
        assert_eq!(view.encode(), [&view.head(), view.shared()].concat());
        let bytes = view.encode();
        assert_eq!(SealedMessage::decode(&bytes).unwrap(), view);
        assert_eq!(bytes.len(), 1_194);
    }
}

/// The order in which recipients are named does not matter, and does not show.
#[test]
fn recipients_are_in_the_order_of_their_addresses() {
    let scene = Scene::new(5, 5);
    let mut to = scene.parties();
    let sender = scene.alice.sender();
    let seal = |to: &[Party]| {
        let content = SealedContent::Control(TEXT);
        sender.seal_many(to, content, &mut TestRng::new(6)).unwrap()
    };
    let first = seal(&to);
    to.reverse();
    to.swap(1, 3);
    assert_eq!(seal(&to), first);
}

/// a recipient who encrypts something else under the key that all of them have deceives nobody.
#[test]
fn a_corecipient_cannot_change_what_others_read() {
    let mut scene = Scene::new(2, 7);
    let upload = scene.upload();
    let [bobs, charlies] = scene.views(&upload).try_into().unwrap();
    let (bob, charlie) = (&scene.others[0], &scene.others[1]);
    let m = reveal(&charlie.identity, &charlie.address, &charlies);
    assert_eq!(m, reveal(&bob.identity, &bob.address, &bobs), "one M for all");
    let swapped = |text| {
        let padded = content(scene.alice.certificate.as_bytes(), CONTROL, text);
        [&bobs[..HEAD], &Sealing::new(m, &padded).shared].concat()
    };
    assert_eq!(swapped(TEXT), bobs, "Charlie makes the very bytes that Alice made");
    let refused = bob.open(&swapped(b"to none of you")).map(drop);
    assert_eq!(refused, Err(OpenError::Unauthentic));
    // The same text in a longer shared part, or as a message that is one of Alice's.
    let padded = content(scene.alice.certificate.as_bytes(), CONTROL, &[7; 2_000]);
    let longer = [&bobs[..HEAD], &Sealing::new(m, &padded).shared].concat();
    assert_eq!(bob.open(&longer).map(drop), Err(OpenError::Unauthentic));
}

/// nor with a tag that the co-recipient can make, of his own or of what he shares with Alice.
#[test]
fn a_corecipient_cannot_make_the_senders_tag() {
    let mut scene = Scene::new(2, 8);
    let upload = scene.upload();
    let views = scene.views(&upload);
    let (alice, bob, charlie) = (&scene.alice, &scene.others[0], &scene.others[1]);
    let m = reveal(&charlie.identity, &charlie.address, &views[1]);
    let sealing =
        Sealing::new(m, &content(alice.certificate.as_bytes(), CONTROL, b"to none of you"));
    let secrets = [alice.party(), bob.party()];
    for secret in secrets.map(|party| secret_of(&charlie.identity, party.identity())) {
        for name in [alice, charlie] {
            let forged = sealing.message(&secret, &name.party(), &bob.party());
            assert_eq!(bob.open(&forged).map(drop), Err(OpenError::Unauthentic));
        }
    }
    // In his own name he can, like anybody.
    let own = content(charlie.certificate.as_bytes(), CONTROL, b"to none of you");
    let secret = secret_of(&charlie.identity, bob.party().identity());
    let honest = Sealing::new(m, &own).message(&secret, &charlie.party(), &bob.party());
    assert_eq!(*scene.office.read(bob, &honest).party(), charlie.party());
}

/// parts of views that are put together in another way open for nobody.
#[test]
fn swapped_views_are_refused() {
    let mut scene = Scene::new(2, 9);
    let (first, second) = (scene.upload(), scene.upload());
    let (first, second) = (scene.views(&first), scene.views(&second));
    let refused = |view: &[u8]| {
        for other in &scene.others {
            assert_eq!(other.open(view).map(drop), Err(OpenError::Unauthentic));
        }
    };
    // E, C, tag, shared part; each from the other recipient's view or from the other message.
    for part in [2..34, 34..66, 66..98, 98..first[0].len()] {
        for donor in [&first[1], &second[0]] {
            let mut view = first[0].clone();
            view[part.clone()].copy_from_slice(&donor[part.clone()]);
            if view != first[0] {
                refused(&view);
            }
        }
    }
    refused(&[&first[0][..HEAD], &second[0][HEAD..]].concat());
    scene.assert_read(0, &first[0]);
    scene.assert_read(0, &second[0]);
}

/// The count that an upload claims.
fn with_count(upload: &[u8], count: u32) -> Vec<u8> {
    let mut bytes = upload.to_vec();
    bytes[34..38].copy_from_slice(&count.to_be_bytes());
    bytes
}

fn refused(upload: &[u8]) -> DecodeError {
    SealedUpload::decode(upload).map(drop).unwrap_err()
}

/// a list of recipients that is cut short, or claims too few or too many, is no upload.
#[test]
fn a_truncated_recipient_list_is_refused() {
    let mut scene = Scene::new(4, 10);
    let upload = scene.upload();
    assert_eq!(refused(&with_count(&upload, 0)), DecodeError::NotCanonical);
    // With too many, the shared part is read for an entry: what is there comes before the end.
    for count in [1, 2, 3, 5, 6, 100, 5_000] {
        assert_eq!(refused(&with_count(&upload, count)), DecodeError::NotCanonical, "{count}");
    }
    let entries = ENTRIES + 4 * entry_len();
    for len in ENTRIES..entries {
        assert_eq!(refused(&upload[..len]), DecodeError::Truncated, "{len}");
    }
    let more = with_count(&upload, 5_000);
    assert_eq!(refused(&more[..entries]), DecodeError::Truncated);
    assert_eq!(refused(&upload[..entries]), DecodeError::NotCanonical, "without a shared part");
    for count in [5_001, 1 << 16, 1 << 31, u32::MAX] {
        assert_eq!(refused(&with_count(&upload, count)), DecodeError::TooMany, "{count}");
    }
    // Without an entry, or a part of one.
    for cut in [1, 10, 63, entry_len()] {
        let shorter = [&upload[..ENTRIES], &upload[ENTRIES + cut..]].concat();
        assert_eq!(refused(&shorter), DecodeError::NotCanonical, "{cut}");
    }
    for len in 0..upload.len() {
        let error = refused(&upload[..len]);
        assert!([DecodeError::Truncated, DecodeError::NotCanonical].contains(&error), "{len}");
    }
    let longer = [&upload[..], &[0]].concat();
    assert_eq!(refused(&longer), DecodeError::NotCanonical);
}

/// A relay can leave recipients out; the others read what they would have read.
#[test]
fn who_is_left_out_is_missed_by_nobody() {
    let mut scene = Scene::new(3, 11);
    let upload = scene.upload();
    let gone = ENTRIES + entry_len()..ENTRIES + 2 * entry_len();
    let mut without = with_count(&upload, 2);
    without.drain(gone);
    scene.others.remove(1);
    for (by, view) in scene.views(&without).iter().enumerate() {
        scene.assert_read(by, view);
    }
}

/// A recipient is there once, and in its place.
#[test]
fn duplicate_recipients_on_the_wire_are_refused() {
    let mut scene = Scene::new(3, 12);
    let upload = scene.upload();
    let entry = |number: usize| {
        let start = ENTRIES + number * entry_len();
        &upload[start..start + entry_len()]
    };
    let of = |numbers: &[usize]| {
        let mut bytes = with_count(&upload[..ENTRIES], u32::try_from(numbers.len()).unwrap());
        numbers.iter().for_each(|number| bytes.extend(entry(*number)));
        bytes.extend(&upload[ENTRIES + 3 * entry_len()..]);
        bytes
    };
    assert_eq!(of(&[0, 1, 2]), upload);
    for wrong in [&[0, 0][..], &[0, 1, 1], &[0, 1, 2, 2], &[0, 1, 0], &[1, 0], &[0, 2, 1]] {
        assert_eq!(refused(&of(wrong)), DecodeError::NotCanonical, "{wrong:?}");
    }
    // The same address with another C and tag.
    let mut twice = of(&[0, 0]);
    twice[ENTRIES + 2 * entry_len() - 1] ^= 1;
    assert_eq!(refused(&twice), DecodeError::NotCanonical);
}

/// What seal_many refuses, by name, before anything is drawn.
#[test]
fn recipients_that_cannot_be_are_refused_by_name() {
    let scene = Scene::new(2, 13);
    let (bob, charlie) = (scene.others[0].party(), scene.others[1].party());
    let mut rng = TestRng::new(14);
    let text = SealedContent::Control(TEXT);
    let mut seal = |to: &[&Party], content| {
        scene.alice.sender().seal_many(to.iter().copied(), content, &mut rng).map(drop)
    };
    assert_eq!(seal(&[], text), Err(SealError::NoRecipients));
    let duplicate = Err(SealError::DuplicateRecipient);
    assert_eq!(seal(&[&bob, &bob], text), duplicate);
    assert_eq!(seal(&[&bob, &charlie, &bob], text), duplicate);
    let changed = Party::new(bob.address().clone(), *charlie.identity());
    assert_eq!(seal(&[&bob, &changed], text), duplicate, "an address is there once");
    let alice = scene.alice.party();
    assert_eq!(seal(&[&bob, &alice, &alice], text), duplicate, "ours, too");
    let none = SealedContent::Message(b"a text");
    assert_eq!(seal(&[&bob, &charlie], none), Err(SealError::NotAMessage));
    assert_eq!(seal(&[], none), Err(SealError::NoRecipients));
    assert_eq!(seal(&[&bob, &bob], none), duplicate);
    assert_eq!(rng.draws, 0);
}

/// a group's list has its sender on it, and does not tell who of it that is: everybody's uploads for the group have the same
/// recipients and lengths, and the sender's own entry is made like the others.
#[test]
fn our_own_entry_looks_like_any_other() {
    let mut scene = Scene::new(3, 18);
    let group: Vec<Party> = [scene.alice.party()].into_iter().chain(scene.parties()).collect();
    let people: Vec<&Person> = [&scene.alice].into_iter().chain(&scene.others).collect();
    let mut shapes = BTreeSet::new();
    for from in &people {
        let text = SealedContent::Control(TEXT);
        let bytes = from.sender().seal_many(&group, text, &mut scene.rng).unwrap();
        let upload = SealedUpload::decode(&bytes).unwrap();
        let listed: Vec<Address> = upload.views().map(|(to, _)| to).collect();
        assert!(listed.iter().eq(group.iter().map(Party::address)), "the whole group");
        shapes.insert((bytes.len(), listed));
        for (to, (_, view)) in people.iter().zip(upload.views()) {
            assert_made_alike((from, to), &view.encode());
        }
    }
    assert_eq!(shapes.len(), 1);
}

/// The view is what the specification's formula gives, whoever it is for; and whoever else it is for reads it.
fn assert_made_alike((from, to): (&Person, &Person), view: &[u8]) {
    let m = reveal(&to.identity, &to.address, view);
    let padded = content(from.certificate.as_bytes(), CONTROL, TEXT);
    let secret = secret_of(&from.identity, &to.identity.public());
    let made = Sealing::new(m, &padded).message(&secret, &from.party(), &to.party());
    assert!(made == view);
    let expected = if from.address == to.address { Err(OpenError::FromOurselves) } else { Ok(()) };
    assert_eq!(to.open(view).map(drop), expected);
}

/// With ourselves on the list, the others read what they would have read, and are told the same message by the same id.
#[test]
fn the_others_read_what_is_for_us_too() {
    let scene = Scene::new(3, 19);
    let sender = scene.alice.sender();
    let seal = |to: &[Party]| {
        sender.seal_many(to, SealedContent::Control(TEXT), &mut TestRng::new(20)).unwrap()
    };
    let group: Vec<Party> = [scene.alice.party()].into_iter().chain(scene.parties()).collect();
    let (with, without) = (seal(&group), seal(&scene.parties()));
    let with: Vec<_> = SealedUpload::decode(&with)
        .unwrap()
        .views()
        .skip(1)
        .map(|(_, view)| view.encode())
        .collect();
    assert_eq!(with, scene.views(&without));
    let mut ids = BTreeSet::new();
    for (by, view) in with.iter().enumerate() {
        scene.assert_read(by, view);
        let read = || *scene.office.read(&scene.others[by], view).id();
        assert_eq!(read(), read());
        ids.insert(read());
    }
    assert_eq!(ids.len(), 3, "each recipient has its own");
}

/// A list of ourselves alone, for what it is worth.
#[test]
fn a_list_of_ourselves_alone_is_a_list() {
    let mut scene = Scene::new(1, 21);
    let (us, text) = (scene.alice.party(), SealedContent::Control(TEXT));
    let upload = scene.alice.sender().seal_many([&us], text, &mut scene.rng).unwrap();
    let upload = SealedUpload::decode(&upload).unwrap();
    assert_eq!(upload.recipient_count(), 1);
    let view = upload.views().next().unwrap().1.encode();
    assert_eq!(scene.alice.open(&view).map(drop), Err(OpenError::FromOurselves));
    assert_eq!(scene.others[0].open(&view).map(drop), Err(OpenError::Unauthentic));
}

/// Devices of one user, which all have one identity.
fn devices(count: usize, identity: &Identity) -> Vec<Party> {
    let (provider, user) = (Provider::new("").unwrap(), UserId::new("u").unwrap());
    let address = |device| Address::new(provider.clone(), user.clone(), DeviceId::new(device));
    let numbers = 0..u32::try_from(count).unwrap();
    numbers.map(|device| Party::new(address(device), identity.public())).collect()
}

/// As many recipients as a group has devices, and not one more; in the list before anything else.
#[test]
fn five_thousand_recipients_are_the_most() {
    let mut scene = Scene::new(1, 15);
    let bob = &scene.others[0];
    let mut to = devices(MAX_RECIPIENTS + 1, &bob.identity);
    let mut seal = |to: &[Party]| {
        let text = SealedContent::Control(TEXT);
        scene.alice.sender().seal_many(to, text, &mut scene.rng)
    };
    assert_eq!(MAX_RECIPIENTS, 5_000);
    assert_eq!(seal(&to), Err(SealError::TooManyRecipients));
    // Whichever comes first in the list.
    to[5_000] = to[0].clone();
    assert_eq!(seal(&to), Err(SealError::TooManyRecipients));
    to[4_999] = to[0].clone();
    assert_eq!(seal(&to), Err(SealError::DuplicateRecipient));
    let to = devices(MAX_RECIPIENTS, &bob.identity);
    let upload = seal(&to).unwrap();
    let upload = SealedUpload::decode(&upload).unwrap();
    assert_eq!(upload.recipient_count(), 5_000);
    assert!(upload.views().map(|(to, _)| to).eq(to.iter().map(|to| to.address().clone())));
    for (to, view) in upload.views().step_by(1_000) {
        assert!(view.open(&bob.identity, &to).is_ok());
    }
}

/// A user's devices, with one identity or several, and our own other device are recipients like any.
#[test]
fn our_own_other_device_is_a_recipient() {
    let mut scene = Scene::new(0, 16);
    let mine = devices(2, &scene.alice.identity);
    let text = SealedContent::Control(TEXT);
    let upload = scene.alice.sender().seal_many(&mine, text, &mut scene.rng).unwrap();
    for (to, view) in SealedUpload::decode(&upload).unwrap().views() {
        let opened = view.open(&scene.alice.identity, &to).unwrap();
        let sealed = opened.verify(&scene.office.roots, NOW).unwrap();
        assert_eq!(*sealed.party(), scene.alice.party());
    }
}

/// any recipients, any length: each of them opens, and nobody else does.
#[test]
fn recipients_open_and_nobody_else_does() {
    let scene = Scene::new(6, 17);
    let rng_seed = RngSeed::Fixed(82);
    let config = Config { cases: 40, rng_seed, failure_persistence: None, ..Config::default() };
    let strategy = (vec(any::<bool>(), 6), 0..40_000_usize, any::<u64>());
    let played = TestRunner::new(config).run(&strategy, |(chosen, len, seed)| {
        let to: Vec<Party> = scene
            .others
            .iter()
            .zip(&chosen)
            .filter(|(_, chosen)| **chosen)
            .map(|(other, _)| other.party())
            .collect();
        let text = vec![7; len];
        let sealed = scene.alice.sender().seal_many(
            &to,
            SealedContent::Control(&text),
            &mut TestRng::new(seed),
        );
        if to.is_empty() {
            assert_eq!(sealed, Err(SealError::NoRecipients));
            return Ok(());
        }
        let sealed = sealed.unwrap();
        let upload = SealedUpload::decode(&sealed).unwrap();
        let mut read = BTreeSet::new();
        for (to, view) in upload.views() {
            let view = view.encode();
            for other in &scene.others {
                let opened = other.open(&view);
                assert_eq!(opened.is_ok(), other.address == to);
                let Ok(opened) = opened else { continue };
                let verified = opened.verify(&scene.office.roots, NOW).unwrap();
                assert_eq!(verified.control(), Some(&text[..]));
                read.insert(to.clone());
            }
        }
        assert_eq!(read, to.iter().map(|party| party.address().clone()).collect());
        Ok(())
    });
    played.unwrap_or_else(|failure| panic!("{failure}"));
}
