//! The trust store: what it remembers of identities, and that none is replaced unnoticed.

mod common;
mod forge;

use std::collections::BTreeMap;

use common::{NOW, SUITES, TestRng, World, address, alices, bobs};
use confidant::limits::MAX_CONTACTS;
use confidant::{
    AcceptError, Address, Context, DecodeError, DeviceId, Identity, InitiateError, Party, Peer,
    Policy, PreKeyBundle, PreKeyMessage, PreKeyStore, Provider, RestoreError, SafetyNumber,
    Session, Trust, TrustError, TrustStore, UserId, Verified,
};
use forge::snapshot::{body, reseal, with_body};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::test_runner::{Config, RngSeed, TestRunner};

fn identities<const N: usize>(seed: u64) -> [Identity; N] {
    let mut rng = TestRng::new(seed);
    std::array::from_fn(|_| Identity::generate(&mut rng).unwrap())
}

fn device(user: &str, device: u32) -> Address {
    let provider = Provider::new("example.org").unwrap();
    Address::new(provider, UserId::new(user).unwrap(), DeviceId::new(device))
}

fn party(user: &str, number: u32, identity: &Identity) -> Party {
    Party::new(device(user, number), identity.public())
}

/// Who a session that has begun there knows: the only way to a `Peer`.
fn peer(user: &str, number: u32, identity: &Identity) -> Peer {
    peer_at(device(user, number), identity)
}

fn peer_at(address: Address, identity: &Identity) -> Peer {
    begin(address, &published(identity))
}

fn published(identity: &Identity) -> Vec<u8> {
    let rng = &mut TestRng::new(98);
    let prekeys = PreKeyStore::generate(identity, SUITES[0], NOW, rng).unwrap();
    prekeys.publication(identity, NOW).unwrap().next_bundle(NOW).encode()
}

fn begin(address: Address, bundle: &[u8]) -> Peer {
    let [us] = identities(97);
    let bundle = PreKeyBundle::decode(bundle).unwrap().verify(NOW).unwrap();
    let context = Context::new(device("us", 1), address).policy(Policy::ClassicalAllowed);
    let session = Session::initiate(&us, &bundle, &context, &mut TestRng::new(96)).unwrap();
    session.peer().clone()
}

/// As if the user had compared the number of this party.
fn compared(with: &Party) -> Verified {
    let [us] = identities(99);
    SafetyNumber::new(&party("us", 1, &us), with).confirmed_by_user()
}

fn bytes(store: &TrustStore) -> Vec<u8> {
    store.snapshot().expose().to_vec()
}

/// from the first meeting to a comparison to a change that the user accepts.
#[test]
fn an_identity_is_met_pinned_verified_and_changed() {
    let [first, second] = identities(1);
    let (peer, bob) = (peer("bob", 1, &first), party("bob", 1, &first));
    let other = party("bob", 1, &second);
    let mut store = TrustStore::new();
    assert_eq!(store.status(&bob), Trust::FirstUse);
    assert_eq!((store.check(&bob), store.identity(bob.address())), (Ok(()), None));
    assert_eq!(store.changes(), 0, "looking changes nothing");

    assert_eq!(store.meet(&peer), Ok(Trust::FirstUse));
    assert_eq!(store.status(&bob), Trust::Pinned);
    assert_eq!(store.meet(&peer), Ok(Trust::Pinned));
    assert_eq!(store.status(&other), Trust::Changed { was_verified: false });
    assert_eq!(store.identity(bob.address()), Some(&first.public()));

    store.verify(&compared(&bob)).unwrap();
    assert_eq!(store.status(&bob), Trust::Verified);
    assert_eq!(store.meet(&peer), Ok(Trust::Verified));
    assert_eq!(store.status(&other), Trust::Changed { was_verified: true });
    assert_eq!(store.check(&other), Err(TrustError::IdentityChanged));

    assert_eq!(store.accept_change(&other), Ok(Trust::Changed { was_verified: true }));
    assert_eq!(store.status(&other), Trust::Pinned, "accepting is not comparing");
    assert_eq!(store.status(&bob), Trust::Changed { was_verified: false });
    assert_eq!(store.accept_change(&bob), Ok(Trust::Changed { was_verified: false }));
    store.verify(&compared(&bob)).unwrap();
    assert_eq!(store.status(&bob), Trust::Verified);
}

