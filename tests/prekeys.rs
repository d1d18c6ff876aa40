//! Pre-keys and their store: what is signed for what, how long it lasts, and what a store accepts to be restored from.

mod common;
mod forge;

use std::collections::BTreeMap;

use common::{NOW, SUITES, TestRng, World, bobs};
use confidant::{
    AcceptError, BundleError, DecodeError, Identity, PreKeyBundle, PreKeyError, PreKeyKind,
    PreKeyMessage, PreKeyStore, Publication, RestoreError, Session, Suite, UnixTime, limits,
};
use forge::scene::{ConstantRng, Scene, bundle, rng_failing_at};
use forge::snapshot::{self, Curve, Store};
use forge::{Bundle, PreKey, Published};

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(seconds)
}

/// What a bundle is refused for.
fn refused(bundle: &Bundle, now: UnixTime) -> Option<BundleError> {
    PreKeyBundle::decode(&bundle.write()).unwrap().verify(now).err()
}

// Signatures.

/// one-time pre-keys are signed too: one that the server has made, or that somebody else has signed, is refused.
#[test]
fn a_one_time_prekey_has_to_be_signed() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 200);
        let mut bundle = bundle(&mut world);
        let bad = Some(BundleError::BadSignature(PreKeyKind::OneTime));
        let mallory = World::new(*suite, 1, 201);
        let substitute = Published::read(&mallory.published.encode()).one_time.remove(0);
        let genuine = bundle.one_time.replace(substitute.clone()).unwrap();
        assert_eq!(refused(&bundle, NOW), bad);
        bundle.one_time = Some(PreKey { public: substitute.public, ..genuine.clone() });
        assert_eq!(refused(&bundle, NOW), bad);
        bundle.one_time = Some(PreKey { signature: [0; 64], ..genuine.clone() });
        assert_eq!(refused(&bundle, NOW), bad);
        bundle.one_time = Some(genuine);
        assert_eq!(refused(&bundle, NOW), None);
    }
}

/// whatever is signed along with a key cannot be changed: its dates, the key, the identity.
#[test]
fn everything_about_a_prekey_is_signed() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 202);
        let bundle = bundle(&mut world);
        let kinds = [PreKeyKind::Signed, PreKeyKind::OneTime, PreKeyKind::KemOneTime];
        let changes: [fn(&mut PreKey); 4] = [
            |key| key.created -= 1,
            |key| key.expires += 1,
            |key| key.public[0] ^= 1,
            |key| key.public[31] ^= 1,
        ];
        let count = bundle.clone().keys().count();
        for (index, kind) in kinds.into_iter().take(count).enumerate() {
            for change in changes {
                let mut bad = bundle.clone();
                change(bad.keys().nth(index).unwrap());
                assert_eq!(refused(&bad, NOW), Some(BundleError::BadSignature(kind)));
            }
        }
    }
}

/// no signature of a curve key serves for the other kind of curve key.
#[test]
fn a_curve_key_does_not_serve_for_the_other_kind() {
    for suite in SUITES {
        let mut world = World::new(*suite, 2, 203);
        let mut bundle = bundle(&mut world);
        let (signed, one_time) = (bundle.signed.clone(), bundle.one_time.clone().unwrap());
        bundle.one_time = Some(signed);
        let bad = BundleError::BadSignature(PreKeyKind::OneTime);
        assert_eq!(refused(&bundle, NOW), Some(bad));
        bundle.signed = one_time.clone();
        bundle.one_time = Some(one_time);
        let bad = BundleError::BadSignature(PreKeyKind::Signed);
        assert_eq!(refused(&bundle, NOW), Some(bad));
    }
}

/// a one-time KEM key does not pass for a last-resort key, nor the reverse: the flag is signed.
#[cfg(feature = "pq")]
#[test]
fn a_kem_key_does_not_serve_for_the_other_kind() {
    let mut world = World::new(Suite::Pqxdh1024, 1, 204);
    for (is, claimed, kind) in [
        (forge::KEM_ONE_TIME, forge::KEM_LAST_RESORT, PreKeyKind::KemLastResort),
        (forge::KEM_LAST_RESORT, forge::KEM_ONE_TIME, PreKeyKind::KemOneTime),
    ] {
        let mut bundle = bundle(&mut world);
        let key = bundle.kem.as_mut().unwrap();
        assert_eq!(key.kind, is);
        key.kind = claimed;
        assert_eq!(refused(&bundle, NOW), Some(BundleError::BadSignature(kind)));
    }
}

