//! The handshake: what it binds, what it refuses, and what a refusal leaves as it was.

mod common;
mod forge;

use common::{NOW, SUITES, TestRng, World, address, alices, bobs};
#[cfg(feature = "pq")]
use confidant::DecodeError;
use confidant::{
    AcceptError, Address, BundleError, Context, DeviceId, Identity, InitiateError, Policy,
    PreKeyBundle, PreKeyKind, PreKeyMessage, Provider, PublicIdentity, Session, Suite, UnixTime,
    UserId, VerifiedBundle, limits,
};
use forge::impostor::{Known, lp16_address};
use forge::scene::{ConstantRng, Scene, accept, bundle, first_to, rng_failing_at, verified};
use forge::snapshot::{self, Store};
use forge::{Bundle, First, spliced, torsion};

fn named(provider: &str, user: &str, device: u32) -> Address {
    let provider = Provider::new(provider).unwrap();
    Address::new(provider, UserId::new(user).unwrap(), DeviceId::new(device))
}

fn between(ours: Address, theirs: Address) -> Context {
    Context::new(ours, theirs).policy(Policy::ClassicalAllowed)
}

/// Addresses that differ from the one of `user` in one part.
fn neighbours(user: &str) -> [Address; 4] {
    [
        named("example.net", user, 1),
        named("", user, 1),
        named("example.org", "charlie", 1),
        named("example.org", user, 2),
    ]
}

// What is bound.

/// either party's provider, user and device, and the direction, are in the keys: Bob's view of them is another than
/// Alice's, and her message does not open.
#[test]
fn both_addresses_are_bound() {
    for suite in SUITES {
        let scene = Scene::new(*suite, 1, 100);
        for other in neighbours("bob") {
            let context = between(other, address("alice"));
            assert_eq!(scene.refusal(&scene.first, &context), AcceptError::Unauthentic);
        }
        for other in neighbours("alice") {
            let context = between(address("bob"), other);
            assert_eq!(scene.refusal(&scene.first, &context), AcceptError::Unauthentic);
        }
        let swapped = between(address("alice"), address("bob"));
        assert_eq!(scene.refusal(&scene.first, &swapped), AcceptError::Unauthentic);
        assert!(scene.answer(&scene.first, &bobs()).is_ok());
    }
}

/// the application's bytes are in the keys, and where they end is.
#[test]
fn the_application_context_is_bound() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 101);
        let store = world.prekeys.snapshot().expose().to_vec();
        let context = alices().application(b"chat/1").unwrap();
        let bundle = world.bundle();
        let first = first_to(&mut world, &bundle, &context).write();
        let others: [&[u8]; 5] = [b"", b"chat/2", b"chat/1\0", b"chat/", b"Chat/1"];
        for other in others {
            let context = bobs().application(other).unwrap();
            let refusal = accept(&world.bob, &store, &first, &context).unwrap_err();
            assert_eq!(refusal, AcceptError::Unauthentic, "{other:?}");
        }
        let context = bobs().application(b"chat/1").unwrap();
        assert!(accept(&world.bob, &store, &first, &context).is_ok());
    }
}

/// the bound on the application's bytes.
#[test]
fn the_application_context_has_a_bound() {
    let most = vec![7; limits::MAX_APPLICATION];
    assert!(bobs().application(&most).is_ok());
    let more = vec![7; limits::MAX_APPLICATION + 1];
    assert_eq!(bobs().application(&more).unwrap_err(), confidant::ApplicationTooLong);
}

/// the initiator's identity, each half of it, is in the keys.
#[test]
fn the_initiators_identity_is_bound() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 1, 102);
        let charlie = Identity::generate(&mut scene.world.rng).unwrap();
        let alice = &scene.world.alice;
        let others =
            [charlie.public().to_bytes(), spliced(&charlie, alice), spliced(alice, &charlie)];
        for other in others {
            let refusal = scene.refuses(|first| first.identity = other);
            assert_eq!(refusal, AcceptError::Unauthentic);
        }
    }
}

/// the responder's identity is in the keys: under another one, even the same pre-keys do not open the message.
#[test]
fn the_responders_identity_is_bound() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 1, 103);
        let charlie = Identity::generate(&mut scene.world.rng).unwrap();
        let first = scene.first.write();
        let refusal = accept(&charlie, &scene.store, &first, &bobs()).unwrap_err();
        assert_eq!(refusal, AcceptError::WrongIdentity);
        let mut store = Store::read(&scene.store);
        store.identity = charlie.public().to_bytes();
        let refusal = accept(&charlie, &store.write(), &first, &bobs()).unwrap_err();
        assert_eq!(refusal, AcceptError::Unauthentic);
    }
}

