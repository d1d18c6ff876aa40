//! What was secret is wiped where it was, before its memory is given back.
//!
//! Shown for the heap, where what is stored lives: `residue` searches every freed block. What passes over the stack is wiped
//! by the types of `secret` and, as far as R-126 below shows, by those of the dependencies.

mod assembly;
mod common;
mod forge;
mod probe;
mod residue;
mod village;

use std::hint::black_box;

use assembly::forger;
use common::{NOW, SUITES, TestRng, World, bobs};
use confidant::{
    AcceptError, Accepted, DecodeError, DecryptError, DistributionError, EncryptError,
    GroupDecryptError, GroupEncryptError, GroupError, GroupSession, Identity, PreKeyError,
    PreKeyMessage, PreKeyStore, Received, RestoreError, Secret, Session, Suite, UnixTime,
};
use probe::implements;
use residue::secrets::{
    learn_answer, learn_fresh, learn_group, learn_handshake, learn_identity, learn_question,
    learn_session, learn_store,
};
use residue::{learn, residues};
use village::Village;

/// Runs the scenario in every suite of this build; nothing may be left.
fn leaves_nothing(scenario: fn(Suite)) {
    for suite in SUITES {
        assert_eq!(residues(|| scenario(*suite)), [""; 0], "{suite:?}");
    }
}

/// A text that is secret, and that the test itself never frees.
fn text(len: usize) -> &'static [u8] {
    let mut rng = TestRng::new(len as u64);
    let text = Vec::leak((0..len).map(|_| rng.below(256) as u8).collect());
    learn("plaintext", text);
    text
}

/// an identity leaves nothing, made, remade from its seed, used or dropped.
#[test]
fn identities_are_wiped() {
    leaves_nothing(|_| {
        let mut rng = TestRng::new(31);
        let identity = Identity::generate(&mut rng).unwrap();
        learn_identity(&identity);
        let seed = Secret::init_with(|seed| *seed = *identity.seed().expose());
        let again = Identity::from_seed(seed);
        assert_eq!(again.public(), identity.public());
        let store = PreKeyStore::generate(&again, Suite::X3dh, NOW, &mut rng).unwrap();
        learn_store(&store);
    });
}

/// pre-keys leave nothing, rotated out, purged, dropped or never finished.
#[test]
fn prekeys_are_wiped() {
    leaves_nothing(|suite| {
        let mut world = World::new(suite, 3, 32);
        learn_store(&world.prekeys);
        for draws in 0..4 {
            world.rng.fail_at = Some(world.rng.draws + draws);
            let failed = world.prekeys.replenish(&world.bob, 5, NOW, &mut world.rng);
            assert_eq!(failed, Err(PreKeyError::Randomness));
        }
        world.rng.fail_at = None;
        for _ in 0..3 {
            world.prekeys.rotate(&world.bob, NOW, &mut world.rng).unwrap();
            learn_store(&world.prekeys);
        }
        let late = UnixTime::from_secs(NOW.as_secs() + 200 * 86_400);
        assert!(world.prekeys.purge(late) > 0);
    });
}

/// what a failing generator has cut short is learned from the run that it did not fail.
#[test]
fn prekeys_that_were_never_finished_are_wiped() {
    leaves_nothing(|suite| {
        for fail in [true, false] {
            let mut world = World::new(suite, 0, 33);
            let draws = if suite.is_hybrid() { 5 } else { 2 };
            world.rng.fail_at = fail.then_some(world.rng.draws + draws);
            let result = world.prekeys.replenish(&world.bob, 3, NOW, &mut world.rng);
            assert_eq!(result.is_err(), fail);
            learn_store(&world.prekeys);
        }
    });
}

/// a handshake leaves nothing on either side: not EK, no agreement, no pseudo-random key, no used one-time key.
#[test]
fn handshakes_are_wiped() {
    leaves_nothing(|suite| {
        let mut world = World::new(suite, 1, 34);
        learn_identity(&world.alice);
        learn_identity(&world.bob);
        let mut alice = world.initiate();
        let fresh = learn_fresh(&alice);
        let before = learn_session(&alice);
        let first = alice.encrypt(text(600), &mut world.rng).unwrap();
        learn_question(&before, &learn_session(&alice));
        learn_handshake(&world.bob, &world.prekeys, &first, &fresh);
        let accepted = world.accept(&first);
        learn_session(&accepted.session);
    });
}