/// a pre-key that was signed for one suite does not serve in a bundle of the other, of the same identity.
#[cfg(feature = "pq")]
#[test]
fn a_prekey_does_not_serve_for_the_other_suite() {
    let World { bob, published, mut rng, .. } = World::new(Suite::Pqxdh1024, 1, 205);
    let mut hybrid = Published::read(&published.encode());
    let mut store = PreKeyStore::generate(&bob, Suite::X3dh, NOW, &mut rng).unwrap();
    let classical = store.replenish(&bob, 1, NOW, &mut rng).unwrap();
    let mut classical = Published::read(&classical.encode());

    let of = |signed: &PreKey, one_time: &PreKey, kem: Option<&PreKey>| Bundle {
        suite: if kem.is_some() { forge::PQXDH } else { forge::X3DH },
        identity: bob.public().to_bytes(),
        signed: signed.clone(),
        one_time: Some(one_time.clone()),
        kem: kem.cloned(),
    };
    let (ours, theirs) = (hybrid.one_time.remove(0), classical.one_time.remove(0));
    let kem = Some(&hybrid.kem_one_time[0]);
    assert_eq!(refused(&of(&hybrid.signed, &ours, kem), NOW), None);
    assert_eq!(refused(&of(&classical.signed, &theirs, None), NOW), None);
    let signed = Some(BundleError::BadSignature(PreKeyKind::Signed));
    assert_eq!(refused(&of(&classical.signed, &ours, kem), NOW), signed);
    assert_eq!(refused(&of(&hybrid.signed, &theirs, None), NOW), signed);
    let one_time = Some(BundleError::BadSignature(PreKeyKind::OneTime));
    assert_eq!(refused(&of(&hybrid.signed, &theirs, kem), NOW), one_time);
    assert_eq!(refused(&of(&classical.signed, &ours, None), NOW), one_time);
}

/// of several things that are wrong, the first in the documented order is told: every signature, signed, one-time and
/// KEM pre-key in turn, and then every date.
#[test]
fn a_bundle_is_checked_in_the_documented_order() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 206);
        let mut bad = bundle(&mut world);
        bad.keys().for_each(|key| key.signature = [0; 64]);
        let (suite, identity, late) = (bad.suite, bad.identity, at(u64::MAX));
        let kinds = [PreKeyKind::Signed, PreKeyKind::OneTime, PreKeyKind::KemOneTime];
        for (index, kind) in kinds.into_iter().take(bad.clone().keys().count()).enumerate() {
            assert_eq!(refused(&bad, late), Some(BundleError::BadSignature(kind)));
            bad.keys().nth(index).unwrap().sign(&world.bob, suite, &identity);
        }
        assert_eq!(refused(&bad, late), Some(BundleError::Expired(PreKeyKind::Signed)));
        assert_eq!(refused(&bad, at(0)), Some(BundleError::NotYetValid(PreKeyKind::Signed)));
        assert_eq!(refused(&bad, NOW), None);
    }
}

// Time.

/// an initiator uses a bundle from a day before its keys were made until they expire, to the second, each kind of key
/// by its own dates.
#[test]
fn each_prekey_is_valid_between_its_dates() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 210);
        for (one_time, kem_kind) in
            [(true, PreKeyKind::KemOneTime), (false, PreKeyKind::KemLastResort)]
        {
            let bundle = bundle(&mut world);
            let mut kinds = vec![PreKeyKind::Signed];
            kinds.extend(one_time.then_some(PreKeyKind::OneTime));
            kinds.extend(suite.is_hybrid().then_some(kem_kind));
            for (index, kind) in kinds.into_iter().enumerate() {
                boundaries(&world.bob, &bundle, index, kind);
            }
        }
    }
}

/// The pre-key at `index` is given dates of its own, inside those of the others.
fn boundaries(bob: &Identity, bundle: &Bundle, index: usize, kind: PreKeyKind) {
    let (created, expires) = (NOW.as_secs() + 100, NOW.as_secs() + 200);
    let (mut bundle, suite) = (bundle.clone(), bundle.suite);
    let identity = bundle.identity;
    let key = bundle.keys().nth(index).unwrap();
    assert_eq!(key.created, NOW.as_secs());
    assert_eq!(key.expires, NOW.as_secs() + limits::PREKEY_LIFETIME);
    (key.created, key.expires) = (created, expires);
    key.sign(bob, suite, &identity);
    let from = created - limits::CLOCK_SKEW;
    assert_eq!(refused(&bundle, at(from - 1)), Some(BundleError::NotYetValid(kind)));
    assert_eq!(refused(&bundle, at(from)), None);
    assert_eq!(refused(&bundle, at(expires - 1)), None);
    assert_eq!(refused(&bundle, at(expires)), Some(BundleError::Expired(kind)));
}