/// roles are in the keys: what Alice sent is not accepted by her, neither from herself nor from Bob, even with Bob's
/// pre-keys in her store.
#[test]
fn a_reflected_message_is_refused() {
    for suite in SUITES {
        let scene = Scene::new(*suite, 1, 104);
        let mut store = Store::read(&scene.store);
        store.identity = scene.world.alice.public().to_bytes();
        let store = store.write();
        let reflect = |first: &First| {
            accept(&scene.world.alice, &store, &first.write(), &alices()).unwrap_err()
        };
        assert_eq!(reflect(&scene.first), AcceptError::OwnIdentity);
        let from_bob =
            First { identity: scene.world.bob.public().to_bytes(), ..scene.first.clone() };
        assert_eq!(reflect(&from_bob), AcceptError::Unauthentic);
    }
}

/// the signed pre-key is in the keys: naming another one of Bob's does not open the message, and an unknown one is
/// told.
#[test]
fn the_signed_prekey_is_bound() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 1, 105);
        let World { bob, prekeys, rng, .. } = &mut scene.world;
        prekeys.rotate(bob, NOW, rng).unwrap();
        scene.store = prekeys.snapshot().expose().to_vec();
        let next = Store::read(&scene.store).current.signed;
        let next = forge::prekey_id(forge::SIGNED, &next.public);
        assert_eq!(scene.refuses(|first| first.signed = next), AcceptError::Unauthentic);
        let unknown = AcceptError::UnknownPreKey(PreKeyKind::Signed);
        assert_eq!(scene.refuses(|first| first.signed[0] ^= 1), unknown);
        assert!(scene.answer(&scene.first, &bobs()).is_ok());
    }
}

/// the one-time pre-key is in the keys, and so is that there is one.
#[test]
fn the_one_time_prekey_is_bound() {
    for suite in SUITES {
        let scene = Scene::new(*suite, 2, 106);
        let used = scene.first.one_time.unwrap();
        let store = Store::read(&scene.store);
        let ids = store.one_time.iter().map(|key| forge::prekey_id(forge::ONE_TIME, &key.public));
        let other = ids.filter(|id| *id != used).collect::<Vec<_>>();
        let refusal = scene.refuses(|first| first.one_time = Some(other[0]));
        assert_eq!(refusal, AcceptError::Unauthentic);
        assert_eq!(scene.refuses(|first| first.one_time = None), AcceptError::Unauthentic);
        let unknown = AcceptError::UnknownPreKey(PreKeyKind::OneTime);
        assert_eq!(scene.refuses(|first| first.one_time = Some([7; 8])), unknown);
    }
}

/// a message that used no one-time pre-key does not open when it names one.
#[test]
fn a_one_time_prekey_cannot_be_added() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 107);
        let mut bundle = bundle(&mut world);
        let removed = bundle.one_time.take().unwrap();
        let mut first = first_to(&mut world, &verified(&bundle), &alices());
        first.one_time = Some(removed.id());
        let store = world.prekeys.snapshot().expose().to_vec();
        let refusal = accept(&world.bob, &store, &first.write(), &bobs()).unwrap_err();
        assert_eq!(refusal, AcceptError::Unauthentic);
    }
}

/// the KEM pre-key and the ciphertext are in the keys. A wrong ciphertext of the right length fails as any
/// forged message does.
#[cfg(feature = "pq")]
#[test]
fn the_kem_prekey_and_the_ciphertext_are_bound() {
    let scene = Scene::new(Suite::Pqxdh1024, 2, 108);
    let store = Store::read(&scene.store);
    let (used, _) = scene.first.kem.clone().unwrap();
    let ids = store.kem_one_time.iter().map(|key| <[u8; 8]>::try_from(&key[..8]).unwrap());
    let last_resort = store.current.last_resort.unwrap()[..8].try_into().unwrap();
    let others: Vec<[u8; 8]> = ids.chain([last_resort]).filter(|id| *id != used).collect();
    assert_eq!(others.len(), 2);
    for other in others {
        let refusal = scene.refuses(|first| first.kem.as_mut().unwrap().0 = other);
        assert_eq!(refusal, AcceptError::Unauthentic);
    }
    let unknown = AcceptError::UnknownPreKey(PreKeyKind::KemOneTime);
    assert_eq!(scene.refuses(|first| first.kem.as_mut().unwrap().0 = [7; 8]), unknown);
    for at in [0, 1, 783, 1407, 1408, 1567] {
        let refusal = scene.refuses(|first| first.kem.as_mut().unwrap().1[at] ^= 1);
        assert_eq!(refusal, AcceptError::Unauthentic);
    }
    let refusal = scene.refuses(|first| first.kem.as_mut().unwrap().1.fill(0xff));
    assert_eq!(refusal, AcceptError::Unauthentic);
}

