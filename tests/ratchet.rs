//! What the ratchet is for: keys that are gone when they are used, states that heal, messages that belong to one session.
//!
//! The tests look into snapshots, where `docs/state.md` says what is, and compute keys as `docs/spec.md` says, with the
//! primitives alone.

mod common;

use common::{NOW, SUITES, World, address, alices, bobs};
use confidant::{
    AcceptError, Accepted, Address, Context, DecryptError, DeviceId, Policy, PreKeyKind,
    PreKeyMessage, PreKeyStore, Provider, Received, RestoreError, Session, Suite, UserId,
};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};
use x25519_dalek::{PublicKey, StaticSecret};

type Key = [u8; 32];

/// The parts of a session's snapshot that the ratchet moves.
struct Inside {
    bytes: Vec<u8>,
    /// Where the secrets begin.
    secrets: usize,
    root: Key,
    remote: Key,
    /// Ratchet secret, ratchet key, CK.
    sending: Option<[Key; 3]>,
    receiving: Option<Key>,
}

impl Inside {
    fn of(session: &Session) -> Self {
        let bytes = session.snapshot().expose().to_vec();
        let key = |at: usize| -> Key { bytes[at..at + 32].try_into().unwrap() };
        let id = bytes.windows(32).position(|window| window == session.id()).unwrap();
        let prefix = usize::from(u16::from_be_bytes([bytes[id + 64], bytes[id + 65]]));
        // Behind the prefix: exporter key, limits, RK, remote key, sending, receiving.
        let secrets = id + 66 + prefix;
        let root = secrets + 32 + 8;
        let sending = root + 64;
        let active = bytes[sending] == 1;
        let receiving = sending + if active { 1 + 32 + 32 + 4 + 4 + 32 } else { 1 + 4 };
        Self {
            root: key(root),
            remote: key(root + 32),
            sending: active.then(|| [key(sending + 1), key(sending + 33), key(sending + 73)]),
            receiving: (bytes[receiving] == 1).then(|| key(receiving + 9)),
            secrets,
            bytes,
        }
    }

    fn contains(&self, secret: &[u8]) -> bool {
        self.bytes.windows(secret.len()).any(|window| window == secret)
    }

    /// Is there anything in this state, every 32 bytes of it tried as a message key and as a chain key up to three steps
    /// before, that opens the message? The commitment tells.
    fn opens(&self, message: &[u8]) -> bool {
        self.bytes[self.secrets..].windows(32).any(|window| {
            let mut chain: Key = window.try_into().unwrap();
            let mut keys = vec![chain];
            for _ in 0..3 {
                keys.push(hmac(&chain, 1));
                chain = hmac(&chain, 2);
            }
            keys.iter().any(|key| commitment(key, message) == message[66..98])
        })
    }
}

fn hmac(key: &Key, byte: u8) -> Key {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.chain_update([byte]).finalize().into_bytes().into()
}

/// What the commitment of this message would be under this message key.
fn commitment(message_key: &Key, message: &[u8]) -> Key {
    let prk = [&message_key[..], &[0; 32]].concat();
    let info = [
        &b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"[..],
        &message[42..66],
        b"confidant/v1/ratchet/message",
        &message[..42],
    ];
    let mut keys = [0; 76];
    let hkdf = Hkdf::<Sha512>::from_prk(&prk).unwrap();
    hkdf.expand_multi_info(&info, &mut keys).unwrap();
    keys[44..].try_into().unwrap()
}

/// `KDF_RK`: the next root key and a chain key.
fn turn(root: &Key, secret: Key, remote: Key) -> [Key; 2] {
    let dh = StaticSecret::from(secret).diffie_hellman(&PublicKey::from(remote));
    let mut keys = [0; 64];
    let hkdf = Hkdf::<Sha256>::new(Some(root), dh.as_bytes());
    hkdf.expand(b"confidant/v1/ratchet/root", &mut keys).unwrap();
    [keys[..32].try_into().unwrap(), keys[32..].try_into().unwrap()]
}

