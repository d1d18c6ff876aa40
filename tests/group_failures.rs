//! A group message opens as its sender made it, for whom and where it was made, once; and what fails changes nothing.
//!
//! `Assembly::refuses` compares the snapshots before and after.

mod assembly;
mod common;
mod forge;
mod village;

use assembly::forger::{self, Chain, HEADER};
use assembly::{ALICE, Assembly, BOB, CAROL, DAVE, LONGEST, copy};
use common::{NOW, TestRng};
use confidant::{DecodeError, DistributionError, GroupDecryptError, GroupError};
use ed25519_dalek::SigningKey;

const SIGNATURE: usize = 64;
const SHORTEST: usize = HEADER + 24 + 32 + 16 + SIGNATURE;
/// `GROUP_MAX_JUMP`.
const JUMP: u32 = 2_000;
/// From where on Bob has been given Alice's key.
const FIRST: u32 = 3;

/// Bob has Alice's key from iteration 3 on.
struct Stage {
    name: &'static str,
    assembly: Assembly,
    message: Vec<u8>,
    /// The iteration after the last that Bob has read.
    next: u32,
}

impl Stage {
    /// A message that Bob has not read, of iteration 5 and epoch 3 (like 1 and 2, in which nobody came or went); `read` is what
    /// he has read.
    fn new(name: &'static str, read: &[u32]) -> Self {
        let mut assembly = Assembly::new(2);
        assembly.rotate(ALICE);
        assembly.lose(ALICE, FIRST);
        assembly.give(ALICE, BOB);
        for number in [2, 3] {
            assembly.change(number, &[ALICE, BOB]);
        }
        let sent: Vec<_> = (FIRST..10).map(|_| assembly.send(ALICE, b"text")).collect();
        let sent = |iteration: u32| &sent[usize::try_from(iteration - FIRST).unwrap()];
        for iteration in read {
            assembly.opens(BOB, sent(*iteration), b"text");
        }
        let next = read.iter().max().map_or(FIRST, |last| last + 1);
        Self { name, assembly, message: sent(5).clone(), next }
    }

    /// "Groups" of the specification, for a message in which the byte at `offset` is not the sender's.
    fn expected(&self, changed: &[u8], offset: usize) -> GroupDecryptError {
        let iteration = u32::from_be_bytes(changed[forger::NAMED_ITERATION].try_into().unwrap());
        let epoch = u64::from_be_bytes(changed[18..26].try_into().unwrap());
        match offset {
            0 => GroupDecryptError::Malformed(DecodeError::UnsupportedVersion),
            1 => GroupDecryptError::Malformed(DecodeError::WrongKind),
            2..18 => GroupDecryptError::UnknownKey,
            _ if epoch > 3 => GroupDecryptError::UnknownEpoch,
            _ if epoch < 1 => GroupDecryptError::OldEpoch,
            26..34 => GroupDecryptError::MembersDiffer,
            _ if iteration < FIRST => GroupDecryptError::BeforeOurTime,
            _ if iteration.saturating_sub(self.next) > JUMP => GroupDecryptError::TooFarAhead,
            _ => GroupDecryptError::Unauthentic,
        }
    }

    fn opens(&mut self) {
        let message = self.message.clone();
        self.assembly.opens(BOB, &message, b"text");
        self.assembly.refuses(BOB, &message, GroupDecryptError::Duplicate);
    }
}

fn stages() -> Vec<Stage> {
    vec![
        Stage::new("the first that is read", &[]),
        Stage::new("the next", &[3, 4]),
        Stage::new("some are missing", &[3]),
        Stage::new("it was passed over", &[3, 4, 8]),
    ]
}

