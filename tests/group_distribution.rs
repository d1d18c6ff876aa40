//! Sender keys come from the device whose they are, over its pairwise session, for a group; and what is refused changes
//! nothing.
//!
//! `Assembly::declines` compares the snapshots before and after.

mod assembly;
mod common;
mod forge;
mod village;

use assembly::forger::{self, Chain};
use assembly::giving::{declines, given, scene, takes};
use assembly::{ALICE, Assembly, BOB, CAROL, DAVE, LONGEST, copy, device, edited};
use common::{NOW, TestRng};
use confidant::{
    DecodeError, DecryptError, DistributionError, EncryptError, GroupDecryptError, GroupSession,
    Session,
};

/// a distribution is what the specification says, field by field, and the key id is of all that it names. There is
/// no signature in it, nor any part of the identity.
#[test]
fn a_distribution_has_no_certificate() {
    for (iteration, number) in [(0, 0), (3, 2)] {
        let mut assembly = Assembly::with(3, LONGEST);
        (0..=number).for_each(|_| assembly.rotate(ALICE));
        assembly.lose(ALICE, iteration);
        let made = assembly.epoch(ALICE);
        assembly.change(2, &[ALICE, BOB, CAROL, DAVE]);
        let key = given(&mut assembly);
        let alice = assembly.member(ALICE);
        let mut expected = vec![1, 3, 7];
        expected.extend(b"village");
        expected.extend(made);
        expected.extend(u32::to_be_bytes(number));
        expected.extend(assembly.epoch(ALICE));
        expected.extend(forger::sender_hash(&alice));
        expected.extend(forger::key_id(&key, &alice));
        expected.extend(&key[forger::COMMITMENT]);
        expected.extend(&key[forger::SIGNING]);
        expected.extend(iteration.to_be_bytes());
        expected.extend(&key[forger::CHAIN_KEY]);
        assert_eq!((key.len(), &key), (forger::LEN, &expected));
        for half in alice.identity().to_bytes().chunks(32) {
            assert!(key.windows(32).all(|window| window != half));
        }
        let first = forger::commitment(&key[forger::CHAIN_KEY]);
        assert_eq!(first[..] == key[forger::COMMITMENT], iteration == 0);
    }
}

/// Alice's key is nobody's to hand on: from Carol it is refused, and from Alice it is still welcome.
#[test]
fn a_relayed_key_is_refused() {
    for iteration in [0, 3] {
        let (mut assembly, key) = scene(iteration);
        declines(&mut assembly, CAROL, &key, DistributionError::Relayed);
        takes(&mut assembly, ALICE, &key);
        declines(&mut assembly, CAROL, &key, DistributionError::Relayed);
        let message = assembly.send(ALICE, b"text");
        let received = assembly.group(BOB).decrypt(&message, b"").unwrap();
        assert_eq!(*received.from().address(), assembly.village.devices[ALICE].address);
    }
}

/// put under Carol's name, Alice's key has not Alice's key id.
#[test]
fn a_key_under_another_name_conflicts_with_its_id() {
    for iteration in [0, 3] {
        let (mut assembly, mut key) = scene(iteration);
        let carol = assembly.member(CAROL);
        key[forger::SENDER].copy_from_slice(&forger::sender_hash(&carol));
        declines(&mut assembly, CAROL, &key, DistributionError::Conflicting);
    }
}

/// with a key id of its own, Alice's chain and signing key can be called Carol's. That makes nothing that Alice has
/// signed Carol's.
#[test]
fn a_claimed_key_opens_nothing_of_its_true_owner() {
    let (mut assembly, key) = scene(0);
    let mut claimed = key.clone();
    forger::claim(&mut claimed, &assembly.member(CAROL));
    takes(&mut assembly, CAROL, &claimed);
    let message = assembly.send(ALICE, b"text");
    assembly.refuses(BOB, &message, GroupDecryptError::UnknownKey);
    let mut renamed = message.clone();
    renamed[forger::NAMED_KEY].copy_from_slice(&claimed[forger::KEY_ID]);
    assembly.refuses(BOB, &renamed, GroupDecryptError::Unauthentic);
    takes(&mut assembly, ALICE, &key);
    assembly.refuses(BOB, &renamed, GroupDecryptError::Unauthentic);
    let received = assembly.group(BOB).decrypt(&message, b"").unwrap();
    assert_eq!(*received.from().address(), assembly.village.devices[ALICE].address);
}