/// Another session with the same state: what a leak or a restored backup gives.
fn copy(session: &Session) -> Session {
    Session::restore(session.snapshot().expose(), session.epoch()).unwrap()
}

fn send(session: &mut Session, text: &[u8], world: &mut World) -> Vec<u8> {
    session.encrypt(text, &mut world.rng).unwrap()
}

fn opens(session: &mut Session, message: &[u8], text: &[u8]) -> Received {
    let received = session.decrypt(message).unwrap();
    assert_eq!(received.plaintext.as_bytes(), text);
    received
}

/// Refused with this error, and nothing changed.
fn refuses(session: &mut Session, message: &[u8], error: DecryptError) {
    let before = session.snapshot();
    assert_eq!(session.decrypt(message), Err(error));
    assert_eq!(before.expose(), session.snapshot().expose());
}

/// the first message's key comes of a fresh agreement and one step of its chain; the handshake's key opens nothing and
/// is gone.
#[test]
fn the_first_message_is_not_sent_under_the_handshake_s_key() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 40);
        let mut alice = world.initiate();
        let shared = Inside::of(&alice);
        assert!(shared.sending.is_none() && shared.receiving.is_none());
        let whole = send(&mut alice, b"hello", &mut world);
        let message = &whole[whole.len() - 114 - 5..];

        let after = Inside::of(&alice);
        let [secret, public, chain] = after.sending.unwrap();
        assert_eq!(public, *PublicKey::from(&StaticSecret::from(secret)).as_bytes());
        let [root, first_chain] = turn(&shared.root, secret, shared.remote);
        assert_eq!((after.root, chain), (root, hmac(&first_chain, 2)));
        assert_eq!(commitment(&hmac(&first_chain, 1), message), message[66..98]);
        assert!(!shared.opens(message));
        assert!(!after.contains(&shared.root));
    }
}

/// where a handshake is replayed to a responder who has forgotten it, both have the same keys, and yet each one's
/// reply has a ratchet key and a message key of its own.
#[test]
fn replies_to_a_replayed_handshake_have_different_keys() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 41);
        let mut alice = world.initiate();
        let hello = send(&mut alice, b"hello", &mut world);
        let forgotten = world.prekeys.snapshot();
        let mut one = world.accept(&hello).session;
        world.prekeys = PreKeyStore::restore(forgotten.expose(), 0).unwrap();
        let mut two = world.accept(&hello).session;
        assert_eq!(one.snapshot().expose(), two.snapshot().expose());

        let signed_prekey = Inside::of(&alice).remote;
        let replies = [send(&mut one, b"same", &mut world), send(&mut two, b"same", &mut world)];
        let [first, second] = &replies;
        assert_ne!(first[2..34], second[2..34]);
        assert_ne!(first[66..98], second[66..98]);
        for reply in &replies {
            assert_ne!(reply[2..34], signed_prekey);
            opens(&mut copy(&alice), reply, b"same");
        }
    }
}

/// a message that was sent and read leaves nothing behind, on neither side, that would open it: not its key, nor the
/// chain key before it.
#[test]
fn a_used_key_is_gone() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 42);
        let (mut from, mut to) = world.conversation();
        for _ in 0..3 {
            for _ in 0..2 {
                let message = send(&mut from, b"x", &mut world);
                let sender = Inside::of(&from);
                assert!(!sender.opens(&message));
                opens(&mut to, &message, b"x");
                assert!(!Inside::of(&to).opens(&message));
                refuses(&mut to, &message, DecryptError::Duplicate);

                let [_, _, chain] = sender.sending.unwrap();
                send(&mut from, b"lost", &mut world);
                assert!(!Inside::of(&from).contains(&chain));
            }
            core::mem::swap(&mut from, &mut to);
        }
    }
}