/// a rotation is due a week after the last one, to the second, and a refill below 20 keys of some kind.
#[test]
fn the_status_says_what_is_due() {
    let due = NOW.as_secs() + limits::PREKEY_ROTATION;
    for suite in SUITES {
        let World { bob, mut prekeys, mut rng, .. } = World::new(*suite, 19, 211);
        let status = prekeys.status(at(due - 1));
        assert_eq!((status.one_time, status.refill, status.rotate), (19, true, false));
        assert_eq!(status.kem_one_time, suite.is_hybrid().then_some(19));
        assert_eq!(status.replay_room, limits::MAX_REPLAY_TAGS);
        assert!(prekeys.status(at(due)).rotate);

        prekeys.replenish(&bob, 1, at(due), &mut rng).unwrap();
        let status = prekeys.status(at(due));
        assert_eq!((status.one_time, status.refill, status.rotate), (20, false, true));
        prekeys.rotate(&bob, at(due), &mut rng).unwrap();
        let status = prekeys.status(at(due));
        assert_eq!((status.one_time, status.refill, status.rotate), (20, false, false));
        assert!(prekeys.status(at(due + limits::PREKEY_ROTATION)).rotate);
    }
}

/// one kind that runs low is enough to ask for more.
#[cfg(feature = "pq")]
#[test]
fn a_refill_is_due_when_either_kind_runs_low() {
    let mut world = World::new(Suite::Pqxdh1024, 20, 212);
    let with_both = bundle(&mut world);
    let kem_only = Bundle { one_time: None, ..with_both };
    assert!(!world.prekeys.status(NOW).refill);
    let verified = forge::scene::verified(&kem_only);
    let first = forge::scene::first_to(&mut world, &verified, &common::alices()).write();
    assert!(world.accept(&first).used.kem_one_time.is_some());
    let status = world.prekeys.status(NOW);
    assert_eq!((status.one_time, status.kem_one_time), (20, Some(19)));
    assert!(status.refill);
}

/// purging erases one-time keys once their expiry and grace are over, to the second, and counts them.
#[test]
fn one_time_prekeys_are_purged_after_their_grace() {
    let end = NOW.as_secs() + limits::PREKEY_LIFETIME + limits::PREKEY_GRACE;
    for suite in SUITES {
        let World { bob, mut prekeys, mut rng, .. } = World::new(*suite, 3, 213);
        prekeys.replenish(&bob, 2, at(NOW.as_secs() + 1), &mut rng).unwrap();
        let kinds = if suite.is_hybrid() { 2 } else { 1 };
        let before = prekeys.snapshot();
        assert_eq!(prekeys.purge(at(end - 1)), 0);
        assert_eq!(prekeys.snapshot().expose(), before.expose());
        assert_eq!(prekeys.purge(at(end)), 3 * kinds);
        assert_eq!(prekeys.status(NOW).one_time, 2);
        assert_eq!(prekeys.epoch(), before.epoch() + 1);
        assert_eq!(prekeys.purge(at(end + 1)), 2 * kinds);
        // The current generation stays: it is for `rotate` to replace.
        assert_eq!(prekeys.purge(at(u64::MAX)), 0);
        assert!(prekeys.status(at(u64::MAX)).rotate);
    }
}

/// purging erases a previous generation after its grace too, of which the replay record goes along.
#[test]
fn a_previous_generation_is_purged_after_its_grace() {
    let end = NOW.as_secs() + limits::PREKEY_LIFETIME + limits::PREKEY_GRACE;
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 0, 214);
        assert!(scene.accepted().recorded);
        let World { bob, prekeys, rng, .. } = &mut scene.world;
        prekeys.rotate(bob, at(NOW.as_secs() + 1), rng).unwrap();
        assert_eq!(prekeys.purge(at(end - 1)), 0);
        let store = Store::read(prekeys.snapshot().expose());
        assert_eq!(store.previous.unwrap().tags.len(), 1);
        assert_eq!(prekeys.purge(at(end)), if suite.is_hybrid() { 2 } else { 1 });
        assert_eq!(Store::read(prekeys.snapshot().expose()).previous, None);
        scene.store = scene.world.prekeys.snapshot().expose().to_vec();
        let unknown = AcceptError::UnknownPreKey(PreKeyKind::Signed);
        assert_eq!(scene.refusal(&scene.first, &bobs()), unknown);
    }
}

/// of a generation that was rotated out twice nothing is left.
#[test]
fn two_rotations_erase_a_generation() {
    for suite in SUITES {
        let World { bob, mut prekeys, mut rng, .. } = World::new(*suite, 0, 215);
        let store = |prekeys: &PreKeyStore| Store::read(prekeys.snapshot().expose());
        let first = store(&prekeys).current;
        prekeys.rotate(&bob, NOW, &mut rng).unwrap();
        let once = store(&prekeys);
        assert_eq!(once.previous, Some(first.clone()));
        prekeys.rotate(&bob, NOW, &mut rng).unwrap();
        let twice = prekeys.snapshot();
        assert_eq!(Store::read(twice.expose()).previous, Some(once.current));
        let left = |secret: &[u8]| twice.expose().windows(secret.len()).any(|at| at == secret);
        assert!(!left(&first.signed.secret));
        assert!(!first.last_resort.is_some_and(|key| left(&key[8..])));
    }
}

