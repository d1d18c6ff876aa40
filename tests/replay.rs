//! What a first message leaves behind: nothing when it fails, no key to use twice when it opens.

mod common;
mod forge;

use common::{NOW, SUITES, World, bobs};
use confidant::{
    AcceptError, Accepted, DecodeError, DecryptError, PreKeyKind, PreKeyMessage, PreKeyStore,
    RestoreError, Session, Suite, UnixTime, limits,
};
use forge::First;
use forge::scene::{Scene, accept};
use forge::snapshot::{Store, session_keys};

// What a failure leaves, and what a success takes.

/// a first message that opens takes exactly the one-time keys that it names; one that does not takes none.
#[test]
fn only_an_opened_message_uses_up_prekeys() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 3, 150);
        let before = Store::read(&scene.store);
        let mut forged = scene.first.clone();
        *forged.message.last_mut().unwrap() ^= 1;
        assert_eq!(scene.refusal(&forged, &bobs()), AcceptError::Unauthentic);

        scene.accepted();
        let after = Store::read(scene.world.prekeys.snapshot().expose());
        let mut expected = Store { epoch: before.epoch + 1, ..before };
        let used = scene.first.one_time.unwrap();
        expected.one_time.retain(|key| forge::prekey_id(forge::ONE_TIME, &key.public) != used);
        if let Some((used, _)) = &scene.first.kem {
            expected.kem_one_time.retain(|key| key[..8] != *used);
            assert_eq!(expected.kem_one_time.len(), 2);
        }
        assert_eq!(expected.one_time.len(), 2);
        assert_eq!(after, expected);
    }
}

/// a device that crashes at any point has stored either the old store and no session or the new store and the
/// session. With the former, the same message is accepted once more; with the latter it is told apart as the session's.
#[test]
fn a_crash_loses_nothing() {
    for suite in SUITES {
        for one_time in [0, 2] {
            let mut scene = Scene::new(*suite, one_time, 151);
            let first = scene.first.write();
            // A transaction that a crash prevents: nothing was stored.
            let lost = accept(&scene.world.bob, &scene.store, &first, &bobs()).unwrap();
            let Accepted { session, .. } = scene.world.accept(&first);
            assert_eq!(session.id(), lost.session.id());
            assert_eq!(session.snapshot().expose(), lost.session.snapshot().expose());
            // A transaction that was completed.
            let snapshot = session.snapshot();
            let mut bob = Session::restore(snapshot.expose(), session.epoch()).unwrap();
            let store = scene.world.prekeys.snapshot();
            assert!(accept(&scene.world.bob, store.expose(), &first, &bobs()).is_err());
            assert!(bob.began_with(&PreKeyMessage::decode(&first).unwrap()));
            assert_eq!(bob.decrypt(&first), Err(DecryptError::Duplicate));
            let reply = bob.encrypt(b"still here", &mut scene.world.rng).unwrap();
            let received = scene.alice.decrypt(&reply).unwrap();
            assert_eq!(received.plaintext.as_bytes(), b"still here");
        }
    }
}

/// what is answered to one and the same first message twice, by a device that was rolled back, is under a fresh
/// ratchet key each time.
#[test]
fn a_replayed_handshake_is_answered_under_a_fresh_key() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 1, 152);
        let mut answers = Vec::new();
        for _ in 0..2 {
            let mut session = scene.answer(&scene.first, &bobs()).unwrap().session;
            answers.push(session.encrypt(b"", &mut scene.world.rng).unwrap());
        }
        let ratchet_key = |message: &[u8]| message[2..34].to_vec();
        assert_ne!(ratchet_key(&answers[0]), ratchet_key(&answers[1]));
        assert_ne!(ratchet_key(&answers[0]), ratchet_key(&scene.first.message));
    }
}