/// a kept key is gone once it was used, and one that was not is still there.
#[test]
fn a_kept_key_is_gone_once_used() {
    let mut world = World::new(Suite::X3dh, 1, 43);
    let (mut alice, mut bob) = world.conversation();
    let [one, two, three] = [(); 3].map(|()| send(&mut alice, b"x", &mut world));
    opens(&mut bob, &three, b"x");
    let kept = Inside::of(&bob);
    assert!(kept.opens(&one) && kept.opens(&two) && !kept.opens(&three));
    opens(&mut bob, &two, b"x");
    let used = Inside::of(&bob);
    assert!(used.opens(&one) && !used.opens(&two));
    refuses(&mut bob, &two, DecryptError::Duplicate);
    opens(&mut bob, &one, b"x");
    assert!(!Inside::of(&bob).opens(&one));
}

/// with a turn go the root key, the ratchet secret and the chain key of the ended chain; what it still owes, up to
/// PN, is kept as message keys, and nothing beyond PN can be made of them.
#[test]
fn a_turn_erases_what_it_ends() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 44);
        let (mut alice, mut bob) = world.conversation();
        let first = send(&mut alice, b"first", &mut world);
        opens(&mut bob, &first, b"first");
        let late = send(&mut alice, b"late", &mut world);
        let answer = send(&mut bob, b"answer", &mut world);
        let mut fork = copy(&alice);
        opens(&mut alice, &answer, b"answer");
        let turns = send(&mut alice, b"turns", &mut world);
        let beyond = send(&mut fork, b"beyond", &mut world);

        let before = Inside::of(&bob);
        assert!(before.opens(&late) && before.opens(&beyond));
        opens(&mut bob, &turns, b"turns");
        let after = Inside::of(&bob);
        let [secret, _, sending] = before.sending.unwrap();
        for gone in [before.root, secret, sending, before.receiving.unwrap()] {
            assert!(!after.contains(&gone));
        }
        assert!(after.opens(&late) && !after.opens(&beyond));
        refuses(&mut bob, &beyond, DecryptError::Unauthentic);
        opens(&mut bob, &late, b"late");
    }
}

/// A message that claims this ratchet key and these numbers, with the sealed part of another.
fn with_header(ratchet_key: &[u8], previous: u32, number: u32, sealed: &[u8]) -> Vec<u8> {
    let numbers = [previous.to_be_bytes(), number.to_be_bytes()].concat();
    [&[1, 2], ratchet_key, &numbers, &sealed[42..]].concat()
}

/// under the signed pre-key, which stands where a first remote key would, nothing is received: there is no chain.
#[test]
fn nothing_is_received_under_the_signed_prekey() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 45);
        let mut alice = world.initiate();
        let signed_prekey = Inside::of(&alice).remote;
        let mut fresh = copy(&alice);
        let hello = send(&mut alice, b"hello", &mut world);
        let mut bob = world.accept(&hello).session;
        let reply = send(&mut bob, b"reply", &mut world);
        for number in [0, 1, 2_000, 2_001, u32::MAX] {
            let message = with_header(&signed_prekey, 0, number, &reply);
            refuses(&mut fresh, &message, DecryptError::Unauthentic);
            refuses(&mut alice, &message, DecryptError::Unauthentic);
        }
        // Nor has one who has sent nothing anything to receive.
        refuses(&mut fresh, &reply, DecryptError::Unauthentic);
        opens(&mut alice, &reply, b"reply");
        refuses(&mut alice, &with_header(&signed_prekey, 0, 0, &reply), DecryptError::Unauthentic);
    }
}