// Ids.

/// Every id in a publication with its key; an id that has two keys fails.
fn collect(ids: &mut BTreeMap<[u8; 8], Vec<u8>>, published: &Publication) -> usize {
    let Published { signed, last_resort, one_time, kem_one_time, .. } =
        Published::read(&published.encode());
    let before = ids.len();
    for key in [signed].into_iter().chain(last_resort).chain(one_time).chain(kem_one_time) {
        if let Some(known) = ids.insert(key.id(), key.public.clone()) {
            assert_eq!(known, key.public);
        }
    }
    ids.len() - before
}

/// no id ever names two keys: across refills, rotations, and a store that was restored from an old snapshot and went
/// its own way.
#[test]
fn ids_are_never_used_again() {
    for suite in SUITES {
        let World { bob, mut prekeys, published, mut rng, .. } = World::new(*suite, 3, 220);
        let mut ids = BTreeMap::new();
        let kinds = if suite.is_hybrid() { 2 } else { 1 };
        assert_eq!(collect(&mut ids, &published), 4 * kinds);
        let old = prekeys.snapshot();
        let mut imported = PreKeyStore::restore(old.expose(), 0).unwrap();
        for store in [&mut prekeys, &mut imported] {
            let refilled = store.replenish(&bob, 3, NOW, &mut rng).unwrap();
            assert_eq!(collect(&mut ids, &refilled), 3 * kinds);
            let rotated = store.rotate(&bob, NOW, &mut rng).unwrap();
            assert_eq!(collect(&mut ids, &rotated), kinds);
            assert_eq!(collect(&mut ids, &store.publication(&bob, NOW).unwrap()), 0);
        }
        assert_eq!(ids.len(), 12 * kinds);
    }
}

/// a refill never overwrites a key that is waiting to be used.
#[test]
fn a_refill_keeps_what_is_there() {
    for suite in SUITES {
        let World { bob, mut prekeys, mut rng, .. } = World::new(*suite, 3, 221);
        let before = Store::read(prekeys.snapshot().expose());
        prekeys.replenish(&bob, 4, NOW, &mut rng).unwrap();
        let after = Store::read(prekeys.snapshot().expose());
        assert_eq!(after.one_time.len(), 7);
        assert!(before.one_time.iter().all(|key| after.one_time.contains(key)));
        assert!(before.kem_one_time.iter().all(|key| after.kem_one_time.contains(key)));
        assert_eq!(after.current, before.current);
    }
}

/// The ids that a first message and the store's answer name are the documented hashes of the published keys.
#[test]
fn ids_are_hashes_of_the_published_keys() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 222);
        let bundle = Bundle::read(&world.published.clone().next_bundle(NOW).encode());
        let first = world.initiate().encrypt(b"", &mut world.rng).unwrap();
        let request = PreKeyMessage::decode(&first).unwrap();
        assert_eq!(*request.signed_prekey().as_bytes(), bundle.signed.id());
        let one_time = request.one_time_prekey().map(|id| *id.as_bytes());
        assert_eq!(one_time, bundle.one_time.map(|key| key.id()));
        let kem = request.kem_prekey().map(|id| *id.as_bytes());
        assert_eq!(kem, bundle.kem.map(|key| key.id()));
    }
}

// Publications.

/// bundles have each one-time key once, and after that the last-resort key alone.
#[test]
fn each_one_time_key_is_handed_out_once() {
    for suite in SUITES {
        let World { mut published, .. } = World::new(*suite, 3, 230);
        let all = Published::read(&published.encode());
        let mut seen = (Vec::new(), Vec::new());
        for left in (0..3).rev() {
            let bundle = Bundle::read(&published.next_bundle(NOW).encode());
            assert_eq!(bundle.signed, all.signed);
            seen.0.extend(bundle.one_time);
            seen.1.extend(bundle.kem);
            assert_eq!(published.remaining(), (left, if suite.is_hybrid() { left } else { 0 }));
        }
        seen.0.sort_by_key(PreKey::id);
        seen.1.sort_by_key(PreKey::id);
        assert_eq!(seen, (all.one_time, all.kem_one_time));
        for _ in 0..2 {
            let bundle = Bundle::read(&published.next_bundle(NOW).encode());
            assert_eq!((bundle.one_time, bundle.kem), (None, all.last_resort.clone()));
        }
    }
}