/// no message is under the handshake's own key: the ratchet has turned before the first one, on both sides, and the
/// key is gone.
#[test]
fn the_handshakes_key_is_gone_with_the_first_message() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 153);
        let mut alice = world.initiate();
        let [_, root] = session_keys(alice.snapshot().expose());
        let has =
            |session: &Session| session.snapshot().expose().windows(32).any(|part| part == root);
        assert!(has(&alice));
        let first = alice.encrypt(b"hello", &mut world.rng).unwrap();
        let bob = world.accept(&first).session;
        assert!(!has(&alice) && !has(&bob));
        assert_eq!(session_keys(alice.snapshot().expose()), session_keys(bob.snapshot().expose()));
    }
}

// Replays.

/// a handshake that used any one-time key, of either kind, is refused as naming a key that is gone.
#[test]
fn a_handshake_with_a_one_time_key_cannot_be_replayed() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 2, 160);
        let first = scene.first.write();
        scene.accepted();
        let store = scene.world.prekeys.snapshot();
        let refusal = accept(&scene.world.bob, store.expose(), &first, &bobs()).unwrap_err();
        assert_eq!(refusal, AcceptError::UnknownPreKey(PreKeyKind::OneTime));
        assert!(Store::read(store.expose()).current.tags.is_empty());
    }
}

/// a one-time key of one kind is enough, though the server gave none of the other.
#[cfg(feature = "pq")]
#[test]
fn a_one_time_key_of_one_kind_is_enough_against_replay() {
    use common::alices;
    use forge::Bundle;
    use forge::scene::{bundle, first_to, verified};

    let mut world = World::new(Suite::Pqxdh1024, 1, 161);
    let with_both = bundle(&mut world);
    let with_none = bundle(&mut world);
    let kem_only = Bundle { one_time: None, ..with_both.clone() };
    let curve_only = Bundle { kem: with_none.kem, ..with_both };
    let expected = [(kem_only, PreKeyKind::KemOneTime), (curve_only, PreKeyKind::OneTime)];
    for (bundle, kind) in expected {
        let first = first_to(&mut world, &verified(&bundle), &alices()).write();
        let used = world.accept(&first).used;
        assert!(!used.recorded);
        assert_ne!(used.one_time.is_some(), used.kem_one_time.is_some());
        let store = world.prekeys.snapshot();
        let refusal = accept(&world.bob, store.expose(), &first, &bobs()).unwrap_err();
        assert_eq!(refusal, AcceptError::UnknownPreKey(kind));
    }
}

/// a handshake that used none is refused as seen before, after a restart and after a rotation too, whichever of its
/// messages is replayed; when the rotation after that has erased its signed pre-key, as naming a key that is gone.
#[test]
fn a_handshake_without_a_one_time_key_cannot_be_replayed() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 0, 162);
        let first = scene.first.write();
        let second = scene.alice.encrypt(b"second", &mut scene.world.rng).unwrap();
        scene.accepted();
        let World { bob, prekeys, rng, .. } = &mut scene.world;
        for expected in [
            AcceptError::Replayed,
            AcceptError::Replayed,
            AcceptError::UnknownPreKey(PreKeyKind::Signed),
        ] {
            let store = prekeys.snapshot();
            for message in [&first, &second] {
                assert_eq!(accept(bob, store.expose(), message, &bobs()).unwrap_err(), expected);
            }
            prekeys.rotate(bob, NOW, rng).unwrap();
        }
    }
}

/// one that was under way while its signed pre-key was rotated is recorded like any other.
#[test]
fn a_handshake_under_the_previous_signed_prekey_cannot_be_replayed() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 0, 169);
        let World { bob, prekeys, rng, .. } = &mut scene.world;
        prekeys.rotate(bob, NOW, rng).unwrap();
        assert!(scene.accepted().recorded);
        let store = Store::read(&scene.store);
        assert_eq!((store.current.tags.len(), store.previous.unwrap().tags.len()), (0, 1));
        assert_eq!(scene.refusal(&scene.first, &bobs()), AcceptError::Replayed);
    }
}