/// no bit of a group message can be changed, and trying to changes nothing: the message still opens.
#[test]
fn every_bit_of_a_group_message_is_authentic() {
    for mut stage in stages() {
        let genuine = stage.message.clone();
        for bit in 0..genuine.len() * 8 {
            let mut changed = genuine.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let expected = stage.expected(&changed, bit / 8);
            let group = stage.assembly.group(BOB);
            let before = group.snapshot();
            assert_eq!(group.decrypt(&changed, b""), Err(expected), "{}, bit {bit}", stage.name);
            assert_eq!(before.expose(), group.snapshot().expose(), "{}, bit {bit}", stage.name);
        }
        stage.opens();
    }
}

/// no part of a group message can be left out, tag, commitment and signature included, and nothing can be added.
#[test]
fn no_byte_of_a_group_message_can_be_cut_off_or_added() {
    for mut stage in stages() {
        let genuine = stage.message.clone();
        assert_eq!(genuine.len(), SHORTEST + 4);
        for len in 0..genuine.len() {
            let error = if len < SHORTEST {
                GroupDecryptError::Malformed(DecodeError::Truncated)
            } else {
                GroupDecryptError::Unauthentic
            };
            stage.assembly.refuses(BOB, &genuine[..len], error);
        }
        for byte in [0, 1, 0xff] {
            let longer = [&genuine[..], &[byte]].concat();
            stage.assembly.refuses(BOB, &longer, GroupDecryptError::Unauthentic);
        }
        // Between the body and the signature.
        let (sealed, signature) = genuine.split_at(genuine.len() - SIGNATURE);
        let longer = [sealed, &[0], signature].concat();
        stage.assembly.refuses(BOB, &longer, GroupDecryptError::Unauthentic);
        stage.opens();
    }
}

/// the associated data is the sender's, whole, and nothing moves between it and the text.
#[test]
fn associated_data_is_authentic() {
    let mut assembly = Assembly::with_key(2);
    let Assembly { groups, rng, .. } = &mut assembly;
    let alice = groups.get_mut(&ALICE).unwrap();
    let bound = alice.encrypt(b"text", b"data", NOW, rng).unwrap();
    let unbound = alice.encrypt(b"text", b"", NOW, rng).unwrap();
    for wrong in [&b""[..], b"dat", b"data\0", b"Data", b"datatext", b"text"] {
        assembly.refuses_with(BOB, &bound, wrong, GroupDecryptError::Unauthentic);
    }
    for wrong in [&b"\0"[..], b"data"] {
        assembly.refuses_with(BOB, &unbound, wrong, GroupDecryptError::Unauthentic);
    }
    let bob = assembly.group(BOB);
    assert_eq!(bob.decrypt(&bound, b"data").unwrap().plaintext.as_bytes(), b"text");
    assert_eq!(bob.decrypt(&unbound, b"").unwrap().plaintext.as_bytes(), b"text");
}

/// Where header, salt, commitment, chunk and signature of a message with a text of four bytes end.
const PARTS: [usize; 6] = [0, 38, 62, 94, 114, 178];

/// header, salt, commitment, chunk and signature of two messages of one sender make no third.
#[test]
fn parts_of_two_messages_of_one_sender_do_not_mix() {
    let mut assembly = Assembly::with_key(2);
    let first = assembly.send(ALICE, b"this");
    let second = assembly.send(ALICE, b"that");
    for taken in 1..(1 << 5) - 1 {
        let mut mixed = first.clone();
        for part in (0..5).filter(|part| taken >> part & 1 == 1) {
            let place = PARTS[part]..PARTS[part + 1];
            mixed[place.clone()].copy_from_slice(&second[place]);
        }
        assembly.refuses(BOB, &mixed, GroupDecryptError::Unauthentic);
    }
    assembly.opens(BOB, &second, b"that");
    assembly.opens(BOB, &first, b"this");
}

