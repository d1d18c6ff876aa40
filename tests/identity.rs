//! Identities and addresses: what they are made from, when two are the same, and what is printed of them and of everything
//! that holds secrets.

mod common;
mod forge;

use common::{Failed, NOW, SUITES, TestRng, World, address, alices};
use confidant::{
    Address, AddressError, Context, DeviceId, Identity, Plaintext, Policy, PreKeyBundle, Provider,
    PublicIdentity, RandomnessFailed, Secret, Session, Suite, UserId,
};
use forge::scene::rng_failing_at;
use forge::snapshot::{Store, session_keys};
use forge::{hash, hex, spliced};

fn from_seed(byte: u8) -> Identity {
    Identity::from_seed(Secret::init_with(|seed| seed.fill(byte)))
}

// Identities.

/// One seed is one identity, and another seed another in both halves; the seed is what it was made from.
#[test]
fn an_identity_is_its_seed() {
    let (one, again, other) = (from_seed(1), from_seed(1), from_seed(2));
    assert_eq!(one.public(), again.public());
    assert_eq!(one.seed().expose(), &[1; 32]);
    let (one, other) = (one.public().to_bytes(), other.public().to_bytes());
    assert_ne!(one[..32], other[..32]);
    assert_ne!(one[32..], other[32..]);
}

/// Both keys are derived from the seed as documented, and are independent of each other.
#[test]
fn an_identity_is_derived_as_documented() {
    let identity = from_seed(3);
    let public = identity.public().to_bytes();
    assert_eq!(public[..32], forge::signing_key(&identity).verifying_key().to_bytes());
    let secret: [u8; 32] = forge::hkdf(&[], &[3; 32], b"confidant/v1/identity/x25519");
    let agreement = x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(secret));
    assert_eq!(public[32..], agreement.to_bytes());
    assert_ne!(secret, forge::signing_key(&identity).to_bytes());
}

/// generating draws the seed, 32 bytes in one draw, or fails with the generator.
#[test]
fn generating_an_identity_draws_its_seed() {
    let mut rng = TestRng::new(4);
    let identity = Identity::generate(&mut rng).unwrap();
    assert_eq!((rng.drawn, rng.draws), (32, 1));
    let mut expected = [0; 32];
    let mut same = TestRng::new(4);
    let filled: Result<(), Failed> =
        getrandom::rand_core::TryRng::try_fill_bytes(&mut same, &mut expected);
    assert!(filled.is_ok());
    assert_eq!(identity.seed().expose(), &expected);
    let failed = Identity::generate(&mut rng_failing_at(0)).err();
    assert_eq!(failed, Some(RandomnessFailed));
}

/// a public identity is read back as it was written.
#[test]
fn a_public_identity_has_one_encoding() {
    for seed in 0..20 {
        let public = from_seed(seed).public();
        let again = PublicIdentity::from_bytes(&public.to_bytes()).unwrap();
        assert_eq!(again, public);
        assert_eq!(again.to_bytes(), public.to_bytes());
    }
    assert_eq!(PublicIdentity::LEN, from_seed(0).public().to_bytes().len());
}

/// an identity is the pair: two that share either half are different, and so are their hashes.
#[test]
fn half_an_identity_is_another_identity() {
    let (one, two) = (from_seed(5), from_seed(6));
    let halves = [spliced(&one, &two), spliced(&two, &one)];
    let [front, back] = halves.map(|bytes| PublicIdentity::from_bytes(&bytes).unwrap());
    let all = [one.public(), two.public(), front, back];
    for (index, identity) in all.iter().enumerate() {
        let expected = hash("confidant/v1/identity/hash", &[&identity.to_bytes()]);
        assert_eq!(identity.hash(), expected);
        for other in &all[index + 1..] {
            assert_ne!(identity, other);
            assert_ne!(identity.hash(), other.hash());
        }
    }
}

/// What a session and a message say about the peer is what the handshake has proven, after a restart too.
#[test]
fn a_session_knows_its_peer() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 400);
        let (alice, mut bob) = world.conversation();
        let mut alice = Session::restore(alice.snapshot().expose(), 0).unwrap();
        for (session, identity, user) in
            [(&alice, world.bob.public(), "bob"), (&bob, world.alice.public(), "alice")]
        {
            assert_eq!(*session.peer().identity(), identity);
            assert_eq!(*session.peer().address(), address(user));
        }
        let message = bob.encrypt(b"", &mut world.rng).unwrap();
        let received = alice.decrypt(&message).unwrap();
        assert_eq!(received.from(), alice.peer());
    }
}