/// a ciphertext that is too short is a decode error, not a refusal of the key agreement's.
#[cfg(feature = "pq")]
#[test]
fn a_short_ciphertext_is_truncated() {
    let scene = Scene::new(Suite::Pqxdh1024, 1, 109);
    let bytes = scene.first.write();
    let refused = |len| PreKeyMessage::decode(&bytes[..len]).err();
    assert_eq!(refused(1_691), Some(DecodeError::Truncated));
    assert_eq!(refused(200), Some(DecodeError::Truncated));
}

/// the ephemeral key is in the keys.
#[test]
fn the_ephemeral_key_is_bound() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 1, 110);
        let other = scene.world.initiate().encrypt(b"", &mut scene.world.rng).unwrap();
        let other = First::read(&other).ephemeral;
        let refusal = scene.refuses(|first| first.ephemeral = other);
        assert_eq!(refusal, AcceptError::Unauthentic);
    }
}

/// EK + T, with which every agreement gives what it gives with EK, is another key: with and without one-time
/// pre-keys, before and after the honest message was accepted.
#[test]
fn the_ephemeral_key_plus_a_point_of_small_order_is_another_key() {
    for suite in SUITES {
        for one_time in [0, 1] {
            let mut scene = Scene::new(*suite, one_time, 111);
            let secret = x25519_dalek::StaticSecret::from([5; 32]);
            let agree = |u| *secret.diffie_hellman(&x25519_dalek::PublicKey::from(u)).as_bytes();
            let translates = torsion::translates(&scene.first.ephemeral);
            for translate in translates {
                assert_ne!(translate, scene.first.ephemeral);
                assert_eq!(agree(translate), agree(scene.first.ephemeral));
                let refusal = scene.refuses(|first| first.ephemeral = translate);
                assert_eq!(refusal, AcceptError::Unauthentic);
            }
            scene.accepted();
            let gone = AcceptError::UnknownPreKey(PreKeyKind::OneTime);
            let expected = if one_time == 0 { AcceptError::Unauthentic } else { gone };
            for translate in translates {
                assert_eq!(scene.refuses(|first| first.ephemeral = translate), expected);
            }
        }
    }
}

// Unknown key share, and what an impostor can do.

/// Charlie certifies Bob's X25519 key and Bob's pre-keys under his own Ed25519 key. Alice takes it for Charlie's
/// bundle, rightly so; but what she sends, relayed to Bob, does not open, even where the addresses are the same.
#[test]
fn bobs_keys_certified_by_charlie_do_not_reach_bob() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 120);
        let charlie = Identity::generate(&mut world.rng).unwrap();
        let store = world.prekeys.snapshot().expose().to_vec();
        let mut bundle = bundle(&mut world);
        bundle.certify(&charlie, spliced(&charlie, &world.bob));
        let bundle = verified(&bundle);
        assert_eq!(bundle.identity().to_bytes(), spliced(&charlie, &world.bob));
        for theirs in ["charlie", "bob"] {
            let context = between(address("alice"), address(theirs));
            let first = first_to(&mut world, &bundle, &context).write();
            let refusal = accept(&world.bob, &store, &first, &bobs()).unwrap_err();
            assert_eq!(refusal, AcceptError::Unauthentic);
        }
    }
}

/// the same with Charlie's X25519 key beside Bob's pre-keys.
#[test]
fn bobs_prekeys_certified_by_charlie_do_not_reach_bob() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 121);
        let charlie = Identity::generate(&mut world.rng).unwrap();
        let store = world.prekeys.snapshot().expose().to_vec();
        let mut bundle = bundle(&mut world);
        bundle.certify(&charlie, charlie.public().to_bytes());
        let first = first_to(&mut world, &verified(&bundle), &alices()).write();
        let refusal = accept(&world.bob, &store, &first, &bobs()).unwrap_err();
        assert_eq!(refusal, AcceptError::Unauthentic);
    }
}