/// a change is refused by all that does not accept it, and leaves the store as it was, to the byte.
#[test]
fn a_changed_identity_is_refused_and_changes_nothing() {
    let [first, second] = identities(2);
    let (bob, changed) = (peer("bob", 1, &first), peer("bob", 1, &second));
    let other = Party::from(&changed);
    let mut store = TrustStore::new();
    for verified in [false, true] {
        store.meet(&bob).unwrap();
        if verified {
            store.verify(&compared(&Party::from(&bob))).unwrap();
        }
        let before = bytes(&store);
        assert_eq!(store.check(&other), Err(TrustError::IdentityChanged));
        assert_eq!(store.meet(&changed), Err(TrustError::IdentityChanged));
        assert_eq!(store.verify(&compared(&other)), Err(TrustError::IdentityChanged));
        assert_eq!(bytes(&store), before);
    }
}

/// half an identity that is the same is a change like any other, also for one that a session has begun with.
#[test]
fn half_an_identity_is_a_change() {
    let [one, two] = identities(3);
    let mut store = TrustStore::new();
    store.meet(&peer("bob", 1, &one)).unwrap();
    for (signing, agreement) in [(&one, &two), (&two, &one)] {
        let mut bundle = forge::Bundle::read(&published(signing));
        bundle.certify(signing, forge::spliced(signing, agreement));
        let spliced = begin(device("bob", 1), &bundle.write());
        assert_eq!(spliced.identity().to_bytes(), forge::spliced(signing, agreement));
        assert_eq!(store.meet(&spliced), Err(TrustError::IdentityChanged));
    }
}

/// a comparison holds for the user's devices that have the identity that was compared, and for nobody else.
#[test]
fn a_comparison_covers_the_users_devices_of_that_identity() {
    let [same, other] = identities(4);
    let covered = [peer("bob", 1, &same), peer("bob", 2, &same)];
    let left = [
        peer("bob", 3, &other),
        peer("bobby", 1, &same),
        peer("bo", 1, &same),
        peer_at(elsewhere("bob", 1), &same),
    ];
    let mut store = TrustStore::new();
    for known in covered.iter().chain(&left) {
        store.meet(known).unwrap();
    }
    // The device that was compared need not be known.
    let compared_device = party("bob", 9, &same);
    store.verify(&compared(&compared_device)).unwrap();
    let is = |known: &Peer, trust| store.status(&Party::from(known)) == trust;
    assert!(covered.iter().all(|known| is(known, Trust::Verified)));
    assert!(left.iter().all(|known| is(known, Trust::Pinned)));
    assert_eq!(store.status(&compared_device), Trust::Verified);
}

fn elsewhere(user: &str, device: u32) -> Address {
    let provider = Provider::new("example.com").unwrap();
    Address::new(provider, UserId::new(user).unwrap(), DeviceId::new(device))
}

/// What is known of another device of the user: has it the same identity, and was that compared?
type Known = (bool, bool);

/// Up to two other devices, whatever is known of each.
fn combinations() -> Vec<Vec<Known>> {
    let each = [(true, true), (true, false), (false, true), (false, false)];
    let two = each.iter().flat_map(|one| each.iter().map(|two| vec![*one, *two]));
    each.iter().map(|one| vec![*one]).chain(two).collect()
}

/// A store that knows these of Bob, and nobody else.
fn with_devices(known: &[Known], same: &Identity, other: &Identity) -> TrustStore {
    let mut store = TrustStore::new();
    let numbered: Vec<(u32, Known)> = (0..).zip(known.iter().copied()).collect();
    // Those that were compared first: a comparison covers those of its identity that are there.
    for wanted in [true, false] {
        let chosen = numbered.iter().filter(|(_, (_, verified))| *verified == wanted);
        for (number, (is_same, verified)) in chosen {
            let device = party("bob", *number, if *is_same { same } else { other });
            match verified {
                true => store.verify(&compared(&device)).unwrap(),
                false => drop(store.accept_change(&device).unwrap()),
            }
        }
    }
    let listed = store
        .iter()
        .map(|(device, trust)| (*device.identity() == same.public(), trust == Trust::Verified));
    assert!(listed.eq(known.iter().copied()));
    store
}