// Addresses.

/// names have 1 to 255 bytes, a provider's may have none, and any bytes will do.
#[test]
fn names_are_bounded() {
    for len in [1, 255] {
        assert_eq!(UserId::new(vec![b'x'; len]).unwrap().as_bytes(), vec![b'x'; len]);
        assert_eq!(Provider::new(vec![0xff; len]).unwrap().as_bytes(), vec![0xff; len]);
    }
    assert_eq!(UserId::new(""), Err(AddressError::Empty));
    assert_eq!(Provider::new("").unwrap().as_bytes(), b"");
    for len in [256, 511, 512, 65_536] {
        assert_eq!(UserId::new(vec![0; len]), Err(AddressError::TooLong));
        assert_eq!(Provider::new(vec![0; len]), Err(AddressError::TooLong));
    }
}

/// an address is its three parts.
#[test]
fn an_address_is_its_parts() {
    let one = named("example.org", "alice", 7);
    assert_eq!(one.provider(), &Provider::new("example.org").unwrap());
    assert_eq!(one.user(), &UserId::new("alice").unwrap());
    assert_eq!(one.device().number(), 7);
    assert_eq!(one, named("example.org", "alice", 7));
    let others =
        [named("example.net", "alice", 7), named("example.org", "bob", 7), named("", "alice", 8)];
    for other in others {
        assert_ne!(one, other);
    }
}

fn named(provider: &str, user: &str, device: u32) -> Address {
    let provider = Provider::new(provider).unwrap();
    Address::new(provider, UserId::new(user).unwrap(), DeviceId::new(device))
}