/// a device that is not in the group, as Bob knows it, gives him nothing.
#[test]
fn a_stranger_s_key_is_refused() {
    let mut assembly = Assembly::new(3);
    assembly.come(DAVE, 1, &[BOB, CAROL, DAVE]);
    assembly.rotate(DAVE);
    let key = assembly.key(DAVE, BOB);
    assembly.declines(BOB, &key, DistributionError::NotAMember);
    // In Bob's epoch, to the letter, and by its own name.
    assembly.rotate(ALICE);
    let mut claimed = given(&mut assembly);
    forger::claim(&mut claimed, &assembly.member(DAVE));
    declines(&mut assembly, DAVE, &claimed, DistributionError::NotAMember);
}

/// nor does a device at a member's address with another identity, nor a removed member.
#[test]
fn a_key_of_another_identity_or_a_removed_member_is_refused() {
    let mut assembly = Assembly::new(3);
    let address = assembly.village.devices[ALICE].address.clone();
    let other = assembly.join_at(address);
    assembly.come(other, 1, &[other, BOB, CAROL]);
    assembly.rotate(other);
    let key = assembly.key(other, BOB);
    assembly.declines(BOB, &key, DistributionError::NotAMember);

    assembly.rotate(ALICE);
    let late = assembly.key(ALICE, BOB);
    assembly.change(2, &[BOB, CAROL]);
    assembly.declines(BOB, &late, DistributionError::NotAMember);
}

/// nobody takes in a key of its own.
#[test]
fn a_key_given_back_to_its_owner_is_refused() {
    let (mut assembly, key) = scene(0);
    let received = assembly.key(ALICE, BOB);
    assembly.declines(ALICE, &received, DistributionError::NotAMember);
    let back = assembly.forge_key(BOB, ALICE, &key);
    assembly.declines(ALICE, &back, DistributionError::Relayed);
}

/// Encrypts nothing: `who`'s session with `to` is as it was, and nothing was drawn.
fn withholds(assembly: &mut Assembly, who: usize, to: usize, key: &confidant::Distribution) {
    let mut rng = TestRng::new(68);
    rng.fail_at = Some(0);
    let session = assembly.village.session(who, to);
    let before = session.snapshot();
    assert_eq!(session.encrypt_distribution(key, &mut rng), Err(EncryptError::WrongPeer));
    assert_eq!(before.expose(), session.snapshot().expose());
}

/// a key knows whom it is for: over the session with another member, another device of the same user or another identity at
/// the same address it does not go, and that session is as it was. Over the right one it goes.
#[test]
fn a_key_goes_to_whom_it_is_for() {
    let mut assembly = Assembly::with(3, LONGEST);
    let second = assembly.join_at(device("user1", 2));
    let address = assembly.village.devices[BOB].address.clone();
    let other = assembly.join_at(address);
    assembly.change(2, &[ALICE, BOB, CAROL, second]);
    assembly.rotate(ALICE);
    let Assembly { village, groups, .. } = &mut assembly;
    let bob = village.session(ALICE, BOB).peer().clone();
    let key = groups.get_mut(&ALICE).unwrap().distribute(&bob).unwrap();
    assert_eq!(*key.to(), bob);
    for to in [CAROL, DAVE, second, other] {
        // Before anything was said, and then.
        withholds(&mut assembly, ALICE, to, &key);
        assembly.village.carry(ALICE, to, b"hello");
        assembly.village.carry(to, ALICE, b"hello");
        withholds(&mut assembly, ALICE, to, &key);
    }
    // Carol's session with Bob is with Bob: who gives away a key is not in it.
    let Assembly { village, groups, rng, .. } = &mut assembly;
    let sealed = village.session(CAROL, BOB).encrypt_distribution(&key, rng).unwrap();
    let relayed = village.session(BOB, CAROL).decrypt(&sealed).unwrap();
    let sealed = village.session(ALICE, BOB).encrypt_distribution(&key, rng).unwrap();
    let received = village.session(BOB, ALICE).decrypt(&sealed).unwrap();
    let group = groups.get_mut(&BOB).unwrap();
    assert_eq!(group.receive(&relayed), Err(DistributionError::Relayed));
    group.receive(&received).unwrap();
}

