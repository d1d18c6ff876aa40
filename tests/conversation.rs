//! A conversation, as an application has it.

mod common;

use common::{NOW, SUITES, World, alices as alices_view, bobs as bobs_view};
use confidant::{DecryptError, PreKeyMessage, PreKeyStore, Session};

/// Both suites: handshake, replies, late and repeated messages, restarts from snapshots at every turn.
#[test]
fn two_parties_converse() {
    for suite in SUITES {
        let mut world = World::new(*suite, 3, 1);
        let (mut alice, mut bob) = world.conversation();
        for round in 0..40_u32 {
            let text = round.to_be_bytes();
            let first = bob.encrypt(&text, &mut world.rng).unwrap();
            let late = bob.encrypt(b"late", &mut world.rng).unwrap();
            let last = bob.encrypt(b"last", &mut world.rng).unwrap();
            let received = alice.decrypt(&first).unwrap();
            assert_eq!(received.plaintext.as_bytes(), text);
            assert_eq!(alice.decrypt(&last).unwrap().number, received.number + 2);
            let answer = alice.encrypt(b"answer", &mut world.rng).unwrap();
            assert_eq!(bob.decrypt(&answer).unwrap().plaintext.as_bytes(), b"answer");
            assert_eq!(alice.decrypt(&late).unwrap().plaintext.as_bytes(), b"late");
            assert_eq!(alice.decrypt(&late), Err(DecryptError::Duplicate));
            alice = Session::restore(alice.snapshot().expose(), alice.epoch()).unwrap();
            bob = Session::restore(bob.snapshot().expose(), bob.epoch()).unwrap();
        }
        assert_eq!(alice.id(), bob.id());
        let exported = alice.exporter::<40>(b"call", b"1").unwrap();
        assert_eq!(exported.expose(), bob.exporter::<40>(b"call", b"1").unwrap().expose());
    }
}

/// A pre-key store comes back from its snapshot as it was.
#[test]
fn prekeys_survive_a_restart() {
    for suite in SUITES {
        let world = World::new(*suite, 5, 2);
        let snapshot = world.prekeys.snapshot();
        let restored = PreKeyStore::restore(snapshot.expose(), world.prekeys.epoch()).unwrap();
        assert_eq!(restored.snapshot().expose(), snapshot.expose());
    }
}

/// Both begin at once: each accepts the other's, and with the rule of the crate's page both end on one session.
#[test]
fn two_beginnings_end_in_one_session() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 3);
        let mut alices = vec![world.initiate()];
        let World { alice, bob, rng, .. } = &mut world;
        let mut prekeys = PreKeyStore::generate(alice, *suite, NOW, rng).unwrap();
        let bundle = prekeys.publication(alice, NOW).unwrap().next_bundle(NOW);
        let bundle = bundle.verify(NOW).unwrap();
        let mut bobs = vec![Session::initiate(bob, &bundle, &bobs_view(), rng).unwrap()];
        let from_alice = alices[0].encrypt(b"alice began", rng).unwrap();
        let from_bob = bobs[0].encrypt(b"bob began", rng).unwrap();
        let request = PreKeyMessage::decode(&from_bob).unwrap();
        let accepted = Session::accept(alice, &mut prekeys, &request, &alices_view(), NOW);
        alices.push(accepted.unwrap().session);
        bobs.push(world.accept(&from_alice).session);
        for text in [&b"one"[..], b"two", b"three"] {
            for (from, to) in [(0, 1), (1, 0)] {
                let mut sides = [&mut alices, &mut bobs];
                let [from, to] = sides.get_disjoint_mut([from, to]).unwrap();
                let session = from.iter_mut().min_by_key(|session| *session.id()).unwrap();
                let message = session.encrypt(text, &mut world.rng).unwrap();
                let read: Vec<_> =
                    to.iter_mut().filter_map(|session| session.decrypt(&message).ok()).collect();
                assert_eq!(read.len(), 1);
                assert_eq!(read[0].plaintext.as_bytes(), text);
            }
        }
    }
}