/// whoever changes a replayed message learns only what any forger learns.
#[test]
fn a_changed_replay_is_unauthentic() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 0, 163);
        scene.accepted();
        let refusal = scene.refuses(|first| *first.message.last_mut().unwrap() ^= 1);
        assert_eq!(refusal, AcceptError::Unauthentic);
    }
}

/// nothing is evicted: the first handshake is still known after 10,000 others (fewer in a debug build).
#[test]
fn a_replay_is_refused_after_thousands_of_handshakes() {
    let others = if cfg!(debug_assertions) { 500 } else { 10_000 };
    let mut scene = Scene::new(Suite::X3dh, 0, 164);
    scene.accepted();
    for _ in 0..others {
        let other = scene.world.initiate().encrypt(b"", &mut scene.world.rng).unwrap();
        assert!(scene.world.accept(&other).used.recorded);
    }
    let status = scene.world.prekeys.status(NOW);
    assert_eq!(status.replay_room, limits::MAX_REPLAY_TAGS - 1 - others);
    scene.store = scene.world.prekeys.snapshot().expose().to_vec();
    assert_eq!(scene.refusal(&scene.first, &bobs()), AcceptError::Replayed);
}

/// A store whose record has the tags that it had and as many made-up ones as make `total`.
fn with_tags(store: &[u8], total: usize) -> Vec<u8> {
    let mut store = Store::read(store);
    let tags = &mut store.current.tags;
    let made_up = (0..).map(|n: u128| (n << 100 | n).to_be_bytes());
    tags.extend(made_up.take(total - tags.len()));
    tags.sort_unstable();
    store.write()
}

/// the same with a record of 10,001, in every suite.
#[test]
fn a_replay_is_found_in_a_long_record() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 0, 165);
        scene.accepted();
        scene.store = with_tags(scene.world.prekeys.snapshot().expose(), 10_001);
        assert_eq!(scene.refusal(&scene.first, &bobs()), AcceptError::Replayed);
        let other = scene.world.initiate().encrypt(b"", &mut scene.world.rng).unwrap();
        assert!(scene.answer(&First::read(&other), &bobs()).is_ok());
    }
}

/// a full record refuses what it cannot record, says so before it is full, and gives replays and forgeries the names
/// that they always have.
#[test]
fn a_full_replay_record_refuses() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 0, 166);
        let room = |total: usize, scene: &mut Scene| {
            scene.store = with_tags(scene.world.prekeys.snapshot().expose(), total);
            PreKeyStore::restore(&scene.store, 0).unwrap().status(NOW).replay_room
        };
        assert_eq!(room(limits::MAX_REPLAY_TAGS - 1, &mut scene), 1);
        assert!(scene.answer(&scene.first, &bobs()).is_ok());
        assert_eq!(room(limits::MAX_REPLAY_TAGS, &mut scene), 0);
        assert_eq!(scene.refusal(&scene.first, &bobs()), AcceptError::ReplayRecordFull);
        let forged = scene.refuses(|first| *first.message.last_mut().unwrap() ^= 1);
        assert_eq!(forged, AcceptError::Unauthentic);

        scene.accepted();
        assert_eq!(room(limits::MAX_REPLAY_TAGS, &mut scene), 0);
        assert_eq!(scene.refusal(&scene.first, &bobs()), AcceptError::Replayed);
    }
}