/// a key for another group is refused, though the members are the same.
#[test]
fn a_key_for_another_group_is_refused() {
    let (mut assembly, _) = scene(0);
    for name in ["villages", "villagf", "v"] {
        let mut there = assembly.other_group(name, ALICE, 1, &[ALICE, BOB, CAROL]);
        there.rotate(NOW, &mut assembly.rng).unwrap();
        let key = assembly.village.deliver_key(&mut there, ALICE, BOB);
        assembly.declines(BOB, &key, DistributionError::WrongGroup);
    }
}

/// key id, commitment and signing key belong together, the chain key to them at iteration 0, and there is no last
/// iteration.
#[test]
fn a_key_that_its_id_is_not_of_is_refused() {
    let (mut assembly, key) = scene(0);
    assembly.rotate(ALICE);
    let other = given(&mut assembly);
    for field in [forger::KEY_ID, forger::COMMITMENT, forger::SIGNING, forger::CHAIN_KEY] {
        let mut changed = key.clone();
        changed[field.clone()].copy_from_slice(&other[field]);
        declines(&mut assembly, ALICE, &changed, DistributionError::Conflicting);
    }
    let mut last = key.clone();
    last[forger::ITERATION].copy_from_slice(&u32::MAX.to_be_bytes());
    declines(&mut assembly, ALICE, &last, DistributionError::Conflicting);
    let (_, later) = scene(3);
    for field in [forger::KEY_ID, forger::COMMITMENT, forger::SIGNING] {
        let mut changed = later.clone();
        changed[field.clone()].copy_from_slice(&other[field]);
        declines(&mut assembly, ALICE, &changed, DistributionError::Conflicting);
    }
    takes(&mut assembly, ALICE, &key);
    takes(&mut assembly, ALICE, &other);
}

/// at iteration 0 a sender cannot give two members different chains under one key id.
#[test]
fn two_chains_under_one_id_are_refused_at_the_beginning() {
    let (mut assembly, key) = scene(0);
    let mut other = key.clone();
    other[forger::CHAIN_KEY].copy_from_slice(&[7; 32]);
    declines(&mut assembly, ALICE, &other, DistributionError::Conflicting);
    // A commitment to that chain is another key id.
    other[forger::COMMITMENT].copy_from_slice(&forger::commitment(&[7; 32]));
    declines(&mut assembly, ALICE, &other, DistributionError::Conflicting);
    forger::claim(&mut other, &assembly.member(ALICE));
    assert_ne!(other[forger::KEY_ID], key[forger::KEY_ID]);
    takes(&mut assembly, ALICE, &other);
    takes(&mut assembly, ALICE, &key);
}

/// at a later iteration it can; but then each message opens for the one or for the other, so that none has two texts.
#[test]
fn no_message_opens_to_two_texts() {
    let (mut assembly, key) = scene(2);
    let mut other = key.clone();
    other[forger::CHAIN_KEY].copy_from_slice(&[7; 32]);
    takes(&mut assembly, ALICE, &other);
    assembly.give(ALICE, CAROL);
    let next = forger::ITERATION.start..forger::CHAIN_KEY.end;
    let alices_other = edited(&assembly.groups[&ALICE], &key[next.clone()], &other[next]);
    let honest = assembly.groups.insert(ALICE, alices_other).unwrap();
    let to_bob = assembly.send(ALICE, b"for Bob");
    assembly.groups.insert(ALICE, honest);
    let to_carol = assembly.send(ALICE, b"for Carol");

    assert_eq!(to_bob[..forger::HEADER], to_carol[..forger::HEADER]);
    assembly.refuses(BOB, &to_carol, GroupDecryptError::Unauthentic);
    assembly.refuses(CAROL, &to_bob, GroupDecryptError::Unauthentic);
    assembly.opens(BOB, &to_bob, b"for Bob");
    assembly.opens(CAROL, &to_carol, b"for Carol");
}

