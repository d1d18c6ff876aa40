//! A conversation, as an application has it.

mod common;

use common::{SUITES, World};
use confidant::{DecryptError, PreKeyStore, Session};

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
