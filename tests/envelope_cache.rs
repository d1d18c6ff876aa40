//! Opened keyrings, kept: so many, for so long.

mod common;
mod vault;

use common::{NOW, TestRng};
use confidant::{Keyring, KeyringCache, OpenKeyringError, UnixTime, UnwrapWith, WrapWith};
use vault::{Kms, acme, keyring};

fn later(seconds: u64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs() + seconds)
}

fn has(cache: &mut KeyringCache, owner: &str, now: UnixTime) -> bool {
    cache.get(owner.as_bytes(), now).is_some()
}

/// The least recently used goes first; a look is a use.
#[test]
fn a_full_cache_drops_what_was_not_used_for_longest() {
    let mut rng = TestRng::new(1);
    let mut cache = KeyringCache::new(3, 60);
    for owner in ["a", "b", "c"] {
        cache.insert(owner.as_bytes(), keyring(&mut rng), NOW);
    }
    assert!(has(&mut cache, "a", NOW));
    cache.insert(b"d", keyring(&mut rng), NOW);
    assert_eq!(cache.len(), 3);
    let left = ["a", "b", "c", "d"].map(|owner| has(&mut cache, owner, NOW));
    assert_eq!(left, [true, false, true, true]);
    // An owner's new keyring takes the place of the old one, and of nobody else's.
    let new = keyring(&mut rng);
    let id = new.id();
    cache.insert(b"c", new, NOW);
    assert_eq!((cache.len(), cache.get(b"c", NOW).map(|ring| ring.id())), (3, Some(id)));
}

/// After its time a keyring is gone, whether anybody asks for it or not, and however often it was used.
#[test]
fn time_passes() {
    let mut rng = TestRng::new(2);
    let mut cache = KeyringCache::new(10, 60);
    cache.insert(b"a", keyring(&mut rng), NOW);
    cache.insert(b"b", keyring(&mut rng), later(30));
    assert!(has(&mut cache, "a", later(59)));
    assert!(!has(&mut cache, "a", later(60)));
    assert_eq!(cache.len(), 1, "it was dropped, not only withheld");
    cache.purge(later(89));
    assert_eq!(cache.len(), 1);
    cache.purge(later(90));
    assert!(cache.is_empty());
    // What has passed makes room before what has not.
    let mut cache = KeyringCache::new(2, 60);
    cache.insert(b"old", keyring(&mut rng), NOW);
    cache.insert(b"new", keyring(&mut rng), later(59));
    assert!(has(&mut cache, "old", later(59)));
    cache.insert(b"newer", keyring(&mut rng), later(61));
    assert!(has(&mut cache, "new", later(61)) && has(&mut cache, "newer", later(61)));
}

/// Room for none is room for one; what is taken out is not there any more.
#[test]
fn a_cache_has_at_least_one_place() {
    let mut rng = TestRng::new(3);
    let mut cache = KeyringCache::new(0, 60);
    cache.insert(b"a", keyring(&mut rng), NOW);
    cache.insert(b"b", keyring(&mut rng), NOW);
    assert!(!has(&mut cache, "a", NOW) && has(&mut cache, "b", NOW));
    assert!(cache.remove(b"a").is_none());
    let taken: Keyring = cache.remove(b"b").unwrap();
    assert_eq!((taken.epoch(), cache.is_empty()), (0, true));
    cache.insert(b"a", taken, NOW);
    assert_eq!(format!("{cache:?}"), "KeyringCache(1 of 1, 60 seconds each)");
}

/// What is changed in the cache stays changed.
#[test]
fn a_cached_keyring_can_be_changed() {
    let mut rng = TestRng::new(4);
    let mut cache = KeyringCache::new(1, 60);
    cache.insert(b"a", keyring(&mut rng), NOW);
    cache.get(b"a", NOW).unwrap().add(NOW, &mut rng).unwrap();
    assert_eq!(cache.get(b"a", NOW).unwrap().epoch(), 1);
}

/// The keyring that was put in is given back; an owner's old one, with its place in time, is gone.
#[test]
fn what_is_put_in_is_at_hand() {
    let mut rng = TestRng::new(5);
    let mut cache = KeyringCache::new(2, 60);
    cache.insert(b"a", keyring(&mut rng), NOW).add(NOW, &mut rng).unwrap();
    assert_eq!(cache.get(b"a", NOW).unwrap().epoch(), 1);
    cache.insert(b"a", keyring(&mut rng), later(30));
    assert_eq!(cache.get(b"a", later(89)).map(|ring| ring.epoch()), Some(0));
    assert!(!has(&mut cache, "a", later(90)));
}