/// nor under two signing keys: which one it is stands in the key id.
#[test]
fn two_signing_keys_have_two_ids() {
    let (mut assembly, key) = scene(2);
    assembly.rotate(BOB);
    let bobs = assembly.key(BOB, ALICE).plaintext.as_bytes().to_vec();
    let mut other = key.clone();
    other[forger::SIGNING].copy_from_slice(&bobs[forger::SIGNING]);
    declines(&mut assembly, ALICE, &other, DistributionError::Conflicting);
    forger::claim(&mut other, &assembly.member(ALICE));
    takes(&mut assembly, ALICE, &other);
    let message = assembly.send(ALICE, b"text");
    assembly.refuses(BOB, &message, GroupDecryptError::UnknownKey);
    let chain = Chain::of(&other, &assembly.member(ALICE));
    let signing = forger::signing_key(&assembly.groups[&BOB], &bobs);
    let other_message = chain.message(b"other", &signing);
    assert_ne!(other_message[forger::NAMED_KEY], message[forger::NAMED_KEY]);
    assembly.opens(BOB, &other_message, b"other");
}

/// a key that one has is not taken in again, from earlier, from the same, or from later on; it stays as it is.
#[test]
fn a_known_key_is_neither_rewound_nor_replaced() {
    let (mut assembly, earlier) = scene(2);
    let early = assembly.send(ALICE, b"early");
    let key = given(&mut assembly);
    let message = assembly.send(ALICE, b"text");
    let later = given(&mut assembly);
    takes(&mut assembly, ALICE, &key);
    for again in 0..3 {
        declines(&mut assembly, ALICE, &earlier, DistributionError::Rewinding);
        declines(&mut assembly, ALICE, &key, DistributionError::Replayed);
        declines(&mut assembly, ALICE, &later, DistributionError::Replayed);
        let mut other_chain = later.clone();
        other_chain[forger::CHAIN_KEY].copy_from_slice(&[7; 32]);
        declines(&mut assembly, ALICE, &other_chain, DistributionError::Replayed);
        assembly.refuses(BOB, &early, GroupDecryptError::BeforeOurTime);
        match again {
            0 => assembly.opens(BOB, &message, b"text"),
            _ => assembly.refuses(BOB, &message, GroupDecryptError::Duplicate),
        }
        assembly.restore(BOB);
    }
}

/// in later epochs, too, for as long as it is known.
#[test]
fn a_key_is_not_replayed_in_a_later_epoch() {
    let (mut assembly, key) = scene(2);
    takes(&mut assembly, ALICE, &key);
    let message = assembly.send(ALICE, b"text");
    assembly.opens(BOB, &message, b"text");
    for number in 2..=5 {
        assembly.change(number, &[ALICE, BOB, CAROL, DAVE]);
        declines(&mut assembly, ALICE, &key, DistributionError::Replayed);
        let again = assembly.key(ALICE, BOB);
        assembly.declines(BOB, &again, DistributionError::Replayed);
        assembly.refuses(BOB, &message, GroupDecryptError::Duplicate);
    }
    // Given in the current epoch, it is the same; made there, it is not what its id is of.
    let mut renamed = key.clone();
    let now = assembly.epoch(BOB);
    renamed[forger::CURRENT].copy_from_slice(&now);
    declines(&mut assembly, ALICE, &renamed, DistributionError::Replayed);
    renamed[forger::MADE].copy_from_slice(&now);
    declines(&mut assembly, ALICE, &renamed, DistributionError::Conflicting);
}

/// that a distribution cannot be brought a second time by anybody else is the pairwise session's doing.
#[test]
fn the_pairwise_session_refuses_a_replayed_distribution() {
    let (mut assembly, _) = scene(0);
    assembly.village.session(BOB, ALICE);
    let Assembly { village, groups, rng, .. } = &mut assembly;
    let session = village.session(ALICE, BOB);
    let key = groups.get_mut(&ALICE).unwrap().distribute(session.peer()).unwrap();
    let sealed = session.encrypt_distribution(&key, rng).unwrap();
    let theirs: &mut Session = village.session(BOB, ALICE);
    let received = theirs.decrypt(&sealed).unwrap();
    assert_eq!(theirs.decrypt(&sealed), Err(DecryptError::Duplicate));
    assembly.group(BOB).receive(&received).unwrap();
    assembly.declines(BOB, &received, DistributionError::Replayed);
}