/// a message cannot be put under another member's key, nor given that member's signature.
#[test]
fn parts_of_two_senders_messages_do_not_mix() {
    let mut assembly = Assembly::with_key(3);
    assembly.rotate(BOB);
    assembly.give_all(BOB);
    let alices = assembly.send(ALICE, b"this");
    let bobs = assembly.send(BOB, b"that");
    for taken in 1..(1 << 5) - 1 {
        let mut mixed = alices.clone();
        for part in (0..5).filter(|part| taken >> part & 1 == 1) {
            let place = PARTS[part]..PARTS[part + 1];
            mixed[place.clone()].copy_from_slice(&bobs[place]);
        }
        assembly.refuses(CAROL, &mixed, GroupDecryptError::Unauthentic);
    }
    assembly.opens(CAROL, &alices, b"this");
    assembly.opens(CAROL, &bobs, b"that");
}

/// whoever was given a chain can encrypt with it, but not sign: a member cannot write as another. With the sender's own
/// signing key the same bytes open, so it is the signature that was lacking.
#[test]
fn a_member_who_has_the_chain_cannot_sign_as_its_sender() {
    let mut assembly = Assembly::new(3);
    assembly.rotate(ALICE);
    let given = assembly.key(ALICE, CAROL).plaintext.as_bytes().to_vec();
    assembly.give_all(ALICE);
    assembly.give(ALICE, CAROL);
    assembly.rotate(BOB);
    let bobs = assembly.key(BOB, CAROL).plaintext.as_bytes().to_vec();
    let chain = Chain::of(&given, &assembly.member(ALICE));
    let identity = forge::signing_key(&assembly.village.devices[BOB].identity);
    let alices_identity = forge::signing_key(&assembly.village.devices[ALICE].identity);
    let of_the_group = forger::signing_key(&assembly.groups[&BOB], &bobs);
    for signing in [&identity, &of_the_group, &alices_identity] {
        let forged = chain.message(b"forged", signing);
        assembly.refuses(CAROL, &forged, GroupDecryptError::Unauthentic);
    }
    let mut unsigned = chain.message(b"forged", &identity);
    let end = unsigned.len() - SIGNATURE;
    unsigned[end..].fill(0);
    assembly.refuses(CAROL, &unsigned, GroupDecryptError::Unauthentic);
    let alices = forger::signing_key(&assembly.groups[&ALICE], &given);
    assembly.opens(CAROL, &chain.message(b"forged", &alices), b"forged");
}

/// Alice's chain as Bob was given it, and her signing key.
fn stolen(assembly: &mut Assembly) -> (Chain, SigningKey) {
    assembly.rotate(ALICE);
    let stolen = assembly.insider(ALICE, BOB);
    assembly.give(ALICE, BOB);
    stolen
}

/// the signature covers the scope, the key id, the iteration, the associated data and every byte of the body: with
/// one of them another, the sender's own signature does not verify.
#[test]
fn a_signature_is_for_one_scope_key_iteration_and_content() {
    let mut assembly = Assembly::new(2);
    let (chain, signing) = stolen(&mut assembly);
    let sealed = chain.sealed(b"text", b"");
    let others = [
        Chain { scope: [7; 32], ..chain.clone() },
        Chain { key_id: [7; 16], ..chain.clone() },
        Chain { iteration: 1, ..chain.clone() },
    ];
    for other in others {
        let message = other.signed(&sealed, b"", &signing);
        assembly.refuses(BOB, &message, GroupDecryptError::Unauthentic);
    }
    let other_data = chain.signed(&sealed, b"data", &signing);
    assembly.refuses(BOB, &other_data, GroupDecryptError::Unauthentic);
    // What is swapped with its hash does not verify either.
    let swapped = chain.signed(b"", &sealed, &signing);
    let swapped = [&sealed[..], &swapped].concat();
    assembly.refuses(BOB, &swapped, GroupDecryptError::Unauthentic);
    assembly.opens(BOB, &chain.signed(&sealed, b"", &signing), b"text");
}