/// a device that is new to us, of a user who is not: what is known of the others is told, and only the same identity that
/// was compared makes it verified.
#[test]
fn a_new_device_is_told_from_a_first_use() {
    let [same, other] = identities(22);
    let new = peer("bob", 7, &same);
    for known in combinations() {
        let mut store = with_devices(&known, &same, &other);
        let before = store.changes();
        let expected = Trust::NewDevice {
            same_identity: known.iter().any(|(same, _)| *same),
            user_verified: known.iter().any(|(_, verified)| *verified),
        };
        let party = Party::from(&new);
        assert_eq!(store.status(&party), expected, "{known:?}");
        assert_eq!((store.check(&party), store.identity(new.address())), (Ok(()), None));
        assert_eq!(store.meet(&new), Ok(expected));
        let pinned = if known.contains(&(true, true)) { Trust::Verified } else { Trust::Pinned };
        assert_eq!(store.status(&party), pinned, "{known:?}");
        assert_eq!(store.changes(), before + 1);
        // What was known of the others still is.
        let others = store.iter().filter(|(device, _)| device.address() != new.address());
        let others = others
            .map(|(device, trust)| (*device.identity() == same.public(), trust == Trust::Verified));
        assert!(others.eq(known.iter().copied()));
    }
}

/// only devices of the same user at the same provider count, and all of them do, the first and the last.
#[test]
fn another_users_device_does_not_make_one_new() {
    let [one] = identities(23);
    let mut store = TrustStore::new();
    let strangers = [device("bo", u32::MAX), device("bobby", 0), device("boa", 1)];
    for address in strangers.into_iter().chain([elsewhere("bob", 1)]) {
        store.verify(&compared(&Party::new(address, one.public()))).unwrap();
    }
    assert_eq!(store.status(&party("bob", 1, &one)), Trust::FirstUse);
    let new = Trust::NewDevice { same_identity: true, user_verified: false };
    for known in [0, u32::MAX] {
        assert_eq!(store.meet(&peer("bob", known, &one)), Ok(Trust::FirstUse));
        for other in [0, 1, u32::MAX - 1, u32::MAX].into_iter().filter(|it| *it != known) {
            assert_eq!(store.status(&party("bob", other, &one)), new, "{known} {other}");
        }
        assert!(store.forget(&device("bob", known)));
    }
}

/// the other device of a user who was compared, with the same identity, is verified when a session has shown it.
#[test]
fn the_other_device_of_a_verified_user_is_verified_when_met() {
    let [same] = identities(24);
    let (first, second) = (party("bob", 1, &same), peer("bob", 2, &same));
    let mut store = TrustStore::new();
    store.verify(&compared(&first)).unwrap();
    let new = Trust::NewDevice { same_identity: true, user_verified: true };
    assert_eq!(store.meet(&second), Ok(new));
    assert_eq!(store.meet(&second), Ok(Trust::Verified));
    // It is known by itself: the first may go.
    assert!(store.forget(first.address()));
    let store = TrustStore::restore(&bytes(&store), store.changes()).unwrap();
    assert_eq!(store.status(&Party::from(&second)), Trust::Verified);
}

/// a device that a server has made up for a verified user is seen to be new and not theirs, and their comparison does not
/// cover it.
#[test]
fn a_ghost_device_is_visible() {
    let [bobs, mallorys] = identities(25);
    let mut store = TrustStore::new();
    store.verify(&compared(&party("bob", 1, &bobs))).unwrap();
    let seen = Trust::NewDevice { same_identity: false, user_verified: true };
    let ghost = peer_at(device("bob", 2), &mallorys);
    let as_party = Party::from(&ghost);
    // Before anything is sent to it, and from the session; nothing is pinned for it.
    assert_eq!(store.status(&as_party), seen);
    assert_eq!(store.identity(ghost.address()), None);
    assert_eq!(store.meet(&ghost), Ok(seen));
    assert_eq!(store.status(&as_party), Trust::Pinned, "and no more than that");
    assert_eq!(store.status(&party("bob", 1, &bobs)), Trust::Verified);
    // A second one of the same make has its own identity beside it, which nobody has compared.
    let second = peer_at(device("bob", 3), &mallorys);
    let seen = Trust::NewDevice { same_identity: true, user_verified: true };
    assert_eq!(store.meet(&second), Ok(seen));
    assert_eq!(store.status(&Party::from(&second)), Trust::Pinned);
}