/// What the specification says of a distribution in which one bit is another. `None`: it is taken in.
fn expected(changed: &[u8], offset: usize, genuine: &[u8]) -> Option<DistributionError> {
    let begins = genuine[forger::ITERATION] == [0; 4];
    let number = forger::CURRENT.start..forger::CURRENT.start + 8;
    let made = forger::MADE.start + 8..forger::MADE.end;
    Some(match offset {
        0 => DistributionError::Malformed(DecodeError::UnsupportedVersion),
        1 => DistributionError::Malformed(DecodeError::WrongKind),
        _ if forger::GROUP.contains(&offset) => DistributionError::WrongGroup,
        _ if forger::SENDER.contains(&offset) => DistributionError::Relayed,
        _ if number.contains(&offset) && changed[number.clone()] > genuine[number.clone()] => {
            DistributionError::UnknownEpoch
        }
        _ if number.contains(&offset) => DistributionError::OldEpoch,
        _ if forger::CURRENT.contains(&offset) => DistributionError::MembersDiffer,
        _ if made.contains(&offset) => DistributionError::MembersDiffer,
        _ if forger::NUMBER.contains(&offset) => return None,
        _ if forger::ITERATION.contains(&offset) => return None,
        _ if forger::CHAIN_KEY.contains(&offset) && !begins => return None,
        _ => DistributionError::Conflicting,
    })
}

/// Bob, who has taken in a key that is not Alice's to the last bit, reads nothing with it.
fn opens_nothing(bob: &mut GroupSession, messages: &[Vec<u8>], name: &str) {
    let before = bob.snapshot();
    for message in messages {
        let error = bob.decrypt(message, b"").expect_err(name);
        let known = [
            GroupDecryptError::BeforeOurTime,
            GroupDecryptError::TooFarAhead,
            GroupDecryptError::Unauthentic,
        ];
        assert!(known.contains(&error), "{name}: {error:?}");
    }
    assert_eq!(before.expose(), bob.snapshot().expose(), "{name}");
}

/// with any bit flipped a distribution is refused and nothing has changed, or it is one that opens nothing:
/// the iteration, and after the beginning the chain key, are not in the key id. Nor is the number, which orders keys and opens
/// none.
#[test]
fn every_bit_of_a_distribution_matters() {
    for iteration in [0, 3] {
        let (mut assembly, mut key) = scene(iteration);
        if iteration > 0 {
            // The key is of an earlier epoch than its sender.
            assembly.change(2, &[ALICE, BOB, CAROL, DAVE]);
            key = given(&mut assembly);
        }
        let messages: Vec<_> = (0..3).map(|_| assembly.send(ALICE, b"text")).collect();
        for bit in 0..key.len() * 8 {
            let name = format!("from {iteration}, bit {bit}");
            let mut changed = key.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let received = assembly.forge_key(ALICE, BOB, &changed);
            let mut bob = copy(&assembly.groups[&BOB]);
            let before = bob.snapshot();
            let result = bob.receive(&received);
            match (expected(&changed, bit / 8, &key), result) {
                (None, Ok(())) if forger::NUMBER.contains(&(bit / 8)) => {
                    assert!(bob.decrypt(&messages[0], b"").is_ok(), "{name}");
                    continue;
                }
                (None, Ok(())) => {
                    opens_nothing(&mut bob, &messages, &name);
                    continue;
                }
                // Another length of the group id moves everything behind it.
                (_, Err(DistributionError::Malformed(_))) if bit / 8 == 2 => {}
                // Half of all encodings are no point.
                (_, Err(DistributionError::Malformed(DecodeError::InvalidKey)))
                    if forger::SIGNING.contains(&(bit / 8)) => {}
                (expected, result) => assert_eq!(result.err(), expected, "{name}"),
            }
            assert_eq!(before.expose(), bob.snapshot().expose(), "{name}");
        }
        takes(&mut assembly, ALICE, &key);
        messages.iter().for_each(|message| assembly.opens(BOB, message, b"text"));
    }
}