/// an old ratchet key that appears again does not turn the ratchet back: late messages of its chain are read, and
/// everything else stays as it is.
#[test]
fn an_old_ratchet_key_does_not_turn_the_ratchet_back() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 46);
        let (mut alice, mut bob) = world.conversation();
        let old = send(&mut alice, b"old", &mut world);
        let late = send(&mut alice, b"late", &mut world);
        opens(&mut bob, &old, b"old");
        for _ in 0..2 {
            let answer = send(&mut bob, b"answer", &mut world);
            opens(&mut alice, &answer, b"answer");
            let next = send(&mut alice, b"next", &mut world);
            opens(&mut bob, &next, b"next");
        }
        for _ in 0..2 {
            let key = &old[2..34];
            // Its chain has two messages: one was read, one is late, and there is no third.
            refuses(&mut bob, &with_header(key, 0, 0, &late), DecryptError::Duplicate);
            for number in [1, 2, 2_001, u32::MAX] {
                refuses(&mut bob, &with_header(key, 2, number, &late), DecryptError::Unauthentic);
            }
            send(&mut bob, b"makes him active", &mut world);
        }
        let before = Inside::of(&bob);
        let received = opens(&mut bob, &late, b"late");
        assert_eq!((received.chain, received.number), (1, 1));
        let after = Inside::of(&bob);
        assert_eq!((before.root, before.remote), (after.root, after.remote));
        assert_eq!((before.sending, before.receiving), (after.sending, after.receiving));
    }
}

/// a ratchet secret is made by sending, and is gone when the answer to it has been read; receiving makes none.
#[test]
fn an_idle_state_holds_no_ratchet_secret() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 47);
        let (mut from, mut to) = world.conversation();
        for _ in 0..4 {
            assert!(Inside::of(&from).sending.is_none());
            let awaits = Inside::of(&to).sending.unwrap();
            let message = send(&mut from, b"x", &mut world);
            assert!(Inside::of(&from).sending.is_some());
            opens(&mut to, &message, b"x");
            let after = Inside::of(&to);
            assert!(after.sending.is_none());
            assert!(!awaits.iter().any(|secret| after.contains(secret)));
            core::mem::swap(&mut from, &mut to);
        }
    }
}

/// a responder's session never holds the signed pre-key's secret, and the one-time key's is gone from the store.
#[test]
fn an_accepted_session_does_not_hold_the_prekeys_secrets() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 48);
        let store = world.prekeys.snapshot().expose().to_vec();
        let published = world.published.encode();
        // Each secret stands before its public key.
        let secret_of = |public: &[u8]| -> Key {
            let at = store.windows(32).position(|window| window == public).unwrap() - 32;
            let secret: Key = store[at..at + 32].try_into().unwrap();
            assert_eq!(PublicKey::from(&StaticSecret::from(secret)).as_bytes(), public);
            secret
        };
        let signed = secret_of(&published[67 + 16..67 + 48]);
        let last_resort = if suite.is_hybrid() { 1_648 } else { 0 };
        let one_time = 179 + last_resort + 2;
        let one_time = secret_of(&published[one_time + 16..one_time + 48]);

        let mut alice = world.initiate();
        let hello = send(&mut alice, b"hello", &mut world);
        let Accepted { mut session, used, .. } = world.accept(&hello);
        assert!(used.one_time.is_some());
        let message = send(&mut alice, b"again", &mut world);
        opens(&mut session, &message, b"again");
        send(&mut session, b"reply", &mut world);
        let inside = Inside::of(&session);
        assert!(!inside.contains(&signed) && !inside.contains(&one_time));
        let store = world.prekeys.snapshot();
        let holds = |secret: &Key| store.expose().windows(32).any(|window| window == secret);
        assert!(holds(&signed) && !holds(&one_time));
    }
}

/// two copies of an active chain use one message key twice, and yet salt, commitment and ciphertext differ, so that
/// the key and nonce of AES-GCM do; the peer reads the first and takes the other for a duplicate.
#[test]
fn a_rollback_does_not_use_a_key_and_nonce_twice() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 49);
        let (alice, mut bob) = world.conversation();
        let mut one = copy(&alice);
        let opening = send(&mut one, b"opening", &mut world);
        opens(&mut bob, &opening, b"opening");
        let mut two = copy(&one);
        let first = send(&mut one, b"same", &mut world);
        let second = send(&mut two, b"same", &mut world);
        assert_eq!(first[..42], second[..42], "one header, one message key");
        assert_ne!(first[42..66], second[42..66], "salt");
        assert_ne!(first[66..98], second[66..98], "commitment");
        assert_ne!(first[98..], second[98..], "ciphertext and tag");
        opens(&mut bob, &first, b"same");
        refuses(&mut bob, &second, DecryptError::Duplicate);
    }
}