/// one device's change says nothing of the others.
#[test]
fn a_change_at_one_device_leaves_the_others_verified() {
    let [same, other] = identities(5);
    let mut store = TrustStore::new();
    store.meet(&peer("bob", 2, &same)).unwrap();
    store.verify(&compared(&party("bob", 1, &same))).unwrap();
    let changed = party("bob", 1, &other);
    assert_eq!(store.accept_change(&changed), Ok(Trust::Changed { was_verified: true }));
    assert_eq!(store.status(&party("bob", 2, &same)), Trust::Verified);
    assert_eq!(store.status(&changed), Trust::Pinned);
}

/// to accept what is known already changes nothing, and unverifies nobody.
#[test]
fn accepting_no_change_changes_nothing() {
    let [one] = identities(6);
    let (bob, carol) = (party("bob", 1, &one), party("carol", 1, &one));
    let mut store = TrustStore::new();
    store.verify(&compared(&bob)).unwrap();
    assert_eq!(store.accept_change(&carol), Ok(Trust::FirstUse));
    assert_eq!(store.status(&carol), Trust::Pinned);
    let before = bytes(&store);
    assert_eq!(store.accept_change(&bob), Ok(Trust::Verified));
    assert_eq!(store.accept_change(&carol), Ok(Trust::Pinned));
    assert_eq!(bytes(&store), before);
    // A device that is new is accepted unverified: no session has shown it.
    let second = party("bob", 2, &one);
    let new = Trust::NewDevice { same_identity: true, user_verified: true };
    assert_eq!(store.accept_change(&second), Ok(new));
    assert_eq!(store.status(&second), Trust::Pinned);
}

/// who is verified is not verified anew.
#[test]
fn a_second_comparison_changes_nothing() {
    let [one] = identities(26);
    let bob = party("bob", 1, &one);
    let mut store = TrustStore::new();
    store.verify(&compared(&bob)).unwrap();
    assert_eq!(store.changes(), 1);
    let before = bytes(&store);
    store.verify(&compared(&bob)).unwrap();
    assert_eq!(bytes(&store), before);
}

/// who is forgotten is met for the first time again, under whichever identity; as a device that is new, if others are known.
#[test]
fn a_forgotten_address_is_met_again() {
    let [one, two] = identities(7);
    let mut store = TrustStore::new();
    store.verify(&compared(&party("bob", 1, &one))).unwrap();
    let before = store.changes();
    assert!(!store.forget(&device("bob", 2)));
    assert_eq!(store.changes(), before);
    assert!(store.forget(&device("bob", 1)));
    assert!(store.changes() > before);
    assert_eq!(store.meet(&peer("bob", 1, &two)), Ok(Trust::FirstUse));
    assert_eq!(store.status(&party("bob", 1, &one)), Trust::Changed { was_verified: false });
    store.verify(&compared(&party("bob", 2, &two))).unwrap();
    assert!(store.forget(&device("bob", 1)));
    let new = Trust::NewDevice { same_identity: false, user_verified: true };
    assert_eq!(store.meet(&peer("bob", 1, &one)), Ok(new));
}

/// Everybody is told of, in order, as they stand.
#[test]
fn the_store_lists_whom_it_knows() {
    let [one, two] = identities(8);
    let mut store = TrustStore::new();
    store.meet(&peer("carol", 1, &two)).unwrap();
    store.meet(&peer("bob", 2, &one)).unwrap();
    store.verify(&compared(&party("bob", 1, &two))).unwrap();
    let listed: Vec<(Party, Trust)> = store.iter().collect();
    let expected = vec![
        (party("bob", 1, &two), Trust::Verified),
        (party("bob", 2, &one), Trust::Pinned),
        (party("carol", 1, &two), Trust::Pinned),
    ];
    assert_eq!(listed, expected);
    assert_eq!(format!("{store:?}"), "TrustStore(3 parties, 3 changes)");
}

/// A store of `count` parties, written by the layout of `docs/state.md`.
fn full(count: usize, identity: &Identity) -> Vec<u8> {
    with_body(&bytes(&TrustStore::new()), |body| {
        body.clear();
        body.extend(u32::try_from(count).unwrap().to_be_bytes());
        for number in 0..count {
            let number = u32::try_from(number).unwrap().to_be_bytes();
            body.extend([&[1, 0, 2, 4][..], &number, &[3, 0, 0, 0, 1]].concat());
            body.extend(identity.public().to_bytes());
            body.push(0);
        }
    })
}