/// No part of a distribution can be left out, and nothing added.
#[test]
fn a_distribution_is_whole() {
    let (mut assembly, key) = scene(0);
    for len in 0..key.len() {
        let error = DistributionError::Malformed(DecodeError::Truncated);
        declines(&mut assembly, ALICE, &key[..len], error);
    }
    let longer = [&key[..], &[0]].concat();
    let error = DistributionError::Malformed(DecodeError::TrailingBytes);
    declines(&mut assembly, ALICE, &longer, error);
    let mut nameless = key.clone();
    nameless.drain(forger::GROUP);
    nameless[2] = 0;
    let error = DistributionError::Malformed(DecodeError::NotCanonical);
    declines(&mut assembly, ALICE, &nameless, error);
    takes(&mut assembly, ALICE, &key);
}

/// what somebody says over a pairwise session is no distribution, whatever it looks like: an honest user who forwards a
/// text hands on nobody's key.
#[test]
fn a_text_that_looks_like_a_distribution_is_none() {
    let (mut assembly, key) = scene(0);
    // Of Mallory's making, for an innocent Alice: she has everything but the chain in the open.
    let mut written = key.clone();
    written[forger::CHAIN_KEY].fill(7);
    written[forger::COMMITMENT].copy_from_slice(&forger::commitment(&[7; 32]));
    forger::claim(&mut written, &assembly.member(ALICE));
    for text in [&key[..], &written, b"hello", b""] {
        let forwarded = assembly.village.carry(ALICE, BOB, text);
        assert!(!forwarded.is_distribution());
        assembly.declines(BOB, &forwarded, DistributionError::NotADistribution);
    }
    let forged = assembly.forge_key(ALICE, BOB, &written);
    assert!(forged.is_distribution());
    assembly.group(BOB).receive(&forged).unwrap();
    takes(&mut assembly, ALICE, &key);
}

/// the type of a pairwise message is authentic: no text becomes a key on the way, and no key a text.
#[test]
fn the_type_of_a_pairwise_message_is_authentic() {
    let (mut assembly, key) = scene(0);
    let Assembly { village, groups, rng, .. } = &mut assembly;
    village.carry(ALICE, BOB, b"");
    village.carry(BOB, ALICE, b"");
    let session = village.session(ALICE, BOB);
    let own = groups.get_mut(&ALICE).unwrap().distribute(session.peer()).unwrap();
    let mut text = session.encrypt(&key, rng).unwrap();
    let mut distribution = session.encrypt_distribution(&own, rng).unwrap();
    for (message, honest, other) in [(&mut text, 2, 5), (&mut distribution, 5, 2)] {
        let bob = village.session(BOB, ALICE);
        assert_eq!(message[1], honest);
        message[1] = other;
        assert_eq!(bob.decrypt(message), Err(DecryptError::Unauthentic));
        message[1] = honest;
        assert_eq!(bob.decrypt(message).unwrap().is_distribution(), honest == 5);
    }
}

/// What is said with the type of distributions is one only if it says so; a signing key is a point, of no small order.
#[test]
fn other_plaintexts_are_no_distributions() {
    let (mut assembly, key) = scene(0);
    let message = assembly.send(ALICE, b"a group message");
    for (text, error) in [
        (&b"hello"[..], DecodeError::UnsupportedVersion),
        (&message, DecodeError::WrongKind),
        (&[1, 2], DecodeError::WrongKind),
        (&[1, 5], DecodeError::WrongKind),
    ] {
        declines(&mut assembly, ALICE, text, DistributionError::Malformed(error));
    }
    let identity = [&[1][..], &[0; 31]].concat();
    let not_canonical = [&[0xee][..], &[0xff; 30], &[0x7f]].concat();
    for signing in [identity, vec![0; 32], not_canonical] {
        let mut changed = key.clone();
        changed[forger::SIGNING].copy_from_slice(&signing);
        forger::claim(&mut changed, &assembly.member(ALICE));
        let error = DistributionError::Malformed(DecodeError::InvalidKey);
        declines(&mut assembly, ALICE, &changed, error);
    }
}