/// What two refills have published is together what the store publishes as a whole, in the one order; used keys are not in
/// it.
#[test]
fn a_publication_is_everything_that_is_unused() {
    for suite in SUITES {
        let mut world = World::new(*suite, 3, 231);
        let one = Published::read(&world.published.encode());
        let World { bob, prekeys, rng, .. } = &mut world;
        let two = Published::read(&prekeys.replenish(bob, 4, NOW, rng).unwrap().encode());
        let mut whole = Published::read(&prekeys.publication(bob, NOW).unwrap().encode());
        let sum = |mut a: Vec<PreKey>, b: Vec<PreKey>| {
            a.extend(b);
            a.sort_by_key(PreKey::id);
            a
        };
        assert_eq!((&whole.signed, &whole.last_resort), (&one.signed, &one.last_resort));
        assert_eq!(whole.one_time, sum(one.one_time, two.one_time));
        assert_eq!(whole.kem_one_time, sum(one.kem_one_time, two.kem_one_time));

        let first = world.initiate().encrypt(b"", &mut world.rng).unwrap();
        let used = world.accept(&first).used;
        whole.one_time.retain(|key| Some(&key.id()) != used.one_time.as_ref().map(id_bytes));
        whole
            .kem_one_time
            .retain(|key| Some(&key.id()) != used.kem_one_time.as_ref().map(id_bytes));
        let left = world.prekeys.publication(&world.bob, NOW).unwrap();
        assert_eq!(Published::read(&left.encode()), whole);
        assert_eq!(left.remaining().0, 6);
    }
}

/// What a server takes in later replaces the signed and the last-resort key and adds the one-time keys, each once and in
/// order; bundles of it verify.
#[test]
fn a_later_publication_is_merged_into_an_earlier_one() {
    for suite in SUITES {
        let World { bob, mut prekeys, mut published, mut rng, .. } = World::new(*suite, 3, 232);
        let one = Published::read(&published.encode());
        let rotated = prekeys.rotate(&bob, NOW, &mut rng).unwrap();
        assert_eq!(rotated.remaining(), (0, 0));
        let refill = prekeys.replenish(&bob, 2, NOW, &mut rng).unwrap();
        let two = Published::read(&refill.encode());
        for newer in [rotated, refill.clone(), refill] {
            published.update(newer).unwrap();
        }
        assert_eq!(published.encode(), prekeys.publication(&bob, NOW).unwrap().encode());
        let merged = Published::read(&published.encode());
        assert_eq!((&merged.signed, &merged.last_resort), (&two.signed, &two.last_resort));
        assert_eq!(merged.one_time.len(), 5);
        assert!(one.one_time.iter().chain(&two.one_time).all(|key| merged.one_time.contains(key)));
        assert_ne!(one.signed, two.signed);
        for _ in 0..5 {
            assert!(published.next_bundle(NOW).verify(NOW).unwrap().has_one_time());
        }
        assert!(!published.next_bundle(NOW).verify(NOW).unwrap().has_one_time());
    }
}

/// A publication of another identity or suite, and one that would be too much, are not taken in.
#[test]
fn a_strange_publication_is_not_merged() {
    let World { alice, bob, mut published, mut rng, .. } = World::new(Suite::X3dh, 1, 233);
    let before = published.encode();
    let mut strangers = vec![(&alice, Suite::X3dh)];
    strangers.extend(SUITES.iter().filter(|suite| suite.is_hybrid()).map(|suite| (&bob, *suite)));
    for (identity, suite) in strangers {
        let mut store = PreKeyStore::generate(identity, suite, NOW, &mut rng).unwrap();
        let strange = store.replenish(identity, 1, NOW, &mut rng).unwrap();
        assert_eq!(published.update(strange), Err(PreKeyError::WrongIdentity));
    }
    let many = |from: u32, to: u32| {
        let mut many = Published::read(&before);
        let key = |n: u32| {
            let mut public = vec![9; 32];
            public[..4].copy_from_slice(&n.to_be_bytes());
            PreKey { public, ..many.signed.clone() }
        };
        let key = |n| PreKey { kind: forge::ONE_TIME, ..key(n) };
        many.one_time = (from..to).map(key).collect();
        many.one_time.sort_by_cached_key(PreKey::id);
        Publication::decode(&many.write()).unwrap()
    };
    let mut full = many(0, 10_000);
    assert_eq!(full.update(many(10_000, 10_001)), Err(PreKeyError::TooMany));
    assert_eq!(full.update(many(9_999, 10_000)), Ok(()));
    assert_eq!((full.remaining().0, published.encode()), (10_000, before));
}

fn id_bytes(id: &confidant::PreKeyId) -> &[u8; 8] {
    id.as_bytes()
}

// Limits and refusals.