/// a sender's own signature over what the chain does not open moves nothing, however far the chain would have gone.
#[test]
fn what_is_signed_but_does_not_open_changes_nothing() {
    let mut assembly = Assembly::new(2);
    let (chain, signing) = stolen(&mut assembly);
    for iteration in [0, 1, JUMP] {
        let wrong = Chain { iteration, key: [7; 32], ..chain.clone() };
        let message = wrong.message(b"text", &signing);
        assembly.refuses(BOB, &message, GroupDecryptError::Unauthentic);
    }
    // Of a body that a chunk cannot be read of, too.
    for sealed in [vec![0; HEADER + 72], vec![0; HEADER + 72 + 16_384 + 1]] {
        let sealed = [&chain.sealed(b"", b"")[..HEADER], &sealed[HEADER..]].concat();
        let message = chain.signed(&sealed, b"", &signing);
        assembly.refuses(BOB, &message, GroupDecryptError::Unauthentic);
    }
    for (iteration, text) in [(1, b"late"), (0, b"next")] {
        assembly.opens(BOB, &chain.clone().after(iteration).message(text, &signing), text);
    }
}

/// a message to one group says nothing in another of the same members, whose keys were even drawn from the same bytes.
#[test]
fn a_message_to_another_group_of_the_same_members_does_not_open() {
    let mut assembly = Assembly::with(3, LONGEST);
    let all = [ALICE, BOB, CAROL];
    let mut others = all.map(|who| assembly.other_group("workers", who, 1, &all));
    assembly.group(ALICE).rotate(NOW, &mut TestRng::new(62)).unwrap();
    others[ALICE].rotate(NOW, &mut TestRng::new(62)).unwrap();
    assembly.give_all(ALICE);
    let there = assembly.village.deliver_key(&mut others[ALICE], ALICE, BOB);
    others[BOB].receive(&there).unwrap();

    let here = assembly.send(ALICE, b"here");
    assembly.groups.insert(BOB, copy(&others[BOB]));
    assembly.refuses(BOB, &here, GroupDecryptError::UnknownKey);
    let mut renamed = here.clone();
    let key_id = &there.plaintext.as_bytes()[forger::KEY_ID];
    assert_ne!(renamed[forger::NAMED_KEY], *key_id);
    renamed[forger::NAMED_KEY].copy_from_slice(key_id);
    assembly.refuses(BOB, &renamed, GroupDecryptError::MembersDiffer);
    let there = assembly.epoch(BOB);
    renamed[forger::NAMED_EPOCH].copy_from_slice(&there[..16]);
    assembly.refuses(BOB, &renamed, GroupDecryptError::Unauthentic);
    assembly.opens(CAROL, &here, b"here");
}

/// nor does a message of one epoch open under a key of another, though both keys were drawn from the same bytes.
#[test]
fn a_message_of_another_epoch_does_not_open() {
    let mut assembly = Assembly::new(2);
    assembly.group(ALICE).rotate(NOW, &mut TestRng::new(62)).unwrap();
    let old = assembly.send(ALICE, b"old");
    assembly.change(2, &[ALICE, BOB]);
    assembly.group(ALICE).rotate(NOW, &mut TestRng::new(62)).unwrap();
    assembly.give_all(ALICE);
    assembly.refuses(BOB, &old, GroupDecryptError::UnknownKey);
    let new = assembly.send(ALICE, b"new");
    assert_ne!(old[forger::NAMED_KEY], new[forger::NAMED_KEY]);
    let mut renamed = old.clone();
    renamed[forger::NAMED_KEY].copy_from_slice(&new[forger::NAMED_KEY]);
    assembly.refuses(BOB, &renamed, GroupDecryptError::Unauthentic);
    let renamed = [&new[..HEADER], &old[HEADER..]].concat();
    assembly.refuses(BOB, &renamed, GroupDecryptError::Unauthentic);
    assembly.opens(BOB, &new, b"new");
}