/// A store that is full takes nobody more, and everything else goes on.
#[test]
fn a_full_store_takes_nobody_more() {
    let [one, two] = identities(9);
    let mut store = TrustStore::restore(&full(MAX_CONTACTS, &one), 0).unwrap();
    assert_eq!(store.iter().count(), MAX_CONTACTS);
    let first = store.iter().next().unwrap().0;
    let (changes, peer) = (store.changes(), peer("new", 1, &one));
    let new = Party::from(&peer);
    assert_eq!(store.meet(&peer), Err(TrustError::Full));
    assert_eq!(store.verify(&compared(&new)), Err(TrustError::Full));
    assert_eq!(store.accept_change(&new), Err(TrustError::Full));
    assert_eq!((store.changes(), store.iter().count()), (changes, MAX_CONTACTS));
    assert_eq!(store.status(&new), Trust::FirstUse);

    store.verify(&compared(&first)).unwrap();
    assert_eq!(store.status(&first), Trust::Verified);
    let changed = Party::new(first.address().clone(), two.public());
    assert_eq!(store.accept_change(&changed), Ok(Trust::Changed { was_verified: true }));
    assert!(store.forget(first.address()));
    assert_eq!(store.meet(&peer), Ok(Trust::FirstUse));
}

/// more parties than a store holds are refused by their number.
#[test]
fn a_snapshot_of_too_many_is_refused() {
    let [one] = identities(10);
    let too_many = |count: u32| {
        let claimed = with_body(&full(2, &one), |body| {
            body[..4].copy_from_slice(&count.to_be_bytes());
        });
        TrustStore::restore(&claimed, 0).map(drop).unwrap_err()
    };
    assert_eq!(too_many(100_001), RestoreError::Malformed(DecodeError::TooMany));
    assert_eq!(too_many(u32::MAX), RestoreError::Malformed(DecodeError::TooMany));
    assert_eq!(too_many(100_000), RestoreError::Malformed(DecodeError::Truncated));
    assert_eq!(too_many(3), RestoreError::Malformed(DecodeError::Truncated));
    assert_eq!(too_many(1), RestoreError::Malformed(DecodeError::TrailingBytes));
    // What is there is read before the end is found.
    let bad_flag = with_body(&full(2, &one), |body| {
        body[..4].copy_from_slice(&100_000_u32.to_be_bytes());
        body[81] = 2;
    });
    let refused = TrustStore::restore(&bad_flag, 0).map(drop);
    assert_eq!(refused, Err(RestoreError::Malformed(DecodeError::NotCanonical)));
}

fn some_store() -> TrustStore {
    let [one, two] = identities(11);
    let mut store = TrustStore::new();
    store.meet(&peer("carol", 1, &two)).unwrap();
    store.verify(&compared(&party("bob", 1, &one))).unwrap();
    store.meet(&peer("bob", 2, &two)).unwrap();
    store
}

/// a snapshot comes back as it was; an older one than the caller remembers does not.
#[test]
fn a_snapshot_comes_back_and_an_old_one_does_not() {
    let store = some_store();
    let snapshot = store.snapshot();
    assert_eq!((snapshot.epoch(), store.changes()), (3, 3));
    let restored = TrustStore::restore(snapshot.expose(), 3).unwrap();
    assert_eq!(bytes(&restored), snapshot.expose());
    assert!(restored.iter().eq(store.iter()));
    let stale = TrustStore::restore(snapshot.expose(), 4).map(drop);
    assert_eq!(stale, Err(RestoreError::Stale));
    let empty = TrustStore::new().snapshot();
    assert_eq!(TrustStore::restore(empty.expose(), 0).unwrap().iter().count(), 0);
    assert_eq!(body(empty.expose()), [0; 4]);
}

/// other snapshots are not a trust store's, nor is this one theirs.
#[test]
fn a_snapshot_of_another_kind_is_refused() {
    let world = World::new(SUITES[0], 0, 12);
    let other = world.prekeys.snapshot();
    let refused = Err(RestoreError::Malformed(DecodeError::WrongKind));
    assert_eq!(TrustStore::restore(other.expose(), 0).map(drop), refused);
    assert_eq!(Session::restore(&bytes(&some_store()), 0).map(drop), refused);
}