/// names that give the same string when they are put together, in one address or across the two, with the
/// application's bytes or with a device's number, give different transcripts.
#[test]
fn names_that_run_together_are_told_apart() {
    for suite in SUITES {
        let mut world = World::new(*suite, 0, 401);
        let bundle = world.published.next_bundle(NOW).encode();
        let id = |ours: &Address, theirs: &Address, application: &[u8]| {
            let bundle = PreKeyBundle::decode(&bundle).unwrap().verify(NOW).unwrap();
            let context = Context::new(ours.clone(), theirs.clone())
                .policy(Policy::ClassicalAllowed)
                .application(application)
                .unwrap();
            let mut rng = TestRng::new(402);
            *Session::initiate(&world.alice, &bundle, &context, &mut rng).unwrap().id()
        };
        let bob = named("p", "bob", 1);
        let mut ids = vec![
            id(&named("ab", "c", 1), &bob, b""),
            id(&named("a", "bc", 1), &bob, b""),
            id(&named("", "abc", 1), &bob, b""),
            id(&named("c", "ab", 1), &bob, b""),
            id(&named("abc", "c", 1), &bob, b""),
            id(&named("a", "\u{2}\u{1}c", 1), &bob, b""),
            id(&named("a\u{2}\u{1}c", "\u{2}\u{1}c", 1), &bob, b""),
            id(&named("a", "b", 1), &named("c", "d", 1), b""),
            id(&named("a", "b", 0x0100_0000), &named("c", "d", 1), b""),
            id(&named("a", "bc", 1), &named("", "d", 1), b""),
            id(&named("c", "d", 1), &named("a", "b", 1), b""),
            id(&named("a", "b", 1), &named("c", "d", 1), b"a"),
            id(&named("a", "b", 1), &named("c", "d", 1), b"\0"),
            id(&named("a", "b", 1), &named("c", "d", 1), b"\x01\x01a"),
        ];
        let count = ids.len();
        assert_eq!(ids[0], id(&named("ab", "c", 1), &bob, b""));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}

// What is printed.

/// of what holds secrets nothing secret is printed: these are all the words.
#[test]
fn debug_output_is_redacted() {
    let identity = from_seed(7);
    let name = format!("PublicIdentity({}..)", hex(&identity.public().hash()[..8]));
    assert_eq!(format!("{:?}", identity.public()), name);
    assert_eq!(format!("{identity:?}"), format!("Identity {{ public: {name}, .. }}"));
    assert_eq!(format!("{:?}", identity.seed()), "Secret<32>(..)");

    let mut world = World::new(Suite::X3dh, 1, 403);
    let [alice, bob] = [&world.alice, &world.bob].map(|it| format!("{:?}", it.public()));
    let signed = Store::read(world.prekeys.snapshot().expose()).current.signed.public;
    let signed = hex(&forge::prekey_id(forge::SIGNED, &signed));
    assert_eq!(
        format!("{:?}", world.prekeys),
        format!(
            "PreKeyStore {{ suite: X3dh, identity: {bob}, epoch: 1, signed: PreKeyId({signed}), \
             one_time: 1, kem_one_time: 0, .. }}"
        )
    );
    let mut session = world.initiate();
    let first = session.encrypt(b"secret", &mut world.rng).unwrap();
    let received = world.accept(&first).received;
    assert_eq!(format!("{:?}", received.plaintext), "Plaintext(6 bytes)");
    assert!(format!("{received:?}").contains(&format!("identity: {alice}")));
    let snapshot = session.snapshot();
    let len = snapshot.expose().len();
    assert_eq!(format!("{snapshot:?}"), format!("Snapshot(epoch 1, {len} bytes)"));
    let printed = format!("{session:?}");
    assert!(printed.starts_with("Session { suite: X3dh, role: Initiator, peer: "), "{printed}");
    assert!(printed.ends_with(", epoch: 1, established: false, .. }"), "{printed}");
    assert!(printed.contains(&bob));
}

/// Every run of four bytes of a secret, in hexadecimal and as a list of numbers.
fn traces(secret: &[u8]) -> impl Iterator<Item = String> {
    secret.windows(4).flat_map(|bytes| {
        let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
        [hex(bytes), hex(bytes).to_uppercase(), numbers.join(", ")]
    })
}

/// no part of a seed, of a stored key or of a plaintext is in what is printed of anything, at any depth.
#[test]
fn no_secret_is_printed() {
    assert_eq!(traces(&[10, 11, 12, 13]).last().unwrap(), "10, 11, 12, 13");
    for suite in SUITES {
        let mut world = World::new(*suite, 2, 404);
        let bundle = world.published.next_bundle(NOW);
        let mut printed = vec![format!("{bundle:?} {:#?}", world.published)];
        let bundle = bundle.verify(NOW).unwrap();
        let context = alices().application(b"application").unwrap();
        printed.push(format!("{bundle:?} {context:?}"));
        let (mut alice, mut bob) = world.conversation();
        let _late = bob.encrypt(b"", &mut world.rng).unwrap();
        let text = b"the plaintext of a message";
        let message = bob.encrypt(text, &mut world.rng).unwrap();
        let received = alice.decrypt(&message).unwrap();
        printed.push(format!("{received:?} {received:#?} {alice:?} {alice:#?} {bob:?}"));
        printed.push(format!("{:?} {:#?}", world.prekeys, world.prekeys));
        printed.push(format!("{:?} {:#?}", world.alice, world.bob));
        printed.push(format!("{:?} {:?}", alice.snapshot(), world.prekeys.snapshot()));
        printed.push(format!("{:?}", alice.exporter::<32>(b"label", b"").unwrap()));
        // A list of numbers is on one line or on many.
        let printed = printed.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");

        let store = Store::read(world.prekeys.snapshot().expose());
        let exported = alice.exporter::<32>(b"label", b"").unwrap();
        let mut secrets: Vec<Vec<u8>> = vec![text.to_vec(), exported.expose().to_vec()];
        secrets.extend([&world.alice, &world.bob].map(|it| it.seed().expose().to_vec()));
        secrets.push(store.current.signed.secret.to_vec());
        secrets.extend(store.current.last_resort.iter().map(|key| key[8..].to_vec()));
        secrets.extend(store.one_time.iter().map(|key| key.secret.to_vec()));
        secrets.extend(store.kem_one_time.iter().map(|key| key[24..].to_vec()));
        secrets.extend(session_keys(alice.snapshot().expose()).map(|key| key.to_vec()));
        for trace in secrets.iter().flat_map(|secret| traces(secret)) {
            assert!(!printed.contains(&trace), "{trace} in {printed}");
        }
        assert!(!printed.contains("plaintext of"));
    }
}

/// a plaintext is given out as bytes, on demand alone.
#[test]
fn a_plaintext_is_taken_out_on_demand() {
    let mut world = World::new(Suite::X3dh, 1, 405);
    let first = world.initiate().encrypt(b"text", &mut world.rng).unwrap();
    let plaintext: Plaintext = world.accept(&first).received.plaintext;
    assert_eq!(plaintext.as_bytes(), b"text");
    assert_eq!(plaintext.as_ref(), b"text");
    assert_eq!(plaintext.into_vec(), b"text");
}