/// with a full record, handshakes with a one-time key go on, and so does everything after a rotation; messages under
/// the old signed pre-key stay refused.
#[test]
fn a_full_replay_record_is_left_behind() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 0, 167);
        let full = with_tags(&scene.store, limits::MAX_REPLAY_TAGS);
        let World { bob, prekeys, published, rng, .. } = &mut scene.world;
        *prekeys = PreKeyStore::restore(&full, 0).unwrap();
        *published = prekeys.replenish(bob, 1, NOW, rng).unwrap();
        let first = scene.world.initiate().encrypt(b"", &mut scene.world.rng).unwrap();
        assert!(!scene.world.accept(&first).used.recorded);

        let World { bob, prekeys, published, rng, .. } = &mut scene.world;
        *published = prekeys.rotate(bob, NOW, rng).unwrap();
        assert_eq!(prekeys.status(NOW).replay_room, limits::MAX_REPLAY_TAGS);
        let first = scene.world.initiate().encrypt(b"", &mut scene.world.rng).unwrap();
        assert!(scene.world.accept(&first).used.recorded);
        assert_eq!(scene.world.prekeys.status(NOW).replay_room, limits::MAX_REPLAY_TAGS - 1);
        scene.store = scene.world.prekeys.snapshot().expose().to_vec();
        assert_eq!(scene.refusal(&scene.first, &bobs()), AcceptError::ReplayRecordFull);
    }
}

/// a one-time key of the other kind is as good against a full record.
#[cfg(feature = "pq")]
#[test]
fn a_full_replay_record_lets_kem_one_time_keys_through() {
    use common::alices;
    use forge::Bundle;
    use forge::scene::{bundle, first_to, verified};

    let mut world = World::new(Suite::Pqxdh1024, 1, 170);
    let kem_only = Bundle { one_time: None, ..bundle(&mut world) };
    let first = first_to(&mut world, &verified(&kem_only), &alices()).write();
    let full = with_tags(world.prekeys.snapshot().expose(), limits::MAX_REPLAY_TAGS);
    let used = accept(&world.bob, &full, &first, &bobs()).unwrap().used;
    assert!(used.kem_one_time.is_some() && !used.recorded);
}

/// no snapshot brings in more tags than the record takes.
#[test]
fn a_replay_record_cannot_be_overfull() {
    let scene = Scene::new(Suite::X3dh, 0, 168);
    let full = with_tags(&scene.store, limits::MAX_REPLAY_TAGS + 1);
    let refused = PreKeyStore::restore(&full, 0).err();
    assert_eq!(refused, Some(RestoreError::Malformed(DecodeError::TooMany)));
}

// Time.

/// a responder answers with a signed pre-key, current or previous, until its expiry and grace are over, to the
/// second.
#[test]
fn a_signed_prekey_answers_until_its_grace_is_over() {
    let end = NOW.as_secs() + limits::PREKEY_LIFETIME + limits::PREKEY_GRACE;
    for suite in SUITES {
        for rotated in [false, true] {
            let mut scene = Scene::new(*suite, 1, 170);
            let World { bob, prekeys, rng, .. } = &mut scene.world;
            if rotated {
                prekeys.rotate(bob, UnixTime::from_secs(end), rng).unwrap();
            }
            let first = scene.first.write();
            let request = PreKeyMessage::decode(&first).unwrap();
            let mut at = |seconds| {
                let now = UnixTime::from_secs(seconds);
                Session::accept(bob, prekeys, &request, &bobs(), now).err()
            };
            assert_eq!(at(end), Some(AcceptError::SignedPreKeyExpired));
            assert_eq!(at(u64::MAX), Some(AcceptError::SignedPreKeyExpired));
            assert_eq!(at(end - 1), None);
        }
    }
}

/// the previous signed pre-key is kept for one rotation, no more.
#[test]
fn a_signed_prekey_answers_for_one_rotation() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 1, 171);
        let rotate = |scene: &mut Scene| {
            let World { bob, prekeys, rng, .. } = &mut scene.world;
            prekeys.rotate(bob, NOW, rng).unwrap();
            scene.store = prekeys.snapshot().expose().to_vec();
        };
        rotate(&mut scene);
        assert!(scene.answer(&scene.first, &bobs()).is_ok());
        rotate(&mut scene);
        let unknown = AcceptError::UnknownPreKey(PreKeyKind::Signed);
        assert_eq!(scene.refusal(&scene.first, &bobs()), unknown);
    }
}