/// Damage anywhere is found.
#[test]
fn every_flipped_byte_is_found() {
    let good = bytes(&some_store());
    for at in 0..good.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            let refused = TrustStore::restore(&bad, 0).map(drop).unwrap_err();
            let expected = match at {
                0..5 => DecodeError::WrongKind,
                5 => DecodeError::UnsupportedVersion,
                _ => DecodeError::Corrupted,
            };
            assert_eq!(refused, RestoreError::Malformed(expected), "{at}");
        }
    }
    for len in 0..good.len() {
        assert!(TrustStore::restore(&good[..len], 0).is_err(), "{len}");
        let mut cut = good[..len.max(22)].to_vec();
        reseal(&mut cut);
        assert!(TrustStore::restore(&cut, 0).is_err() || len >= good.len(), "{len}");
    }
}

/// one snapshot for one store: in order, each address once, every flag 0 or 1.
#[test]
fn what_is_not_canonical_is_refused() {
    let [one] = identities(13);
    let good = full(3, &one);
    // Address(13), identity(64), flag.
    let entry = |number: usize| 4 + number * 78..4 + (number + 1) * 78;
    let refused = |change: fn(&mut [u8])| {
        let bad = with_body(&good, |body| change(body));
        TrustStore::restore(&bad, 0).map(drop).unwrap_err()
    };
    assert_eq!(entry(2).end, body(&good).len());
    let not_canonical = RestoreError::Malformed(DecodeError::NotCanonical);
    let swap: fn(&mut [u8]) = |body| body[4..4 + 156].rotate_left(78);
    assert_eq!(refused(swap), not_canonical);
    assert_eq!(refused(|body| body.copy_within(4..82, 82)), not_canonical, "the same twice");
    assert_eq!(refused(|body| body[81] = 2), not_canonical, "a flag");
    assert_eq!(refused(|body| body[4] = 2), not_canonical, "a tag");
    let bad_key = RestoreError::Malformed(DecodeError::InvalidKey);
    assert_eq!(refused(|body| body[17..49].fill(0xff)), bad_key);
    assert_eq!(refused(|body| body[49..81].fill(0)), bad_key);
    let verified = with_body(&good, |body| body[81] = 1);
    let verified = TrustStore::restore(&verified, 0).unwrap();
    assert_eq!(verified.iter().next().unwrap().1, Trust::Verified);
}

/// where another identity is known, an initiator neither draws nor makes a session.
#[test]
fn nothing_is_begun_with_a_changed_identity() {
    let [other] = identities(14);
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 15);
        let bundle = world.bundle();
        let mut trust = TrustStore::new();
        trust.meet(&peer_at(address("bob"), &other)).unwrap();
        let before = bytes(&trust);
        let mut rng = TestRng::new(16);
        let context = alices().known_to(&trust);
        let refused = Session::initiate(&world.alice, &bundle, &context, &mut rng).map(drop);
        assert_eq!(refused, Err(InitiateError::IdentityChanged));
        assert_eq!((rng.draws, rng.drawn), (0, 0));
        assert_eq!(bytes(&trust), before);

        let bob = Party::new(address("bob"), world.bob.public());
        trust.accept_change(&bob).unwrap();
        let context = alices().known_to(&trust);
        let session = Session::initiate(&world.alice, &bundle, &context, &mut rng).unwrap();
        assert_eq!(trust.meet(session.peer()), Ok(Trust::Pinned));
    }
}

/// where another identity is known, a responder accepts nothing, and its pre-keys are untouched.
#[test]
fn nothing_is_accepted_from_a_changed_identity() {
    let [other] = identities(17);
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 18);
        let hello = world.initiate().encrypt(b"hello", &mut world.rng).unwrap();
        let request = PreKeyMessage::decode(&hello).unwrap();
        let mut trust = TrustStore::new();
        trust.meet(&peer_at(address("alice"), &other)).unwrap();
        let before = world.prekeys.snapshot().expose().to_vec();
        let context = bobs().known_to(&trust);
        let refused = Session::accept(&world.bob, &mut world.prekeys, &request, &context, NOW);
        assert_eq!(refused.map(drop), Err(AcceptError::IdentityChanged));
        assert_eq!(world.prekeys.snapshot().expose(), before);

        assert!(trust.forget(&address("alice")));
        let context = bobs().known_to(&trust);
        let bob = (&world.bob, &mut world.prekeys);
        let accepted = Session::accept(bob.0, bob.1, &request, &context, NOW).unwrap();
        assert_eq!(trust.meet(accepted.session.peer()), Ok(Trust::FirstUse));
    }
}