/// What is there is not opened again, until its time has passed: a service is asked once for each owner and time.
#[test]
fn a_keyring_is_opened_when_it_is_not_there() {
    let mut rng = TestRng::new(6);
    let kms = Kms::new(b"key/1");
    let ring = Keyring::create(&acme(), WrapWith::Service(&kms), NOW, &mut rng).unwrap();
    let (stored, made) = (ring.encode(), kms.times_asked());
    let mut cache = KeyringCache::new(2, 60);
    let mut asked = |owner: &str, now: UnixTime| {
        let open = || Keyring::open(&stored, &acme(), UnwrapWith::Service(&kms), 0);
        let opened = cache.get_or_open(owner.as_bytes(), now, open).unwrap();
        assert_eq!(opened.id(), ring.id());
        kms.times_asked() - made
    };
    assert_eq!([asked("a", NOW), asked("a", NOW), asked("a", later(59))], [1, 1, 1]);
    assert_eq!([asked("b", later(59)), asked("a", later(60)), asked("b", later(60))], [2, 3, 3]);
    // A third one takes the place of the least recently used.
    assert_eq!([asked("c", later(61)), asked("b", later(61)), asked("a", later(61))], [4, 4, 5]);
    assert_eq!([asked("b", later(62)), asked("a", later(62)), asked("c", later(62))], [5, 5, 6]);
    assert_eq!([asked("a", later(62)), asked("b", later(62))], [6, 7]);
}

/// An owner whose keyring does not open has an error, and no place; the next one to ask opens it.
#[test]
fn a_keyring_that_does_not_open_is_an_error() {
    let mut rng = TestRng::new(7);
    let mut cache = KeyringCache::new(2, 60);
    cache.insert(b"a", keyring(&mut rng), NOW);
    let failed = cache.get_or_open(b"b", NOW, || Err(OpenKeyringError::Stale));
    assert_eq!(failed.map(drop), Err(OpenKeyringError::Stale));
    assert_eq!((cache.len(), has(&mut cache, "b", NOW)), (1, false));
    let opened = cache.get_or_open(b"b", NOW, || Ok::<_, OpenKeyringError>(keyring(&mut rng)));
    assert_eq!(opened.map(|ring| ring.epoch()), Ok(0));
    assert_eq!(cache.len(), 2);
}

/// Nor does it cost anybody else a place.
#[test]
fn a_keyring_that_does_not_open_takes_no_place() {
    let mut rng = TestRng::new(8);
    let mut cache = KeyringCache::new(2, 60);
    cache.insert(b"a", keyring(&mut rng), NOW);
    cache.insert(b"b", keyring(&mut rng), NOW);
    let failed = cache.get_or_open(b"c", NOW, || Err(OpenKeyringError::Unauthentic));
    assert_eq!(failed.map(drop), Err(OpenKeyringError::Unauthentic));
    assert_eq!(["a", "b"].map(|owner| has(&mut cache, owner, NOW)), [true, true]);
}

/// A keyring is kept for its time and no longer, whatever the clock does: what was put in by a clock that was ahead is gone when that goes
/// back.
#[test]
fn a_clock_that_goes_back_drops_keyrings() {
    let mut rng = TestRng::new(9);
    let mut cache = KeyringCache::new(4, 60);
    let ahead = later(10 * 365 * 86_400);
    cache.insert(b"a", keyring(&mut rng), ahead);
    assert!(has(&mut cache, "a", ahead));
    assert!(!has(&mut cache, "a", NOW));
    assert!(!has(&mut cache, "a", ahead), "it was dropped, not only withheld");
    for owner in [b"a", b"b"] {
        cache.insert(owner, keyring(&mut rng), ahead);
    }
    cache.purge(NOW);
    assert!(cache.is_empty());
    cache.insert(b"a", keyring(&mut rng), ahead);
    cache.insert(b"b", keyring(&mut rng), NOW);
    assert_eq!((cache.len(), has(&mut cache, "b", NOW)), (1, true));
}