/// nor can a message be moved to another epoch under the same key: what the chain was told of is what it says. What its
/// sender signs for the epoch in which it is opens.
#[test]
fn a_message_cannot_be_moved_to_another_epoch() {
    let mut assembly = Assembly::with_key(2);
    let (chain, signing) = assembly.insider(ALICE, BOB);
    let key = assembly.key(ALICE, BOB).plaintext.as_bytes().to_vec();
    let old = assembly.send(ALICE, b"old");
    let first = assembly.epoch(ALICE);
    assembly.change(2, &[ALICE, BOB, CAROL]);
    let second = assembly.epoch(ALICE);
    let new = assembly.send(ALICE, b"new");
    for (message, epoch) in [(&old, &second), (&new, &first)] {
        let mut moved = message.clone();
        moved[forger::NAMED_EPOCH].copy_from_slice(&epoch[..16]);
        assembly.refuses(BOB, &moved, GroupDecryptError::Unauthentic);
    }
    // A header of one epoch and the scope of another do not go together, whoever signs.
    let there = chain.clone().after(2).in_epoch(&key, &second, &assembly.member(ALICE));
    let torn = Chain { epoch: chain.epoch, ..there.clone() };
    assembly.refuses(BOB, &torn.message(b"torn", &signing), GroupDecryptError::Unauthentic);
    // Nor does the part of the members hash that is named stand for the rest of it.
    let mut others = second;
    others[39] ^= 1;
    let alike = there.clone().in_epoch(&key, &others, &assembly.member(ALICE));
    assert_eq!(alike.epoch, there.epoch);
    assembly.refuses(BOB, &alike.message(b"alike", &signing), GroupDecryptError::Unauthentic);
    assembly.opens(BOB, &there.message(b"whole", &signing), b"whole");
    assembly.opens(BOB, &new, b"new");
    assembly.opens(BOB, &old, b"old");
}

/// a message waits for the change that its sender has taken in.
#[test]
fn a_message_of_a_later_epoch_waits_for_the_change() {
    let mut assembly = Assembly::with_key(2);
    let list = assembly.village.members([ALICE, BOB, CAROL]);
    assembly.group(ALICE).change(2, list.clone()).unwrap();
    let message = assembly.send(ALICE, b"text");
    assembly.refuses(BOB, &message, GroupDecryptError::UnknownEpoch);
    assembly.group(BOB).change(2, list).unwrap();
    assembly.opens(BOB, &message, b"text");
}

/// a member on one list who is not on the other's is found with the first message, at both ends, though both have had
/// each other's keys since their lists were the same.
#[test]
fn a_ghost_on_one_list_is_found_with_the_first_message() {
    let mut assembly = Assembly::with_key(2);
    assembly.rotate(BOB);
    assembly.give_all(BOB);
    let before = assembly.send(ALICE, b"before");
    let with_ghost = assembly.village.members([ALICE, BOB, DAVE]);
    let without = assembly.village.members([ALICE, BOB]);
    assembly.group(ALICE).change(2, with_ghost.clone()).unwrap();
    assembly.group(BOB).change(2, without).unwrap();
    let (alices, bobs) = (assembly.send(ALICE, b"Alice's"), assembly.send(BOB, b"Bob's"));
    assembly.refuses(BOB, &alices, GroupDecryptError::MembersDiffer);
    assembly.refuses(ALICE, &bobs, GroupDecryptError::MembersDiffer);
    assembly.opens(BOB, &before, b"before");
    for (from, to) in [(ALICE, BOB), (BOB, ALICE)] {
        assembly.rotate(from);
        let key = assembly.key(from, to);
        assembly.declines(to, &key, DistributionError::MembersDiffer);
    }
    let bob = assembly.group(BOB);
    assert_eq!(bob.change(2, with_ghost), Err(GroupError::MembersDiffer));
}