/// a handshake that fails leaves nothing either, whatever it fails of.
#[test]
fn handshakes_that_fail_are_wiped() {
    leaves_nothing(|suite| {
        let mut world = World::new(suite, 1, 35);
        let mut alice = world.initiate();
        let fresh = learn_fresh(&alice);
        let before = learn_session(&alice);
        let first = alice.encrypt(text(40_000), &mut world.rng).unwrap();
        learn_question(&before, &learn_session(&alice));
        learn_handshake(&world.bob, &world.prekeys, &first, &fresh);
        for from_the_end in [1, 30_000, 40_100] {
            let mut forged = first.clone();
            let at = forged.len() - from_the_end;
            forged[at] ^= 1;
            let request = PreKeyMessage::decode(&forged).unwrap();
            let bob = (&world.bob, &mut world.prekeys);
            let refused = Session::accept(bob.0, bob.1, &request, &bobs(), NOW).map(drop);
            assert_eq!(refused, Err(AcceptError::Unauthentic));
        }
        drop(world.accept(&first));
        let mut again = World::new(suite, 1, 35);
        again.rng.fail_at = Some(again.rng.draws + usize::from(suite.is_hybrid()));
        let bundle = again.bundle();
        let context = common::alices();
        assert!(Session::initiate(&again.alice, &bundle, &context, &mut again.rng).is_err());
    });
}

/// root keys, ratchet secrets, chain keys and message keys go when they are used, whoever turns.
#[test]
fn turns_are_wiped() {
    leaves_nothing(|suite| {
        let mut world = World::new(suite, 1, 36);
        let (mut alice, mut bob) = world.conversation();
        for _ in 0..3 {
            let before = learn_session(&alice);
            let answer_of = learn_session(&bob);
            let question = alice.encrypt(text(300), &mut world.rng).unwrap();
            learn_question(&before, &learn_session(&alice));
            learn_answer(&answer_of, &question);
            bob.decrypt(&question).unwrap();
            learn_session(&bob);
            let second = alice.encrypt(text(300), &mut world.rng).unwrap();
            learn_session(&alice);
            bob.decrypt(&second).unwrap();
            learn_session(&bob);
            std::mem::swap(&mut alice, &mut bob);
        }
    });
}

/// keys kept for late messages go when they are used, forgotten, evicted or expired.
#[test]
fn kept_keys_are_wiped() {
    leaves_nothing(|suite| {
        let mut world = World::new(suite, 1, 37);
        let (mut alice, mut bob) = world.conversation();
        let turn = learn_session(&bob);
        let messages: Vec<_> =
            (0..12).map(|_| alice.encrypt(text(40), &mut world.rng).unwrap()).collect();
        learn_answer(&turn, &messages[0]);
        for message in [3, 2, 11, 7] {
            bob.decrypt(&messages[message]).unwrap();
            learn_session(&bob);
        }
        assert_eq!(bob.decrypt(&messages[2]), Err(DecryptError::Duplicate));
        assert!(bob.expire_skipped(NOW, 10));
        assert!(bob.expire_skipped(UnixTime::from_secs(NOW.as_secs() + 10), 10));
        assert_eq!(bob.skipped(), 0);
    });
}

/// a message that does not open leaves nothing of the keys that it was tried with.
#[test]
fn refused_messages_are_wiped() {
    leaves_nothing(|suite| {
        let mut world = World::new(suite, 1, 38);
        let (mut alice, mut bob) = world.conversation();
        let turn = learn_session(&bob);
        for _ in 0..2 {
            alice.encrypt(text(40), &mut world.rng).unwrap();
            let message = alice.encrypt(text(40), &mut world.rng).unwrap();
            learn_session(&alice);
            learn_answer(&turn, &message);
            let mut forged = message.clone();
            forged[100] ^= 1;
            assert_eq!(bob.decrypt(&forged), Err(DecryptError::Unauthentic));
            assert_eq!(bob.decrypt_with(&message, b"other"), Err(DecryptError::Unauthentic));
            bob.decrypt(&message).unwrap();
            learn_session(&bob);
            assert_eq!(bob.decrypt(&message), Err(DecryptError::Duplicate));
        }
        world.rng.fail_at = Some(world.rng.draws);
        assert_eq!(bob.encrypt(text(40), &mut world.rng), Err(EncryptError::Randomness));
    });
}

