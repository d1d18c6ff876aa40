//! What a sealed message is made of is wiped where it was, before its memory is given back: `zeroize.rs`, for sealed sender.

mod common;
mod forge;
mod office;
#[allow(dead_code, reason = "of what it learns, this crate uses a part")]
mod residue;

use std::hint::black_box;

use common::{NOW, TestRng};
use confidant::{
    CertificateIssuer, CertificateKey, DeliveryKey, DeliveryToken, Identity, Party, SealedContent,
    SealedUpload, TrustRoots, UnixTime,
};
use office::{Office, Person};
use residue::secrets::learn_identity;
use residue::{is_learning, learn, residues};

/// A text that is secret, and that the test itself never frees.
fn text(len: usize) -> &'static [u8] {
    let mut rng = TestRng::new(len as u64);
    let text = Vec::leak((0..len).map(|_| rng.below(256) as u8).collect());
    learn("plaintext", text);
    text
}

/// What sealing and opening compute, from what the recipient can find out: M, what it gives, and what masks it.
fn learn_sealed(from: &Person, to: &Person, message: &[u8]) {
    learn_identity(&from.identity);
    learn_identity(&to.identity);
    if !is_learning() {
        return;
    }
    let m = forge::sealed::reveal(&to.identity, &to.address, message);
    let keys = forge::sealed::Keys::of(&m);
    learn("M", &m);
    learn("e", &keys.ephemeral);
    learn("K", &keys.content);
    let masked: &[u8; 32] = message[34..66].try_into().unwrap();
    learn("mask of M", &std::array::from_fn::<u8, 32, _>(|at| m[at] ^ masked[at]));
    let sender = from.identity.public();
    learn("DH(S, R)", &forge::sealed::secret_of(&to.identity, &sender));
    let ephemeral = message[2..34].try_into().unwrap();
    learn("DH(e, R)", &forge::sealed::secret_with(&to.identity, ephemeral));
}

/// a sealed message leaves nothing of M, of what M gives, of what two parties share, and of the content, padded or not:
/// sealed, opened, verified, refused at each step, or dropped.
#[test]
fn sealed_messages_are_wiped() {
    let scenario = || {
        let (office, mut rng) = (Office::new(), TestRng::new(44));
        let [alice, bob, eve] = ["alice", "bob", "eve"].map(|user| office.person(user, &mut rng));
        for len in [300, 20_000] {
            let sealed = alice.say(&bob, text(len), &mut rng);
            learn_sealed(&alice, &bob, &sealed);
            assert_eq!(office.read(&bob, &sealed).control(), Some(text(len)));
            drop(bob.open(&sealed).unwrap());
            let unknown = TrustRoots::new([]);
            assert!(bob.open(&sealed).unwrap().verify(&unknown, NOW).is_err());
            assert!(eve.open(&sealed).is_err());
            // C, tag, the first and the last of the shared part.
            for at in [40, 70, 160, sealed.len() - 1] {
                let mut forged = sealed.clone();
                forged[at] ^= 1;
                assert!(bob.open(&forged).is_err());
            }
            let (to, content) = (bob.party(), SealedContent::Control(text(len)));
            let upload = alice.sender().seal_many([&to], content, &mut rng).unwrap();
            let view = SealedUpload::decode(&upload).unwrap().views().next().unwrap().1.encode();
            learn_sealed(&alice, &bob, &view);
            rng.fail_at = Some(rng.draws);
            assert!(alice.sender().seal(&to, content, &mut rng).is_err());
            rng.fail_at = None;
        }
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// keys of roots and servers, delivery keys and tokens leave nothing.
#[test]
fn certificate_and_delivery_keys_are_wiped() {
    let scenario = || {
        let mut rng = TestRng::new(45);
        let root = CertificateKey::generate(&mut rng).unwrap();
        let server = CertificateKey::generate(&mut rng).unwrap();
        learn("seed of a root", root.seed().expose());
        learn("seed of a server", server.seed().expose());
        let later = UnixTime::from_secs(NOW.as_secs() + 10);
        let certificate = root.certify(&server.public(), NOW, later);
        let issuer = CertificateIssuer::new(server, certificate).unwrap();
        let alice = Identity::generate(&mut rng).unwrap();
        learn_identity(&alice);
        issuer.issue(&Party::new(common::address("alice"), alice.public()), NOW, 5).unwrap();
        // Refused: the key is dropped with the error.
        assert!(CertificateIssuer::new(root, certificate).is_err());
        let key = DeliveryKey::generate(&mut rng).unwrap();
        learn("delivery key", key.secret().expose());
        learn("delivery token", key.token().expose());
        let token = DeliveryToken::from_bytes(key.token().expose());
        assert!(key.token().verifier().accepts(&token));
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// What the search must find: the content that somebody took a copy of, and M on the heap.
#[test]
fn what_sealed_messages_leak_is_found() {
    let leaks = |leak: fn(&Person, &[u8], &[u8])| {
        residues(|| {
            let (office, mut rng) = (Office::new(), TestRng::new(46));
            let [alice, bob] = ["alice", "bob"].map(|user| office.person(user, &mut rng));
            let sealed = alice.say(&bob, text(300), &mut rng);
            learn_sealed(&alice, &bob, &sealed);
            leak(&bob, &sealed, office.read(&bob, &sealed).control().unwrap());
        })
    };
    assert_eq!(leaks(|_, _, _| {}), [""; 0]);
    assert_ne!(leaks(|_, _, content| drop(black_box(content.to_vec()))), [""; 0]);
    let leaked = leaks(|bob, sealed, _| {
        let m = forge::sealed::reveal(&bob.identity, &bob.address, sealed);
        drop(black_box(Box::new(m)));
    });
    assert!(leaked.iter().any(|residue| residue.starts_with("M in")), "{leaked:?}");
}