/// With everything wrong at once, what is wrong is named in the order of the specification.
#[test]
fn a_distribution_is_checked_in_order() {
    // Alice comes with epoch 2, and Carol goes with the third.
    let mut assembly = Assembly::new(1);
    let (before, all) = ([BOB, CAROL], [ALICE, BOB, CAROL]);
    assembly.come(BOB, 1, &before);
    let first = assembly.epoch(BOB);
    assembly.come(ALICE, 2, &all);
    let list = assembly.village.members(all);
    assembly.group(BOB).change(2, list).unwrap();
    assembly.rotate(ALICE);
    let key = given(&mut assembly);
    takes(&mut assembly, ALICE, &key);
    let list = assembly.village.members([ALICE, BOB]);
    assembly.group(BOB).change(3, list).unwrap();
    let third = assembly.epoch(BOB);
    let dave = assembly.member(DAVE);
    let mut wrong = vec![0xff; forger::LEN + 1];
    wrong[..3].copy_from_slice(&[1, 3, 7]);
    wrong[forger::SIGNING].copy_from_slice(&key[forger::SIGNING]);
    let text = assembly.village.carry(DAVE, BOB, &wrong);
    assembly.declines(BOB, &text, DistributionError::NotADistribution);
    let malformed = DistributionError::Malformed(DecodeError::TrailingBytes);
    declines(&mut assembly, DAVE, &wrong, malformed);
    wrong.pop();
    declines(&mut assembly, DAVE, &wrong, DistributionError::WrongGroup);
    wrong[forger::GROUP].copy_from_slice(b"village");
    declines(&mut assembly, DAVE, &wrong, DistributionError::Relayed);
    wrong[forger::SENDER].copy_from_slice(&forger::sender_hash(&dave));
    declines(&mut assembly, DAVE, &wrong, DistributionError::NotAMember);
    wrong[forger::SENDER].copy_from_slice(&key[forger::SENDER]);
    declines(&mut assembly, ALICE, &wrong, DistributionError::UnknownEpoch);
    epochs_are_checked_in_order(&mut assembly, &key, [first, third], &mut wrong);
    let conflicting = DistributionError::Conflicting;
    for (field, error) in [
        (forger::KEY_ID, conflicting),
        (forger::COMMITMENT, conflicting),
        (forger::ITERATION, conflicting),
        (forger::CHAIN_KEY, DistributionError::Replayed),
    ] {
        wrong[field.clone()].copy_from_slice(&key[field]);
        declines(&mut assembly, ALICE, &wrong, error);
    }
}

/// `key` is Alice's, of the second epoch. When this is over both epochs of `wrong` are right.
fn epochs_are_checked_in_order(
    assembly: &mut Assembly,
    key: &[u8],
    [first, third]: [[u8; 40]; 2],
    wrong: &mut [u8],
) {
    let (made, current) = (&key[forger::MADE], &key[forger::CURRENT]);
    let epoch = |number: u8, like: &[u8]| [&[0; 7][..], &[number], &like[8..]].concat();
    let later = epoch(4, &third);
    let (old_epoch, differ) = (DistributionError::OldEpoch, DistributionError::MembersDiffer);
    let conflicting = DistributionError::Conflicting;
    for (made, current, error) in [
        (&later[..], &epoch(0, &first)[..], old_epoch),
        (&later, &epoch(1, &[0xff; 40]), differ),
        (&later, &first, old_epoch),
        (&epoch(3, &[0xff; 40]), &first, old_epoch),
        (&epoch(3, &[0xff; 40]), current, conflicting),
        (&later, &third, conflicting),
        (&first, &third, old_epoch),
        (&epoch(2, &[0xff; 40]), &third, differ),
        (made, &third, DistributionError::OldKey),
        (made, current, conflicting),
    ] {
        wrong[forger::MADE].copy_from_slice(made);
        wrong[forger::CURRENT].copy_from_slice(current);
        declines(assembly, ALICE, wrong, error);
    }
}