/// nothing of a plaintext is left by what encrypts it, by what opens it, or by what fails after its first chunks.
#[test]
fn plaintexts_are_wiped() {
    leaves_nothing(|suite| {
        let mut world = World::new(suite, 1, 39);
        let (mut alice, mut bob) = world.conversation();
        for len in [24, 16_384, 40_000] {
            let message = alice.encrypt_with(text(len), b"data", &mut world.rng).unwrap();
            // The last chunk does not open, or is not there.
            let mut forged = message.clone();
            *forged.last_mut().unwrap() ^= 1;
            let short = &message[..message.len() - 1];
            for bad in [&forged, short] {
                let refused = bob.decrypt_with(bad, b"data").unwrap_err();
                let expected =
                    [DecryptError::Unauthentic, DecryptError::Malformed(DecodeError::Truncated)];
                assert!(expected.contains(&refused));
            }
            let received = bob.decrypt_with(&message, b"data").unwrap();
            assert_eq!(received.plaintext.as_bytes(), text(len));
        }
    });
}

/// snapshots are wiped, and so is what was read of one that turns out to be wrong.
#[test]
fn snapshots_are_wiped() {
    leaves_nothing(|suite| {
        let mut world = World::new(suite, 2, 40);
        let (mut alice, mut bob) = world.conversation();
        alice.encrypt(text(40), &mut world.rng).unwrap();
        let late = alice.encrypt(text(40), &mut world.rng).unwrap();
        bob.decrypt(&late).unwrap();
        for session in [&alice, &bob] {
            learn_session(session);
            let snapshot = session.snapshot();
            let restored = Session::restore(snapshot.expose(), session.epoch()).unwrap();
            assert_eq!(restored.snapshot().expose(), snapshot.expose());
        }
        learn_store(&world.prekeys);
        let snapshot = world.prekeys.snapshot();
        drop(PreKeyStore::restore(snapshot.expose(), 0).unwrap());
    });
}

/// the same for bytes that are refused after their secrets were read.
#[test]
fn refused_snapshots_are_wiped() {
    leaves_nothing(|suite| {
        let mut world = World::new(suite, 2, 41);
        let (mut alice, _) = world.conversation();
        alice.encrypt(text(40), &mut world.rng).unwrap();
        learn_session(&alice);
        learn_store(&world.prekeys);
        let refused = Err(RestoreError::Malformed(DecodeError::TrailingBytes));
        let session = with_a_byte_more(alice.snapshot().expose());
        assert_eq!(Session::restore(session, 0).map(drop), refused);
        let store = with_a_byte_more(world.prekeys.snapshot().expose());
        assert_eq!(PreKeyStore::restore(store, 0).map(drop), refused);
    });
}

/// A snapshot with one byte behind its body, and the right checksum. Never freed.
fn with_a_byte_more(snapshot: &[u8]) -> &'static [u8] {
    use sha2::{Digest, Sha256};
    let mut bytes = Vec::with_capacity(snapshot.len() + 1);
    bytes.extend_from_slice(&snapshot[..snapshot.len() - 8]);
    bytes.push(0);
    let sum = Sha256::new().chain_update("confidant/v1/snapshot").chain_update(&bytes).finalize();
    bytes.extend_from_slice(&sum[..8]);
    Vec::leak(bytes)
}

/// exported keys are secrets like any other.
#[test]
fn exported_keys_are_wiped() {
    leaves_nothing(|suite| {
        let mut world = World::new(suite, 1, 42);
        let (alice, _) = world.conversation();
        let exported = alice.exporter::<64>(b"call", b"1").unwrap();
        learn("exported key", exported.expose());
    });
}