/// Which epoch is said first: of a number that was not told, nothing else; of a known one the members.
#[test]
fn the_epochs_of_messages_are_checked_in_order() {
    let mut assembly = Assembly::new(3);
    assembly.come(BOB, 1, &[BOB, CAROL]);
    let first = assembly.epoch(BOB);
    let all = [ALICE, BOB, CAROL];
    let list = assembly.village.members(all);
    assembly.group(BOB).change(3, list).unwrap();
    assembly.come(ALICE, 3, &all);
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    let genuine = assembly.send(ALICE, b"text");
    let differ = GroupDecryptError::MembersDiffer;
    for (number, members, error) in [
        (4_u64, &first, GroupDecryptError::UnknownEpoch),
        (u64::MAX, &first, GroupDecryptError::UnknownEpoch),
        (3, &first, differ),
        (2, &first, GroupDecryptError::OldEpoch),
        (0, &first, GroupDecryptError::OldEpoch),
        (1, &[0; 40], differ),
        // Before Alice came.
        (1, &first, GroupDecryptError::OldEpoch),
    ] {
        let mut changed = genuine.clone();
        changed[18..26].copy_from_slice(&number.to_be_bytes());
        changed[26..34].copy_from_slice(&members[8..16]);
        changed[forger::NAMED_ITERATION].copy_from_slice(&u32::MAX.to_be_bytes());
        assembly.refuses(BOB, &changed, error);
        changed[forger::NAMED_KEY].fill(7);
        assembly.refuses(BOB, &changed, GroupDecryptError::UnknownKey);
    }
    assembly.opens(BOB, &genuine, b"text");
}

/// nobody writes in an epoch before it came, not with its own key and signature.
#[test]
fn a_back_dated_message_is_refused() {
    let mut assembly = Assembly::new(2);
    let before = assembly.epoch(BOB);
    for (number, members) in [(2, &[ALICE, BOB, CAROL][..]), (3, &[ALICE, BOB, CAROL, DAVE])] {
        assembly.change(number, members);
    }
    let all = [ALICE, BOB, CAROL, DAVE];
    assembly.come(DAVE, 3, &all);
    assembly.rotate(DAVE);
    let key = assembly.key(DAVE, BOB).plaintext.as_bytes().to_vec();
    let (chain, signing) = assembly.insider(DAVE, BOB);
    assembly.give(DAVE, BOB);
    let dave = assembly.member(DAVE);
    let dated = chain.clone().in_epoch(&key, &before, &dave).message(b"in the first", &signing);
    assembly.refuses(BOB, &dated, GroupDecryptError::OldEpoch);
    assembly.restore(BOB);
    assembly.refuses(BOB, &dated, GroupDecryptError::OldEpoch);
    assembly.opens(BOB, &chain.message(b"in the third", &signing), b"in the third");
}

/// a message that is given back to its sender is nobody's: no device reads itself.
#[test]
fn a_message_does_not_open_for_its_own_sender() {
    let mut assembly = Assembly::with_key(2);
    let message = assembly.send(ALICE, b"text");
    assembly.refuses(ALICE, &message, GroupDecryptError::UnknownKey);
    assembly.opens(BOB, &message, b"text");
}

/// what has opened names the pairwise peer that brought the key, the epoch in which it was written and the iteration.
#[test]
fn what_opens_names_its_sender_epoch_and_iteration() {
    let mut assembly = Assembly::with_key(3);
    assembly.lose(ALICE, 2);
    let second = assembly.send(ALICE, b"in epoch 1");
    assembly.change(2, &[ALICE, BOB, CAROL, DAVE]);
    assembly.rotate(BOB);
    assembly.give_all(BOB);
    let old_key = assembly.send(ALICE, b"in epoch 2, under the key of epoch 1");
    let bobs = assembly.send(BOB, b"from another");
    for (message, from, epoch, iteration) in
        [(&old_key, ALICE, 2, 3), (&bobs, BOB, 2, 0), (&second, ALICE, 1, 2)]
    {
        assembly.restore(CAROL);
        let peer = assembly.village.session(CAROL, from).peer().clone();
        let received = assembly.group(CAROL).decrypt(message, b"").unwrap();
        assert_eq!((received.epoch, received.iteration), (epoch, iteration));
        assert_eq!(*received.from(), peer);
        assert_eq!(*received.from().identity(), assembly.village.devices[from].identity.public());
        assert_eq!(*received.from().address(), assembly.village.devices[from].address);
    }
}