/// A store with `count` one-time keys that nobody has, for its size.
fn store_of(count: u32) -> (Identity, Store) {
    let World { bob, prekeys, .. } = World::new(Suite::X3dh, 0, 240);
    let mut store = Store::read(prekeys.snapshot().expose());
    let key = |n: u32| {
        let mut public = [9; 32];
        public[..4].copy_from_slice(&n.to_be_bytes());
        let (created, expires) = (NOW.as_secs(), NOW.as_secs() + limits::PREKEY_LIFETIME);
        Curve { created, expires, secret: [7; 32], public }
    };
    store.one_time = (0..count).map(key).collect();
    store.one_time.sort_by_cached_key(|key| forge::prekey_id(forge::ONE_TIME, &key.public));
    (bob, store)
}

/// a store takes 10,000 one-time keys of each kind and not one more, by refilling or by restoring.
#[test]
fn a_store_has_room_for_ten_thousand_one_time_prekeys() {
    let (bob, store) = store_of(9_999);
    let mut rng = TestRng::new(0);
    let snapshot = store.write();
    let mut prekeys = PreKeyStore::restore(&snapshot, 0).unwrap();
    for count in [2, 10_000, usize::MAX] {
        let refusal = prekeys.replenish(&bob, count, NOW, &mut rng).err();
        assert_eq!(refusal, Some(PreKeyError::TooMany));
    }
    assert_eq!((rng.drawn, prekeys.snapshot().expose()), (0, &*snapshot));
    assert_eq!(prekeys.replenish(&bob, 1, NOW, &mut rng).unwrap().remaining().0, 1);
    assert_eq!(prekeys.status(NOW).one_time, 10_000);
    let refusal = prekeys.replenish(&bob, 1, NOW, &mut rng).err();
    assert_eq!(refusal, Some(PreKeyError::TooMany));
    assert!(PreKeyStore::restore(prekeys.snapshot().expose(), 0).is_ok());
    let refusal = PreKeyStore::restore(&store_of(10_001).1.write(), 0).err();
    assert_eq!(refusal, Some(RestoreError::Malformed(DecodeError::TooMany)));
}

/// A store works for the identity that it was made for, and says so when it is given another one; nothing happens.
#[test]
fn a_store_belongs_to_one_identity() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 1, 241);
        let World { alice, prekeys, .. } = &mut scene.world;
        let wrong = Some(PreKeyError::WrongIdentity);
        let mut rng = TestRng::new(0);
        assert_eq!(prekeys.replenish(alice, 1, NOW, &mut rng).err(), wrong);
        assert_eq!(prekeys.replenish(alice, 10_001, NOW, &mut rng).err(), wrong);
        assert_eq!(prekeys.rotate(alice, NOW, &mut rng).err(), wrong);
        assert_eq!(prekeys.publication(alice, NOW).err(), wrong);
        let first = scene.first.write();
        let request = PreKeyMessage::decode(&first).unwrap();
        let refusal = Session::accept(alice, prekeys, &request, &bobs(), NOW).err();
        assert_eq!(refusal, Some(AcceptError::WrongIdentity));
        assert_eq!((rng.drawn, prekeys.snapshot().expose()), (0, &*scene.store));
    }
}

/// a generator that gives the same again is found out: within a refill, between refills, and in a rotation; nothing
/// changes then.
#[test]
fn a_generator_that_repeats_itself_is_found_out() {
    for suite in SUITES {
        let World { bob, .. } = World::new(*suite, 0, 242);
        let mut prekeys = PreKeyStore::generate(&bob, *suite, NOW, &mut TestRng::new(1)).unwrap();
        prekeys.replenish(&bob, 1, NOW, &mut TestRng::new(2)).unwrap();
        let before = prekeys.snapshot();
        let found_out = Some(PreKeyError::Randomness);
        let same = &mut TestRng::new(2);
        assert_eq!(prekeys.replenish(&bob, 1, NOW, same).err(), found_out);
        assert_eq!(prekeys.rotate(&bob, NOW, &mut TestRng::new(1)).err(), found_out);
        assert_eq!(prekeys.snapshot().expose(), before.expose());
        assert_eq!(prekeys.replenish(&bob, 2, NOW, &mut ConstantRng).err(), found_out);
        assert_eq!(prekeys.snapshot().expose(), before.expose());
    }
}