/// a sender key goes when another takes its place, when it is stepped, distributed to nobody or never finished,
/// and with its group.
#[test]
fn sender_keys_are_wiped() {
    let scenario = || {
        let mut village = Village::new(2, 44);
        let mut alice = village.group(0, 1, &[0, 1]);
        for fails in [Some(0), Some(1), None] {
            let mut rng = TestRng::new(45);
            rng.fail_at = fails;
            let rotated = alice.rotate(NOW, &mut rng);
            assert_eq!(rotated, fails.map_or(Ok(()), |_| Err(GroupError::Randomness)));
            learn_group(&alice);
        }
        for _ in 0..3 {
            alice.rotate(NOW, &mut village.rng).unwrap();
            learn_group(&alice);
            drop(alice.distribute(village.session(0, 1).peer()).unwrap());
            for len in [24, 40_000] {
                alice.encrypt(text(len), b"data", NOW, &mut village.rng).unwrap();
                learn_group(&alice);
                drop(alice.distribute(village.session(0, 1).peer()).unwrap());
            }
            village.rng.fail_at = Some(village.rng.draws);
            let failed = alice.encrypt(text(24), b"", NOW, &mut village.rng);
            assert_eq!(failed, Err(GroupEncryptError::Randomness));
            village.rng.fail_at = None;
        }
        alice.change(2, village.members([0])).unwrap();
        learn_group(&alice);
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// Alice's group with a new key, and Bob's, which has been given it.
fn alice_and_bob(village: &mut Village) -> (GroupSession, GroupSession) {
    let mut alice = village.group(0, 1, &[0, 1]);
    let mut bob = village.group(1, 1, &[0, 1]);
    alice.rotate(NOW, &mut village.rng).unwrap();
    learn_group(&alice);
    let received = village.deliver_key(&mut alice, 0, 1);
    bob.receive(&received).unwrap();
    learn_group(&bob);
    (alice, bob)
}

/// what a receiver has of a sender goes when it is used, passed over, expired or dropped, and nothing is
/// left of messages that do not open.
#[test]
fn receivers_of_a_group_are_wiped() {
    let scenario = || {
        let mut village = Village::new(2, 46);
        let (mut alice, mut bob) = alice_and_bob(&mut village);
        let messages: Vec<_> = (0..12)
            .map(|_| {
                learn_group(&alice);
                alice.encrypt(text(300), b"", NOW, &mut village.rng).unwrap()
            })
            .collect();
        for message in [0, 1, 4, 3, 11, 7] {
            let mut forged = messages[message].clone();
            forged[100] ^= 1;
            assert_eq!(bob.decrypt(&forged, b""), Err(GroupDecryptError::Unauthentic));
            let rebound = bob.decrypt(&messages[message], b"other");
            assert_eq!(rebound, Err(GroupDecryptError::Unauthentic));
            let received = bob.decrypt(&messages[message], b"").unwrap();
            assert_eq!(received.plaintext.as_bytes(), text(300));
            learn_group(&bob);
            let again = bob.decrypt(&messages[message], b"");
            assert_eq!(again, Err(GroupDecryptError::Duplicate));
        }
        let snapshot = bob.snapshot();
        let mut bob = GroupSession::restore(snapshot.expose(), bob.changes()).unwrap();
        assert_eq!(bob.snapshot().expose(), snapshot.expose());
        assert!(bob.expire_skipped(NOW, 10));
        assert!(bob.expire_skipped(UnixTime::from_secs(NOW.as_secs() + 10), 10));
        assert_eq!(bob.decrypt(&messages[5], b""), Err(GroupDecryptError::Forgotten));
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// the keys of a sender go when newer ones take their place, when they are old, and when the sender leaves.
#[test]
fn keys_of_senders_who_leave_are_wiped() {
    let scenario = || {
        let mut village = Village::new(2, 47);
        let (mut alice, mut bob) = alice_and_bob(&mut village);
        for _ in 0..6 {
            alice.encrypt(text(40), b"", NOW, &mut village.rng).unwrap();
            let late = alice.encrypt(text(40), b"", NOW, &mut village.rng).unwrap();
            learn_group(&alice);
            bob.decrypt(&late, b"").unwrap();
            alice.rotate(NOW, &mut village.rng).unwrap();
            learn_group(&alice);
            let received = village.deliver_key(&mut alice, 0, 1);
            bob.receive(&received).unwrap();
            learn_group(&bob);
        }
        assert_eq!(bob.key_count(), 5);
        assert!(bob.expire_skipped(NOW, 10));
        assert!(bob.expire_skipped(UnixTime::from_secs(NOW.as_secs() + 10), 10));
        assert_eq!(bob.key_count(), 1);
        bob.change(2, village.members([1])).unwrap();
        assert_eq!(bob.key_count(), 0);
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// What one says to another over their pairwise session as a distribution: any bytes.
fn forge_key(village: &mut Village, from: usize, to: usize, bytes: &[u8]) -> Received {
    // The first message turns the ratchet, if need be.
    village.carry(from, to, b"");
    let mut rng = TestRng::new(51);
    let message = forger::as_distribution(village.session(from, to), bytes, &mut rng);
    village.session(to, from).decrypt(&message).unwrap()
}

/// a distribution that is refused leaves nothing, whatever it is refused for.
#[test]
fn refused_distributions_are_wiped() {
    let scenario = || {
        let mut village = Village::new(3, 48);
        let (mut alice, mut bob) = alice_and_bob(&mut village);
        let held_back = village.deliver_key(&mut alice, 0, 1);
        assert_eq!(bob.receive(&held_back), Err(DistributionError::Replayed));
        alice.rotate(NOW, &mut village.rng).unwrap();
        learn_group(&alice);
        let key = village.deliver_key(&mut alice, 0, 1);
        let malformed = DistributionError::Malformed;
        for (len, change, expected) in [
            (forger::LEN, forger::GROUP.start, DistributionError::WrongGroup),
            (forger::LEN, forger::SENDER.start, DistributionError::Relayed),
            (forger::LEN, forger::CURRENT.start, DistributionError::UnknownEpoch),
            (forger::LEN, forger::CURRENT.end - 1, DistributionError::MembersDiffer),
            (forger::LEN, forger::MADE.end - 1, DistributionError::MembersDiffer),
            (forger::LEN, forger::MADE.start, DistributionError::Conflicting),
            (forger::LEN, forger::KEY_ID.start, DistributionError::Conflicting),
            (forger::LEN, forger::CHAIN_KEY.start, DistributionError::Conflicting),
            (forger::LEN - 1, forger::CHAIN_KEY.start, malformed(DecodeError::Truncated)),
            (forger::LEN + 1, forger::LEN, malformed(DecodeError::TrailingBytes)),
        ] {
            // Never freed.
            let changed = Vec::leak(vec![0; len]);
            changed.iter_mut().zip(key.plaintext.as_bytes()).for_each(|(to, from)| *to = *from);
            changed[change] ^= 1;
            let received = forge_key(&mut village, 0, 1, changed);
            assert_eq!(bob.receive(&received), Err(expected), "{change}");
        }
        let relayed = forge_key(&mut village, 2, 1, key.plaintext.as_bytes());
        assert_eq!(bob.receive(&relayed), Err(DistributionError::Relayed));
        let text = village.carry(0, 1, key.plaintext.as_bytes());
        assert_eq!(bob.receive(&text), Err(DistributionError::NotADistribution));
        assert_eq!(bob.receive(&key), Ok(()));
        assert!(bob.expire_skipped(NOW, 0));
        assert_eq!(bob.receive(&held_back), Err(DistributionError::OldKey));
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// the same for a group's snapshot.
#[test]
fn refused_snapshots_of_groups_are_wiped() {
    let scenario = || {
        let mut village = Village::new(2, 49);
        let (mut alice, mut bob) = alice_and_bob(&mut village);
        alice.encrypt(text(40), b"", NOW, &mut village.rng).unwrap();
        let late = alice.encrypt(text(40), b"", NOW, &mut village.rng).unwrap();
        bob.decrypt(&late, b"").unwrap();
        let refused = Err(RestoreError::Malformed(DecodeError::TrailingBytes));
        for group in [&alice, &bob] {
            learn_group(group);
            let snapshot = with_a_byte_more(group.snapshot().expose());
            assert_eq!(GroupSession::restore(snapshot, 0).map(drop), refused);
            let stale = GroupSession::restore(group.snapshot().expose(), u64::MAX).map(drop);
            assert_eq!(stale, Err(RestoreError::Stale));
        }
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// What the search must find of a group: each of these leaves a secret behind, and the first nothing.
#[test]
fn what_groups_leak_is_found() {
    type Leak = fn(&mut Village, &mut GroupSession, &mut GroupSession);
    let leaks: [(&str, Leak); 4] = [
        ("nothing", |_, _, _| {}),
        ("a copy of a distribution", |village, alice, _| {
            let key = village.deliver_key(alice, 0, 1);
            drop(black_box(key.plaintext.as_bytes().to_vec()));
        }),
        ("a copy of a sender's snapshot", |_, alice, _| {
            drop(black_box(alice.snapshot().expose().to_vec()));
        }),
        ("a copy of a receiver's snapshot", |_, _, bob| {
            drop(black_box(bob.snapshot().expose().to_vec()));
        }),
    ];
    for (name, leak) in leaks {
        let found = residues(|| {
            let mut village = Village::new(2, 50);
            let (mut alice, mut bob) = alice_and_bob(&mut village);
            leak(&mut village, &mut alice, &mut bob);
        });
        assert_eq!(found.is_empty(), name == "nothing", "{name}: {found:?}");
    }
}

/// What the search must find: each of these leaves a secret behind, and the first nothing.
#[test]
fn what_leaks_is_found() {
    type Leak = fn(Accepted, &[u8]);
    let leaks: [(&str, Leak); 6] = [
        ("nothing", |_, _| {}),
        ("a copy", |accepted, _| drop(accepted.session.snapshot().expose().to_vec())),
        ("a plaintext that was taken out", |accepted, _| {
            drop(accepted.received.plaintext.into_vec());
        }),
        ("a buffer that grew", |_, text| {
            let mut buffer = text.to_vec();
            buffer.reserve_exact(text.len() + 1);
            black_box(&mut buffer).fill(0);
        }),
        ("a box that was moved out of", |_, text| {
            let boxed: Box<[u8; 32]> = Box::new(*text.first_chunk().unwrap());
            let mut moved = *black_box(boxed);
            black_box(&mut moved).fill(0);
        }),
        ("eight bytes at an odd place", |_, text| {
            let mut buffer = [0; 100].to_vec();
            buffer[33..41].copy_from_slice(&text[8..16]);
            drop(black_box(buffer));
        }),
    ];
    for (name, leak) in leaks {
        let found = residues(|| {
            let mut world = World::new(Suite::X3dh, 1, 43);
            let first = world.initiate().encrypt(text(64), &mut world.rng).unwrap();
            let accepted = world.accept(&first);
            learn_session(&accepted.session);
            leak(accepted, text(64));
        });
        assert_eq!(found.is_empty(), name == "nothing", "{name}: {found:?}");
    }
}

/// the types of the dependencies that hold secrets wipe themselves in this build, and the one that cannot be wiped on
/// demand is not relied upon for it.
#[test]
fn dependencies_wipe_what_they_hold() {
    use sha2::{Sha256, Sha512};
    use zeroize::{Zeroize, ZeroizeOnDrop};
    assert!(implements!(aes_gcm::Aes256Gcm: ZeroizeOnDrop));
    assert!(implements!(ed25519_dalek::SigningKey: ZeroizeOnDrop));
    assert!(implements!(Sha256: ZeroizeOnDrop));
    assert!(implements!(Sha512: ZeroizeOnDrop));
    assert!(implements!(x25519_dalek::StaticSecret: ZeroizeOnDrop));
    assert!(implements!(x25519_dalek::SharedSecret: ZeroizeOnDrop));
    assert!(!implements!(x25519_dalek::StaticSecret: Zeroize));
    assert!(implements!([u8; 32]: Zeroize));
}