/// nobody but the holder of an Ed25519 key certifies under it: Bob's bundle with one half of its identity replaced
/// does not verify.
#[test]
fn an_identity_cannot_be_spliced_into_a_bundle() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 122);
        let charlie = Identity::generate(&mut world.rng).unwrap();
        let bundle = bundle(&mut world);
        for identity in [spliced(&charlie, &world.bob), spliced(&world.bob, &charlie)] {
            let bytes = Bundle { identity, ..bundle.clone() }.write();
            let refused = PreKeyBundle::decode(&bytes).unwrap().verify(NOW).err();
            assert_eq!(refused, Some(BundleError::BadSignature(PreKeyKind::Signed)));
        }
    }
}

/// who has the secret of Bob's signed pre-key, Bob himself or a thief, can write a first message from anyone
/// to him. So a message proves nothing to a third party; and so the signed pre-key is kept as the identity is, and goes
/// with the rotation after next.
#[test]
fn the_signed_prekeys_secret_makes_first_messages_from_anyone() {
    let mut world = World::new(Suite::X3dh, 0, 123);
    let store = world.prekeys.snapshot().expose().to_vec();
    let empty_application = [0, 0];
    let impostor = Known {
        initiator: world.alice.public().to_bytes(),
        responder: world.bob.public().to_bytes(),
        signed_secret: Store::read(&store).current.signed.secret,
        context: [
            &empty_application[..],
            &lp16_address("example.org", "alice", 1),
            &lp16_address("example.org", "bob", 1),
        ]
        .concat(),
    };
    let forged = impostor.first_message(b"it was alice").write();
    let accepted = accept(&world.bob, &store, &forged, &bobs()).unwrap();
    assert_eq!(accepted.received.plaintext.as_bytes(), b"it was alice");
    assert_eq!(*accepted.session.peer().identity(), world.alice.public());

    let World { bob, prekeys, rng, .. } = &mut world;
    prekeys.rotate(bob, NOW, rng).unwrap();
    prekeys.rotate(bob, NOW, rng).unwrap();
    let rotated = prekeys.snapshot().expose().to_vec();
    let refusal = accept(bob, &rotated, &forged, &bobs()).unwrap_err();
    assert_eq!(refusal, AcceptError::UnknownPreKey(PreKeyKind::Signed));
}

/// there is no room for a signature in what is sent: the documented fields are all there is, and none of them is one.
#[test]
fn messages_have_no_room_for_a_signature() {
    let plaintext = b"hello";
    let message = 2 + 32 + 4 + 4 + 24 + 32 + plaintext.len() + 16;
    for suite in SUITES {
        for one_time in [0, 1] {
            let mut world = World::new(*suite, one_time, 124);
            let (mut alice, mut bob) = (world.initiate(), world.rng);
            let first = alice.encrypt(plaintext, &mut bob).unwrap();
            let kem = if suite.is_hybrid() { 8 + 1_568 } else { 0 };
            let prefix = 2 + 1 + 1 + 64 + 32 + 8 + 8 * one_time + kem;
            assert_eq!(first.len(), prefix + message);
        }
        let mut world = World::new(*suite, 1, 125);
        let (mut alice, mut bob) = world.conversation();
        assert_eq!(alice.encrypt(plaintext, &mut world.rng).unwrap().len(), message);
        assert_eq!(bob.encrypt(plaintext, &mut world.rng).unwrap().len(), message);
    }
}

// Bundles, policies, pins.

/// checking a bundle takes no generator and no private key; only what it returns can be initiated with; and a byte
/// that is wrong in any signature makes it fail, for the kind of that key.
#[test]
fn a_bundle_is_verified_before_anything_is_drawn() {
    let _: fn(PreKeyBundle, UnixTime) -> Result<VerifiedBundle, BundleError> = PreKeyBundle::verify;
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 130);
        let bundle = bundle(&mut world);
        let kinds = [PreKeyKind::Signed, PreKeyKind::OneTime, PreKeyKind::KemOneTime];
        let count = bundle.clone().keys().count();
        for (index, kind) in kinds.into_iter().take(count).enumerate() {
            for at in [0, 31, 32, 63] {
                let mut bad = bundle.clone();
                bad.keys().nth(index).unwrap().signature[at] ^= 1;
                let refused = PreKeyBundle::decode(&bad.write()).unwrap().verify(NOW).err();
                assert_eq!(refused, Some(BundleError::BadSignature(kind)));
            }
        }
    }
}