/// what is known of other addresses pins nobody, and an unknown address keeps what the caller pinned.
#[test]
fn a_context_is_held_to_its_own_address() {
    let [other] = identities(19);
    let mut world = World::new(SUITES[0], 0, 20);
    let bundle = world.bundle();
    let mut trust = TrustStore::new();
    trust.meet(&peer("bob", 2, &other)).unwrap();
    let mut initiate =
        |context| Session::initiate(&world.alice, &bundle, &context, &mut world.rng).map(drop);
    assert_eq!(initiate(alices().known_to(&trust)), Ok(()));
    let refused = Err(InitiateError::IdentityChanged);
    assert_eq!(initiate(alices().pin(other.public()).known_to(&trust)), refused);
}

/// what the store knows takes the place of what was pinned before, and what is pinned afterwards takes its place.
#[test]
fn what_is_known_takes_the_place_of_a_pin() {
    let [other] = identities(27);
    let mut world = World::new(SUITES[0], 0, 28);
    let bundle = world.bundle();
    let bobs = world.bob.public();
    let (mut knows_bob, mut knows_other) = (TrustStore::new(), TrustStore::new());
    knows_bob.meet(&peer_at(address("bob"), &world.bob)).unwrap();
    knows_other.meet(&peer_at(address("bob"), &other)).unwrap();
    let mut initiate =
        |context| Session::initiate(&world.alice, &bundle, &context, &mut world.rng).map(drop);
    let refused = Err(InitiateError::IdentityChanged);
    assert_eq!(initiate(alices().pin(other.public()).known_to(&knows_bob)), Ok(()));
    assert_eq!(initiate(alices().pin(bobs).known_to(&knows_other)), refused);
    assert_eq!(initiate(alices().known_to(&knows_bob).known_to(&knows_other)), refused);
    assert_eq!(initiate(alices().known_to(&knows_other).pin(bobs)), Ok(()));
}

/// What a caller can do.
#[derive(Clone, Copy, Debug)]
enum Step {
    Meet(usize, usize),
    Verify(usize, usize),
    Accept(usize, usize),
    Forget(usize),
    Restart,
}

/// What comes of it.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Was(Result<Trust, TrustError>),
    Verified(Result<(), TrustError>),
    Forgotten(bool),
    Restarted,
}

fn step() -> impl Strategy<Value = Step> {
    let (address, identity) = (0..6_usize, 0..3_usize);
    prop_oneof![
        (address.clone(), identity.clone()).prop_map(|(a, i)| Step::Meet(a, i)),
        (address.clone(), identity.clone()).prop_map(|(a, i)| Step::Verify(a, i)),
        (address.clone(), identity).prop_map(|(a, i)| Step::Accept(a, i)),
        address.prop_map(Step::Forget),
        Just(Step::Restart),
    ]
}

/// Address (three devices of each of two users) to identity and whether it was compared.
#[derive(Clone, Default, PartialEq, Eq)]
struct Model(BTreeMap<usize, (usize, bool)>);

impl Model {
    fn status(&self, at: usize, identity: usize) -> Trust {
        match self.0.get(&at) {
            Some((known, was_verified)) if *known != identity => {
                Trust::Changed { was_verified: *was_verified }
            }
            Some((_, true)) => Trust::Verified,
            Some((_, false)) => Trust::Pinned,
            None if self.devices(at).next().is_none() => Trust::FirstUse,
            None => Trust::NewDevice {
                same_identity: self.devices(at).any(|(known, _)| known == identity),
                user_verified: self.devices(at).any(|(_, verified)| verified),
            },
        }
    }

    /// What is known of the user's devices.
    fn devices(&self, at: usize) -> impl Iterator<Item = (usize, bool)> {
        self.0.iter().filter(move |(other, _)| **other / 3 == at / 3).map(|(_, known)| *known)
    }