/// so is a signed pre-key that is still there as the previous one. Taken in as new, it would begin with an empty
/// replay record, and every handshake that its first life has seen could be replayed.
#[test]
fn a_previous_signed_prekey_cannot_come_again() {
    for suite in SUITES {
        let mut scene = Scene::new(*suite, 0, 244);
        let World { bob, prekeys, published, .. } = &mut scene.world;
        let same = || TestRng::new(1);
        *prekeys = PreKeyStore::generate(bob, *suite, NOW, &mut same()).unwrap();
        *published = prekeys.publication(bob, NOW).unwrap();
        let first = scene.world.initiate().encrypt(b"", &mut scene.world.rng).unwrap();
        assert!(scene.world.accept(&first).used.recorded);
        let World { bob, prekeys, rng, .. } = &mut scene.world;
        prekeys.rotate(bob, NOW, rng).unwrap();
        let again = prekeys.rotate(bob, NOW, &mut same()).err();
        let request = PreKeyMessage::decode(&first).unwrap();
        let replay = Session::accept(bob, prekeys, &request, &bobs(), NOW).err();
        let refused = (Some(PreKeyError::Randomness), Some(AcceptError::Replayed));
        assert_eq!((again, replay), refused);
    }
}

/// when the generator fails, at any draw, a store is not made, not refilled and not rotated.
#[test]
fn a_failing_generator_changes_nothing() {
    for suite in SUITES {
        let World { bob, mut prekeys, .. } = World::new(*suite, 2, 243);
        let kinds = if suite.is_hybrid() { 2 } else { 1 };
        let before = prekeys.snapshot();
        for draws in 0..kinds {
            let rng = &mut rng_failing_at(draws);
            let failed = PreKeyStore::generate(&bob, *suite, NOW, rng).err();
            assert_eq!(failed, Some(confidant::RandomnessFailed));
            let failed = prekeys.rotate(&bob, NOW, &mut rng_failing_at(draws)).err();
            assert_eq!(failed, Some(PreKeyError::Randomness));
        }
        for draws in 0..3 * kinds {
            let failed = prekeys.replenish(&bob, 3, NOW, &mut rng_failing_at(draws)).err();
            assert_eq!(failed, Some(PreKeyError::Randomness));
        }
        assert_eq!(prekeys.snapshot().expose(), before.expose());
        assert!(PreKeyStore::generate(&bob, *suite, NOW, &mut rng_failing_at(kinds)).is_ok());
        let rng = &mut rng_failing_at(3 * kinds);
        assert!(prekeys.replenish(&bob, 3, NOW, rng).is_ok());
        assert_eq!(rng.drawn, 3 * 32 + if suite.is_hybrid() { 3 * 64 } else { 0 });
        assert!(prekeys.rotate(&bob, NOW, &mut rng_failing_at(kinds)).is_ok());
    }
}

// Snapshots.

/// A store with everything that one can have: two generations with replay tags, one-time keys.
fn full_store(suite: Suite) -> PreKeyStore {
    let mut scene = Scene::new(suite, 0, 250);
    assert!(scene.accepted().recorded);
    let World { bob, prekeys, published, rng, .. } = &mut scene.world;
    *published = prekeys.rotate(bob, NOW, rng).unwrap();
    for _ in 0..2 {
        let first = scene.world.initiate().encrypt(b"", &mut scene.world.rng).unwrap();
        assert!(scene.world.accept(&first).used.recorded);
    }
    let World { bob, mut prekeys, mut rng, .. } = scene.world;
    prekeys.replenish(&bob, 2, NOW, &mut rng).unwrap();
    prekeys
}

/// A damaged snapshot is found out, whichever byte it is.
#[test]
fn a_damaged_snapshot_is_refused() {
    for suite in SUITES {
        let snapshot = full_store(*suite).snapshot();
        for at in 0..snapshot.expose().len() {
            for flip in [0x01, 0xff] {
                let mut damaged = snapshot.expose().to_vec();
                damaged[at] ^= flip;
                let expected = match at {
                    0..=4 => DecodeError::WrongKind,
                    5 => DecodeError::UnsupportedVersion,
                    _ => DecodeError::Corrupted,
                };
                let refused = PreKeyStore::restore(&damaged, 0).err();
                assert_eq!(refused, Some(RestoreError::Malformed(expected)), "{at}");
            }
        }
    }
}