/// Initiating is refused, and nothing is drawn.
fn refuses_to_initiate(us: &Identity, bundle: &VerifiedBundle, context: &Context) -> InitiateError {
    let mut rng = TestRng::new(0);
    let refusal = Session::initiate(us, bundle, context, &mut rng).expect_err("a refusal");
    assert_eq!(rng.drawn, 0);
    refusal
}

/// by default, a build with the hybrid suite refuses the classical one on both sides, without a draw.
#[cfg(feature = "pq")]
#[test]
fn the_default_policy_requires_the_hybrid_suite() {
    let mut world = World::new(Suite::X3dh, 1, 131);
    let (ours, theirs) = (address("alice"), address("bob"));
    let bundle = world.bundle();
    let default = Context::new(ours.clone(), theirs.clone());
    let refusal = refuses_to_initiate(&world.alice, &bundle, &default);
    assert_eq!(refusal, InitiateError::SuiteRefused);
    let explicit = default.policy(Policy::HybridRequired);
    let refusal = refuses_to_initiate(&world.alice, &bundle, &explicit);
    assert_eq!(refusal, InitiateError::SuiteRefused);

    let scene = Scene::new(Suite::X3dh, 1, 132);
    let refusal = scene.refusal(&scene.first, &Context::new(theirs, ours));
    assert_eq!(refusal, AcceptError::SuiteRefused);
}

/// a build without the hybrid suite accepts the classical one by default.
#[cfg(not(feature = "pq"))]
#[test]
fn the_default_policy_allows_the_only_suite() {
    let scene = Scene::new(Suite::X3dh, 1, 132);
    let context = Context::new(address("bob"), address("alice"));
    assert!(scene.answer(&scene.first, &context).is_ok());
}

/// with the default policy the hybrid suite goes through, and both sides say which it was.
#[cfg(feature = "pq")]
#[test]
fn the_default_policy_accepts_the_hybrid_suite() {
    let mut world = World::new(Suite::Pqxdh1024, 1, 133);
    let store = world.prekeys.snapshot().expose().to_vec();
    let bundle = world.bundle();
    assert_eq!(bundle.suite(), Suite::Pqxdh1024);
    let context = Context::new(address("alice"), address("bob"));
    let first = first_to(&mut world, &bundle, &context).write();
    let context = Context::new(address("bob"), address("alice"));
    let accepted = accept(&world.bob, &store, &first, &context).unwrap();
    assert_eq!(accepted.session.suite(), Suite::Pqxdh1024);
}

/// a hybrid bundle cannot be cut down to a classical one, even for who would accept one.
#[cfg(feature = "pq")]
#[test]
fn a_hybrid_bundle_cannot_be_cut_down() {
    let mut world = World::new(Suite::Pqxdh1024, 1, 134);
    let hybrid = bundle(&mut world);
    let stripped = Bundle { kem: None, ..hybrid.clone() };
    let refused = PreKeyBundle::decode(&stripped.write()).err();
    assert_eq!(refused, Some(DecodeError::Truncated));
    let relabelled = Bundle { suite: forge::X3DH, ..stripped };
    let refused = PreKeyBundle::decode(&relabelled.write()).unwrap().verify(NOW).err();
    assert_eq!(refused, Some(BundleError::BadSignature(PreKeyKind::Signed)));
    let mut flipped = hybrid.write();
    flipped[2] = forge::X3DH;
    assert_eq!(PreKeyBundle::decode(&flipped).err(), Some(DecodeError::TrailingBytes));
}

/// a hybrid first message cannot be cut down either: not for a store of the other suite, and not even for one that
/// has the same curve keys.
#[cfg(feature = "pq")]
#[test]
fn a_hybrid_first_message_cannot_be_cut_down() {
    let scene = Scene::new(Suite::Pqxdh1024, 1, 135);
    let mut flipped = scene.first.write();
    flipped[2] = forge::X3DH;
    assert_eq!(PreKeyMessage::decode(&flipped).err(), Some(DecodeError::UnsupportedVersion));

    let stripped = First { suite: forge::X3DH, kem: None, ..scene.first.clone() };
    assert_eq!(scene.refusal(&stripped, &bobs()), AcceptError::SuiteRefused);
    let mut store = Store::read(&scene.store);
    store.suite = forge::X3DH;
    store.current.last_resort = None;
    store.kem_one_time.clear();
    let refusal = accept(&scene.world.bob, &store.write(), &stripped.write(), &bobs()).unwrap_err();
    assert_eq!(refusal, AcceptError::Unauthentic);
}