/// two copies of an idle state make two ratchet keys. The peer follows the first that it sees.
#[test]
fn a_rollback_over_a_turn_makes_another_ratchet_key() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 50);
        let (alice, mut bob) = world.conversation();
        let [mut one, mut two] = [copy(&alice), copy(&alice)];
        let first = send(&mut one, b"same", &mut world);
        let second = send(&mut two, b"same", &mut world);
        assert_ne!(first[2..34], second[2..34]);
        opens(&mut bob, &first, b"same");
        refuses(&mut bob, &second, DecryptError::Unauthentic);
        let answer = send(&mut bob, b"answer", &mut world);
        refuses(&mut bob, &second, DecryptError::Unauthentic);
        refuses(&mut two, &answer, DecryptError::Unauthentic);
        opens(&mut one, &answer, b"answer");
    }
}

/// an epoch counts what has changed and nothing else, and no older one is restored than the caller asks for.
#[test]
fn an_older_snapshot_is_stale() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 51);
        let mut alice = world.initiate();
        assert_eq!(alice.epoch(), 0);
        let hello = send(&mut alice, b"hello", &mut world);
        assert_eq!(alice.epoch(), 1);
        let mut bob = world.accept(&hello).session;
        assert_eq!(bob.epoch(), 0);
        let reply = send(&mut bob, b"reply", &mut world);
        assert_eq!(bob.epoch(), 1);
        let old = alice.snapshot();
        opens(&mut alice, &reply, b"reply");
        assert_eq!(alice.epoch(), 2);
        refuses(&mut alice, &reply, DecryptError::Duplicate);
        assert_eq!(alice.epoch(), 2);

        let new = alice.snapshot();
        assert_eq!((old.epoch(), new.epoch()), (1, 2));
        assert_eq!(Session::restore(new.expose(), 2).unwrap().epoch(), 2);
        assert_eq!(Session::restore(old.expose(), 1).unwrap().epoch(), 1);
        assert_eq!(Session::restore(old.expose(), 2).unwrap_err(), RestoreError::Stale);
        assert_eq!(Session::restore(new.expose(), 3).unwrap_err(), RestoreError::Stale);
        assert_eq!(Session::restore(new.expose(), u64::MAX).unwrap_err(), RestoreError::Stale);
    }
}

/// so it is with pre-keys, which a replayed handshake must not find again.
#[test]
fn an_older_prekey_store_is_stale() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 52);
        let old = world.prekeys.snapshot();
        let mut alice = world.initiate();
        let hello = send(&mut alice, b"hello", &mut world);
        let _ = world.accept(&hello);
        let epoch = world.prekeys.epoch();
        assert_eq!(epoch, old.epoch() + 1);
        let request = PreKeyMessage::decode(&hello).unwrap();
        let again = Session::accept(&world.bob, &mut world.prekeys, &request, &bobs(), NOW);
        assert_eq!(again.unwrap_err(), AcceptError::UnknownPreKey(PreKeyKind::OneTime));
        assert_eq!(world.prekeys.epoch(), epoch);
        assert_eq!(PreKeyStore::restore(old.expose(), epoch).unwrap_err(), RestoreError::Stale);
        assert!(PreKeyStore::restore(world.prekeys.snapshot().expose(), epoch).is_ok());
    }
}