/// an iteration is read once, whether in order, late, or again after a restart; and each member reads it.
#[test]
fn a_message_is_read_once() {
    let mut assembly = Assembly::with_key(3);
    let sent: Vec<_> = (0..4).map(|_| assembly.send(ALICE, b"text")).collect();
    for order in [[3, 0, 2, 1], [0, 1, 2, 3]] {
        let to = if order[0] == 3 { BOB } else { CAROL };
        for index in order {
            assembly.opens(to, &sent[index], b"text");
            assembly.refuses(to, &sent[index], GroupDecryptError::Duplicate);
            assembly.restore(to);
            assembly.refuses(to, &sent[index], GroupDecryptError::Duplicate);
        }
        for message in &sent {
            assembly.refuses(to, message, GroupDecryptError::Duplicate);
        }
    }
}

/// that a message is a duplicate is said of genuine ones only.
#[test]
fn a_forged_duplicate_is_unauthentic() {
    let mut assembly = Assembly::with_key(2);
    let read = assembly.send(ALICE, b"text");
    assembly.opens(BOB, &read, b"text");
    let mut forged = read.clone();
    forged[HEADER] ^= 1;
    assembly.refuses(BOB, &forged, GroupDecryptError::Unauthentic);
    assembly.refuses_with(BOB, &read, b"other data", GroupDecryptError::Unauthentic);
    assembly.refuses(BOB, &read, GroupDecryptError::Duplicate);
}

/// A message that comes before its key waits with the application, and opens then.
#[test]
fn a_message_before_its_key_is_of_an_unknown_key() {
    let mut assembly = Assembly::new(2);
    assembly.rotate(ALICE);
    let key = assembly.key(ALICE, BOB);
    let early = assembly.send(ALICE, b"early");
    assembly.refuses(BOB, &early, GroupDecryptError::UnknownKey);
    assembly.group(BOB).receive(&key).unwrap();
    assembly.opens(BOB, &early, b"early");
}

/// whoever is given a key at iteration i reads i and what follows, and nothing before, not even by being asked to pass
/// for somebody who was given it earlier.
#[test]
fn a_late_joiner_reads_from_where_it_was_given_the_key() {
    let mut assembly = Assembly::with_key(3);
    let mut before: Vec<_> = (0..2).map(|_| assembly.send(ALICE, b"before")).collect();
    assembly.change(2, &[ALICE, BOB, CAROL, DAVE]);
    assembly.come(DAVE, 2, &[ALICE, BOB, CAROL, DAVE]);
    before.extend((2..5).map(|_| assembly.send(ALICE, b"before")));
    assembly.give(ALICE, DAVE);
    let after: Vec<_> = (0..3).map(|_| assembly.send(ALICE, b"after")).collect();
    for message in &before[..2] {
        assembly.refuses(DAVE, message, GroupDecryptError::OldEpoch);
    }
    for message in &before[2..] {
        assembly.refuses(DAVE, message, GroupDecryptError::BeforeOurTime);
    }
    assembly.opens(DAVE, &after[2], b"after");
    assembly.opens(DAVE, &after[0], b"after");
    assembly.refuses(DAVE, &before[4], GroupDecryptError::BeforeOurTime);
    // What the others were given on the way in does not take Dave back.
    let mut earlier = assembly.key(ALICE, BOB).plaintext.as_bytes().to_vec();
    earlier[forger::ITERATION].copy_from_slice(&4_u32.to_be_bytes());
    let earlier = assembly.forge_key(ALICE, DAVE, &earlier);
    assembly.declines(DAVE, &earlier, DistributionError::Rewinding);
    for message in before.iter().chain(&after) {
        assembly.opens(BOB, message, if before.contains(message) { b"before" } else { b"after" });
    }
}