/// nor can a classical one be dressed up.
#[cfg(feature = "pq")]
#[test]
fn a_classical_first_message_cannot_be_relabelled() {
    let scene = Scene::new(Suite::X3dh, 1, 136);
    let mut relabelled = scene.first.clone();
    relabelled.suite = forge::PQXDH;
    relabelled.kem = Some(([0; 8], vec![0; 1_568]));
    assert_eq!(scene.refusal(&relabelled, &bobs()), AcceptError::SuiteRefused);
}

/// with a pin, a bundle of another identity is refused, without a draw.
#[test]
fn a_pinned_identity_is_expected_in_bundles() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 137);
        let bundle = world.bundle();
        for other in strangers(&world.bob, &mut world.rng) {
            let refusal = refuses_to_initiate(&world.alice, &bundle, &alices().pin(other));
            assert_eq!(refusal, InitiateError::IdentityChanged);
        }
        let context = alices().pin(world.bob.public());
        let session = Session::initiate(&world.alice, &bundle, &context, &mut world.rng).unwrap();
        assert_eq!(*session.peer().identity(), world.bob.public());
    }
}

/// with a pin, a first message of another identity is refused and changes nothing.
#[test]
fn a_pinned_identity_is_expected_in_first_messages() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 1, 138);
        for other in strangers(&scene.world.alice, &mut scene.world.rng) {
            let refusal = scene.refusal(&scene.first, &bobs().pin(other));
            assert_eq!(refusal, AcceptError::IdentityChanged);
        }
        let context = bobs().pin(scene.world.alice.public());
        assert!(scene.answer(&scene.first, &context).is_ok());
    }
}

/// Identities that are not `known`: another one, and ones that share a half with it.
fn strangers(known: &Identity, rng: &mut TestRng) -> [PublicIdentity; 3] {
    let other = Identity::generate(rng).unwrap();
    [other.public().to_bytes(), spliced(known, &other), spliced(&other, known)]
        .map(|bytes| PublicIdentity::from_bytes(&bytes).unwrap())
}

/// a bundle of our own identity, or with half of it, is refused without a draw.
#[test]
fn our_own_bundle_is_refused() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 139);
        let charlie = Identity::generate(&mut world.rng).unwrap();
        let own = bundle(&mut world);
        let bob = &world.bob;
        let context = between(address("bob"), named("example.org", "bob", 2));
        let refusal = refuses_to_initiate(bob, &verified(&own), &context);
        assert_eq!(refusal, InitiateError::OwnIdentity);
        for (signer, identity) in
            [(bob, spliced(bob, &charlie)), (&charlie, spliced(&charlie, bob))]
        {
            let mut half = own.clone();
            half.certify(signer, identity);
            let allowed = context.clone().allow_own_identity();
            for context in [&context, &allowed] {
                let refusal = refuses_to_initiate(bob, &verified(&half), context);
                assert_eq!(refusal, InitiateError::OwnIdentity);
            }
        }
    }
}

/// the user's other device, with the same identity, can be talked to when that is allowed; the same device never.
#[test]
fn our_own_identity_at_another_address_can_be_allowed() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 140);
        let store = world.prekeys.snapshot().expose().to_vec();
        let (one, two) = (address("bob"), named("example.org", "bob", 2));
        let itself = between(one.clone(), one.clone()).allow_own_identity();
        let bundle = world.bundle();
        let refusal = refuses_to_initiate(&world.bob, &bundle, &itself);
        assert_eq!(refusal, InitiateError::OwnIdentity);

        let context = between(one.clone(), two.clone()).allow_own_identity();
        let World { bob, rng, .. } = &mut world;
        let mut session = Session::initiate(bob, &bundle, &context, rng).unwrap();
        let first = session.encrypt(b"note", rng).unwrap();
        let here = between(two, one.clone());
        let refusal = accept(bob, &store, &first, &here).unwrap_err();
        assert_eq!(refusal, AcceptError::OwnIdentity);
        let refusal = accept(bob, &store, &first, &itself).unwrap_err();
        assert_eq!(refusal, AcceptError::OwnIdentity);
        let accepted = accept(bob, &store, &first, &here.allow_own_identity()).unwrap();
        assert_eq!(accepted.received.plaintext.as_bytes(), b"note");
    }
}