/// a snapshot that was changed and given the right checksum is refused, or is the encoding of what is restored.
#[test]
fn a_store_has_one_encoding() {
    for suite in SUITES {
        let snapshot = full_store(*suite).snapshot();
        let (mut refused, mut accepted) = (0, 0);
        for at in 0..snapshot.expose().len() {
            for flip in [0x01, 0xff] {
                let mut changed = snapshot.expose().to_vec();
                changed[at] ^= flip;
                snapshot::reseal(&mut changed);
                match PreKeyStore::restore(&changed, 0) {
                    Ok(store) => {
                        assert_eq!(store.snapshot().expose(), changed, "{at}");
                        accepted += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(refused > 100 && accepted > 100);
    }
}

/// a snapshot older than the epoch that the caller remembers is refused as such; every change makes a newer one.
#[test]
fn an_old_snapshot_is_stale() {
    for suite in SUITES {
        let World { bob, mut prekeys, mut rng, .. } = World::new(*suite, 1, 251);
        let old = prekeys.snapshot();
        assert_eq!((old.epoch(), prekeys.epoch()), (1, 1));
        prekeys.rotate(&bob, NOW, &mut rng).unwrap();
        assert_eq!(prekeys.epoch(), 2);
        let stale = PreKeyStore::restore(old.expose(), prekeys.epoch()).err();
        assert_eq!(stale, Some(RestoreError::Stale));
        assert_eq!(PreKeyStore::restore(old.expose(), 1).unwrap().epoch(), 1);
        let newest = prekeys.snapshot();
        assert_eq!(PreKeyStore::restore(newest.expose(), 2).unwrap().epoch(), 2);
    }
}

/// What is no snapshot is told from one that is old, whatever its epoch says.
#[test]
fn damage_is_found_before_age() {
    let World { prekeys, .. } = World::new(Suite::X3dh, 1, 252);
    let snapshot = prekeys.snapshot();
    let mut damaged = snapshot.expose().to_vec();
    damaged[13] ^= 1;
    let longer = snapshot::with_body(snapshot.expose(), |body| body.push(0));
    for (bytes, error) in [(damaged, DecodeError::Corrupted), (longer, DecodeError::TrailingBytes)]
    {
        let refused = PreKeyStore::restore(&bytes, u64::MAX).err();
        assert_eq!(refused, Some(RestoreError::Malformed(error)));
    }
    assert_eq!(PreKeyStore::restore(snapshot.expose(), u64::MAX).err(), Some(RestoreError::Stale));
}

/// what has expired is not handed out, not published again and not counted, though the device still answers it.
#[test]
fn what_has_expired_is_not_on_offer() {
    for suite in SUITES {
        let World { bob, mut prekeys, mut published, mut rng, .. } = World::new(*suite, 30, 301);
        let last = at(NOW.as_secs() + limits::PREKEY_LIFETIME - 1);
        let over = at(NOW.as_secs() + limits::PREKEY_LIFETIME);
        published.update(prekeys.rotate(&bob, last, &mut rng).unwrap()).unwrap();
        assert_eq!((prekeys.status(last).one_time, prekeys.status(last).refill), (30, false));
        assert!(published.clone().next_bundle(last).verify(last).unwrap().has_one_time());
        assert_eq!((prekeys.status(over).one_time, prekeys.status(over).refill), (0, true));
        assert!(!published.next_bundle(over).verify(over).unwrap().has_one_time());
        assert_eq!(published.remaining(), (0, 0));
        assert_eq!(prekeys.publication(&bob, over).unwrap().remaining(), (0, 0));
        assert_eq!(prekeys.purge(over), 0);
    }
}

/// pre-keys that were made by a clock that ran ahead count for nothing, and the signed one is due.
#[test]
fn a_clock_that_ran_ahead_is_noticed() {
    for suite in SUITES {
        let World { bob, mut prekeys, mut rng, .. } = World::new(*suite, 30, 302);
        let before = at(NOW.as_secs() - limits::CLOCK_SKEW);
        assert!(!prekeys.status(before).rotate);
        assert_eq!(prekeys.status(before).one_time, 30);
        let long_before = at(before.as_secs() - 1);
        assert!(prekeys.status(long_before).rotate);
        assert_eq!(prekeys.status(long_before).one_time, 0);
        prekeys.rotate(&bob, long_before, &mut rng).unwrap();
        prekeys.replenish(&bob, 20, long_before, &mut rng).unwrap();
        let bundle = prekeys.publication(&bob, long_before).unwrap().next_bundle(long_before);
        assert!(bundle.verify(long_before).unwrap().has_one_time());
        assert!(!prekeys.status(long_before).refill);
    }
}

/// An upload that arrives late adds its one-time keys, and takes nothing back.
#[test]
fn a_late_upload_does_not_bring_back_an_old_signed_prekey() {
    for suite in SUITES {
        let World { bob, mut prekeys, mut published, mut rng, .. } = World::new(*suite, 2, 303);
        let later = at(NOW.as_secs() + limits::PREKEY_ROTATION);
        let early = prekeys.replenish(&bob, 3, NOW, &mut rng).unwrap();
        published.update(prekeys.rotate(&bob, later, &mut rng).unwrap()).unwrap();
        let newest = published.clone();
        published.update(early).unwrap();
        assert_eq!(published.remaining().0, 5);
        while published.remaining().0 > 0 {
            let _ = published.next_bundle(later);
        }
        let mut newest = newest;
        while newest.remaining().0 > 0 {
            let _ = newest.next_bundle(later);
        }
        assert!(published == newest);
    }
}