    /// What the page says of a step.
    fn play(&mut self, step: Step) -> Outcome {
        match step {
            Step::Meet(at, identity) => Outcome::Was(self.meet(at, identity)),
            Step::Verify(at, identity) => Outcome::Verified(self.verify(at, identity)),
            Step::Accept(at, identity) => {
                let before = self.status(at, identity);
                if self.0.get(&at).is_none_or(|(known, _)| *known != identity) {
                    self.0.insert(at, (identity, false));
                }
                Outcome::Was(Ok(before))
            }
            Step::Forget(at) => Outcome::Forgotten(self.0.remove(&at).is_some()),
            Step::Restart => Outcome::Restarted,
        }
    }

    fn refuse_change(&self, at: usize, identity: usize) -> Result<Trust, TrustError> {
        match self.status(at, identity) {
            Trust::Changed { .. } => Err(TrustError::IdentityChanged),
            before => Ok(before),
        }
    }

    fn meet(&mut self, at: usize, identity: usize) -> Result<Trust, TrustError> {
        let before = self.refuse_change(at, identity)?;
        let compared = self.devices(at).any(|known| known == (identity, true));
        self.0.entry(at).or_insert((identity, compared));
        Ok(before)
    }

    fn verify(&mut self, at: usize, identity: usize) -> Result<(), TrustError> {
        if self.refuse_change(at, identity)? == Trust::Verified {
            return Ok(());
        }
        self.0.insert(at, (identity, true));
        let devices = self.0.iter_mut().filter(|(other, _)| **other / 3 == at / 3);
        devices.filter(|(_, known)| known.0 == identity).for_each(|(_, known)| known.1 = true);
        Ok(())
    }
}

/// Everybody whom the model can name, by address and identity.
struct Parties {
    peers: Vec<Vec<Peer>>,
    compared: Vec<Vec<Verified>>,
}

impl Parties {
    fn new() -> Self {
        let identities: [Identity; 3] = identities(21);
        let bundles = identities.each_ref().map(published);
        let address = |at: usize| device(["bob", "carol"][at / 3], u32::try_from(at % 3).unwrap());
        let at = |at| bundles.iter().map(|bundle| begin(address(at), bundle)).collect();
        let peers: Vec<Vec<Peer>> = (0..6).map(at).collect();
        let of = |peer: &Peer| compared(&Party::from(peer));
        let compared = peers.iter().map(|peers| peers.iter().map(of).collect()).collect();
        Self { peers, compared }
    }

    fn party(&self, at: usize, identity: usize) -> Party {
        Party::from(&self.peers[at][identity])
    }

    fn compare(&self, store: &TrustStore, model: &Model) {
        for (at, identity) in (0..6).flat_map(|at| (0..3).map(move |identity| (at, identity))) {
            let expected = model.status(at, identity);
            assert_eq!(store.status(&self.party(at, identity)), expected);
        }
        assert_eq!(store.iter().count(), model.0.len());
    }

    fn apply(&self, store: &mut TrustStore, step: Step) -> Outcome {
        match step {
            Step::Meet(at, identity) => Outcome::Was(store.meet(&self.peers[at][identity])),
            Step::Verify(at, identity) => {
                Outcome::Verified(store.verify(&self.compared[at][identity]))
            }
            Step::Accept(at, identity) => {
                Outcome::Was(store.accept_change(&self.party(at, identity)))
            }
            Step::Forget(at) => Outcome::Forgotten(store.forget(self.peers[at][0].address())),
            Step::Restart => {
                let snapshot = store.snapshot();
                *store = TrustStore::restore(snapshot.expose(), store.changes()).unwrap();
                Outcome::Restarted
            }
        }
    }
}

/// whatever happens in whichever order, the store says what the page says, and counts what has changed and nothing else.
#[test]
fn a_store_does_what_its_model_does() {
    let parties = Parties::new();
    let rng_seed = RngSeed::Fixed(140);
    let config = Config { cases: 64, rng_seed, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&vec(step(), 1..60), |steps| {
            let (mut store, mut model) = (TrustStore::new(), Model::default());
            for step in steps {
                let (before, changes, known) = (bytes(&store), store.changes(), model.clone());
                assert_eq!(parties.apply(&mut store, step), model.play(step), "{step:?}");
                let changed = u64::from(known != model);
                assert_eq!(store.changes(), changes + changed, "{step:?}");
                assert_eq!(bytes(&store) != before, known != model, "{step:?}");
                parties.compare(&store, &model);
            }
            Ok(())
        })
        .unwrap();
}