/// nobody else is at our own address, whatever its identity: not one that is pinned, nor with our own allowed. Nothing is
/// drawn, and no pre-key is used up.
#[test]
fn our_own_address_is_nobody_elses() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 143);
        let store = world.prekeys.snapshot().expose().to_vec();
        let first = world.initiate().encrypt(b"hello", &mut world.rng).unwrap();
        let bundle = world.bundle();
        let World { alice, bob, rng, .. } = &mut world;
        let itself = between(address("bob"), address("bob"));
        for allowed in [itself.clone(), itself.allow_own_identity()] {
            for context in [allowed.clone(), allowed.clone().pin(bob.public())] {
                let refusal = refuses_to_initiate(alice, &bundle, &context);
                assert_eq!(refusal, InitiateError::OwnIdentity);
            }
            for context in [allowed.clone(), allowed.pin(alice.public())] {
                let refusal = accept(bob, &store, &first, &context).unwrap_err();
                assert_eq!(refusal, AcceptError::OwnIdentity);
            }
        }
        // Another device of the same user is another party.
        let context = between(named("example.org", "bob", 2), address("bob"));
        assert!(Session::initiate(alice, &bundle, &context, rng).is_ok());
        assert!(accept(bob, &store, &first, &bobs()).is_ok());
    }
}

/// a first message that claims our own identity, or half of it, is refused.
#[test]
fn a_first_message_in_our_own_name_is_refused() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 1, 141);
        let charlie = Identity::generate(&mut scene.world.rng).unwrap();
        let bob = &scene.world.bob;
        let claims = [bob.public().to_bytes(), spliced(bob, &charlie), spliced(&charlie, bob)];
        for identity in claims {
            let refusal = scene.refuses(|first| first.identity = identity);
            assert_eq!(refusal, AcceptError::OwnIdentity);
        }
    }
}

/// The order of refusals is the documented one: suite, pin, own identity.
#[cfg(feature = "pq")]
#[test]
fn refusals_come_in_their_order() {
    let mut world = World::new(Suite::X3dh, 1, 142);
    let bundle = world.bundle();
    let stranger = Identity::generate(&mut world.rng).unwrap().public();
    let strict = Context::new(address("bob"), address("bob")).pin(stranger);
    let refusal = refuses_to_initiate(&world.bob, &bundle, &strict);
    assert_eq!(refusal, InitiateError::SuiteRefused);
    let lenient = strict.policy(Policy::ClassicalAllowed);
    let refusal = refuses_to_initiate(&world.bob, &bundle, &lenient);
    assert_eq!(refusal, InitiateError::IdentityChanged);
    let unpinned = between(address("bob"), address("bob"));
    assert_eq!(refuses_to_initiate(&world.bob, &bundle, &unpinned), InitiateError::OwnIdentity);
}

/// who begins can see whether the bundle has one-time keys, and who answers can see which were used.
#[test]
fn both_sides_see_which_prekeys_are_used() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 143);
        for one_time in [true, false] {
            let bundle = world.bundle();
            assert_eq!(bundle.has_one_time(), one_time);
            assert_eq!(bundle.has_last_resort(), suite.is_hybrid() && !one_time);
            let first = first_to(&mut world, &bundle, &alices()).write();
            let used = world.accept(&first).used;
            let request = PreKeyMessage::decode(&first).unwrap();
            assert_eq!(used.signed, request.signed_prekey());
            assert_eq!(used.one_time, request.one_time_prekey());
            assert_eq!(used.one_time.is_some(), one_time);
            let kem = request.kem_prekey();
            assert_eq!(kem.is_some(), suite.is_hybrid());
            assert_eq!(used.kem_one_time, kem.filter(|_| one_time));
            assert_eq!(used.recorded, !one_time);
        }
    }
}

// Randomness.