/// whoever copies the receiver's whole state after message 1 cannot read that message; reads message 2, which is under
/// keys that the state held; and cannot read message 3, after a round trip in which he was passive.
#[test]
fn a_leak_of_the_receiver_heals() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 53);
        let (mut alice, mut bob) = world.conversation();
        let m1 = send(&mut alice, b"m1", &mut world);
        opens(&mut bob, &m1, b"m1");
        let leak = Inside::of(&bob);
        let mut eve = copy(&bob);

        assert!(!leak.opens(&m1));
        refuses(&mut eve, &m1, DecryptError::Duplicate);
        let m2 = send(&mut alice, b"m2", &mut world);
        assert!(leak.opens(&m2));
        opens(&mut eve, &m2, b"m2");

        opens(&mut bob, &m2, b"m2");
        let answer = send(&mut bob, b"answer", &mut world);
        opens(&mut alice, &answer, b"answer");
        let m3 = send(&mut alice, b"m3", &mut world);
        refuses(&mut eve, &m3, DecryptError::Unauthentic);
        // Not with a turn of her own, either.
        send(&mut eve, b"for nobody", &mut world);
        refuses(&mut eve, &m3, DecryptError::Unauthentic);
        assert!(!leak.opens(&m3) && !Inside::of(&eve).opens(&m3));
        opens(&mut bob, &m3, b"m3");
    }
}

/// the same for the sender's state: message 1 is safe, message 2 and the answer are lost, and what follows the next
/// turn is safe again, in both directions.
#[test]
fn a_leak_of_the_sender_heals() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 54);
        let (mut alice, mut bob) = world.conversation();
        let m1 = send(&mut alice, b"m1", &mut world);
        let leak = Inside::of(&alice);
        let mut eve = copy(&alice);
        let m2 = send(&mut alice, b"m2", &mut world);
        assert!(!leak.opens(&m1) && leak.opens(&m2));
        for (message, text) in [(&m1, b"m1"), (&m2, b"m2")] {
            opens(&mut bob, message, text);
        }
        let answer = send(&mut bob, b"answer", &mut world);
        opens(&mut eve, &answer, b"answer");

        opens(&mut alice, &answer, b"answer");
        let m3 = send(&mut alice, b"m3", &mut world);
        opens(&mut bob, &m3, b"m3");
        let healed = send(&mut bob, b"healed", &mut world);
        for message in [&m3, &healed] {
            assert!(!leak.opens(message) && !Inside::of(&eve).opens(message));
        }
        refuses(&mut eve, &healed, DecryptError::Unauthentic);
        send(&mut eve, b"for nobody", &mut world);
        refuses(&mut eve, &healed, DecryptError::Unauthentic);
        opens(&mut alice, &healed, b"healed");
    }
}

/// a session refuses the messages of another session of the same two parties, at every stage of both.
#[test]
fn sessions_of_the_same_parties_do_not_mix() {
    for suite in SUITES {
        let mut world = World::new(*suite, 2, 55);
        let (mut alice, mut bob) = world.conversation();
        let mut other_alice = world.initiate();
        let hello = send(&mut other_alice, b"hello", &mut world);
        refuses(&mut bob, &hello, DecryptError::WrongSession);
        refuses(&mut alice, &hello, DecryptError::WrongSession);
        let mut other_bob = world.accept(&hello).session;
        let reply = send(&mut other_bob, b"reply", &mut world);
        refuses(&mut alice, &reply, DecryptError::Unauthentic);
        opens(&mut other_alice, &reply, b"reply");
        assert_ne!(alice.id(), other_alice.id());

        for _ in 0..2 {
            let message = send(&mut alice, b"to Bob", &mut world);
            refuses(&mut other_bob, &message, DecryptError::Unauthentic);
            // Under the other session's own numbers and key, it is no better.
            let inside = send(&mut other_alice, b"to Bob", &mut world);
            let spliced = [&inside[..42], &message[42..]].concat();
            refuses(&mut other_bob, &spliced, DecryptError::Unauthentic);
            opens(&mut other_bob, &inside, b"to Bob");
            opens(&mut bob, &message, b"to Bob");
            for (bob, alice) in [(&mut bob, &mut alice), (&mut other_bob, &mut other_alice)] {
                let answer = send(bob, b"to Alice", &mut world);
                opens(alice, &answer, b"to Alice");
            }
        }
    }
}