/// with a generator that always gives the same, handshakes still differ between peers, between signed pre-keys of
/// one peer, between identities that claim one signed pre-key, and between initiators: in the ephemeral key, the
/// ciphertext and the ratchet key.
#[test]
fn a_constant_generator_gives_different_handshakes() {
    for suite in SUITES {
        let mut world = World::new(*suite, 0, 180);
        let first = |us: &Identity, bundle: &VerifiedBundle| {
            let mut session = Session::initiate(us, bundle, &alices(), &mut ConstantRng).unwrap();
            First::read(&session.encrypt(b"", &mut ConstantRng).unwrap())
        };
        let charlie = World::new(*suite, 0, 181).bundle();
        let bundle = world.bundle();
        let mut recertified = forge::scene::bundle(&mut world);
        let mallory = Identity::generate(&mut world.rng).unwrap();
        recertified.certify(&mallory, mallory.public().to_bytes());
        let World { bob, prekeys, published, rng, .. } = &mut world;
        *published = prekeys.rotate(bob, NOW, rng).unwrap();
        let rotated = world.bundle();
        let dave = Identity::generate(&mut world.rng).unwrap();
        let handshakes = [
            first(&world.alice, &bundle),
            first(&world.alice, &rotated),
            first(&world.alice, &charlie),
            first(&world.alice, &verified(&recertified)),
            first(&dave, &bundle),
        ];
        for (index, one) in handshakes.iter().enumerate() {
            for other in &handshakes[index + 1..] {
                assert_ne!(one.ephemeral, other.ephemeral);
                assert_ne!(one.message[2..34], other.message[2..34]);
                assert!(one.kem.is_none() || one.kem != other.kem);
            }
        }
    }
}

/// when the generator fails, at any draw, no session is begun.
#[test]
fn a_failing_generator_begins_nothing() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 182);
        let bundle = world.bundle();
        let draws = if suite.is_hybrid() { 2 } else { 1 };
        for fail_at in 0..draws {
            let mut rng = rng_failing_at(fail_at);
            let refusal = Session::initiate(&world.alice, &bundle, &alices(), &mut rng).err();
            assert_eq!(refusal, Some(InitiateError::Randomness));
        }
        let mut rng = rng_failing_at(draws);
        assert!(Session::initiate(&world.alice, &bundle, &alices(), &mut rng).is_ok());
        assert_eq!(rng.drawn, 32 * draws);
    }
}

/// nor is anything encrypted, and the session is as it was: in an initiator's first message, in the next one of a
/// chain, and in an answer.
#[test]
fn a_failing_generator_encrypts_nothing() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 183);
        let mut alice = world.initiate();
        let first = fails_then_encrypts(&mut alice, &[32, 24]);
        fails_then_encrypts(&mut alice, &[24]);
        let mut bob = world.accept(&first).session;
        let answer = fails_then_encrypts(&mut bob, &[32, 24]);
        assert!(alice.decrypt(&answer).is_ok());
    }
}

/// Fails at every draw, then encrypts, with draws of these lengths.
fn fails_then_encrypts(session: &mut Session, draws: &[usize]) -> Vec<u8> {
    let before = session.snapshot();
    for fail_at in 0..draws.len() {
        let mut rng = rng_failing_at(fail_at);
        let refusal = session.encrypt(b"text", &mut rng);
        assert_eq!(refusal, Err(confidant::EncryptError::Randomness));
        assert_eq!(rng.drawn, draws[..fail_at].iter().sum::<usize>());
        assert_eq!(session.snapshot().expose(), before.expose());
    }
    let mut rng = rng_failing_at(draws.len());
    session.encrypt(b"text", &mut rng).unwrap()
}

/// An edited store that was not changed is the store: the editing of these tests follows `docs/state.md`.
#[test]
fn the_documented_layouts_are_the_layouts() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 2, 190);
        let World { bob, prekeys, published, rng, .. } = &mut scene.world;
        prekeys.rotate(bob, NOW, rng).unwrap();
        let store = prekeys.snapshot();
        assert_eq!(Store::read(store.expose()).write(), store.expose());
        assert_eq!(snapshot::with_body(store.expose(), |_| ()), store.expose());
        let bundle = published.next_bundle(NOW).encode();
        assert_eq!(Bundle::read(&bundle).write(), bundle);
        let mut certified = Bundle::read(&bundle);
        certified.certify(bob, bob.public().to_bytes());
        assert_eq!(certified.write(), bundle);
        assert_eq!(forge::Published::read(&published.encode()).write(), published.encode());
    }
}