/// a first message opens for the addresses that it was meant for and for no others, whatever keys they share.
#[test]
fn a_first_message_is_for_its_addresses_alone() {
    let other = |provider: &str, user: &str, device| {
        let provider = Provider::new(provider).unwrap();
        Address::new(provider, UserId::new(user).unwrap(), DeviceId::new(device))
    };
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 56);
        let mut alice = world.initiate();
        let hello = send(&mut alice, b"hello", &mut world);
        let request = PreKeyMessage::decode(&hello).unwrap();
        let before = world.prekeys.snapshot();
        for (ours, theirs) in [
            (other("example.org", "bob", 2), address("alice")),
            (other("example.com", "bob", 1), address("alice")),
            (other("example.org", "bobby", 1), address("alice")),
            (address("bob"), other("example.org", "alice", 2)),
            (address("bob"), other("", "alice", 1)),
            (address("alice"), address("bob")),
        ] {
            let context = Context::new(ours, theirs).policy(Policy::ClassicalAllowed);
            let World { bob, prekeys, .. } = &mut world;
            let accepted = Session::accept(bob, prekeys, &request, &context, NOW);
            assert_eq!(accepted.unwrap_err(), AcceptError::Unauthentic);
            assert_eq!(before.expose(), world.prekeys.snapshot().expose());
        }
        opens(&mut world.accept(&hello).session, &send(&mut alice, b"more", &mut world), b"more");
    }
}

/// sessions with two devices of one person, which have one identity, do not mix.
#[test]
fn sessions_with_two_devices_do_not_mix() {
    for suite in SUITES {
        let mut world = World::new(*suite, 2, 57);
        let (mut alice, bob) = world.conversation();
        let second = || {
            let provider = Provider::new("example.org").unwrap();
            Address::new(provider, UserId::new("bob").unwrap(), DeviceId::new(2))
        };
        let bundle = world.bundle();
        let context = Context::new(address("alice"), second()).policy(Policy::ClassicalAllowed);
        let mut other = Session::initiate(&world.alice, &bundle, &context, &mut world.rng).unwrap();
        let hello = send(&mut other, b"hello", &mut world);
        let context = Context::new(second(), address("alice")).policy(Policy::ClassicalAllowed);
        let request = PreKeyMessage::decode(&hello).unwrap();
        let World { bob: identity, prekeys, .. } = &mut world;
        let accepted = Session::accept(identity, prekeys, &request, &context, NOW).unwrap();
        let (mut first, mut second) = (bob, accepted.session);
        assert_eq!(first.peer(), second.peer());

        send(&mut second, b"makes it active", &mut world);
        let message = send(&mut alice, b"for the first", &mut world);
        refuses(&mut second, &message, DecryptError::Unauthentic);
        refuses(&mut first, &hello, DecryptError::WrongSession);
        opens(&mut first, &message, b"for the first");
    }
}

/// what a party has sent does not open when it comes back, nor the body of one message under the header of
/// another.
#[test]
fn reflections_and_splices_do_not_open() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 58);
        let (mut alice, mut bob) = world.conversation();
        for _ in 0..2 {
            let [one, two] = [(); 2].map(|()| send(&mut alice, b"same", &mut world));
            refuses(&mut alice, &one, DecryptError::Unauthentic);
            for (header, body) in [(&one, &two), (&two, &one)] {
                let spliced = [&header[..42], &body[42..]].concat();
                refuses(&mut bob, &spliced, DecryptError::Unauthentic);
            }
            for message in [&one, &two] {
                opens(&mut bob, message, b"same");
            }
            let answer = send(&mut bob, b"answer", &mut world);
            refuses(&mut bob, &answer, DecryptError::Unauthentic);
            opens(&mut alice, &answer, b"answer");
        }
        let mut fresh = World::new(*suite, 1, 59);
        let bundle = fresh.bundle();
        let mut waiting =
            Session::initiate(&fresh.alice, &bundle, &alices(), &mut fresh.rng).unwrap();
        let hello = send(&mut waiting, b"hello", &mut fresh);
        refuses(&mut waiting, &hello, DecryptError::WrongSession);
    }
}
