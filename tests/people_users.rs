//! Users: a message for each of their devices and each of our own, lists of devices that change, and identities that do.

mod common;
mod town;

use std::collections::BTreeSet;

use common::{NOW, TestRng};
use confidant::limits::{MAX_CONTACTS, MAX_DEVICES, STALE_LIFETIME};
use confidant::{
    Address, BeginError, DeviceId, DeviceRecord, DevicesError, InitiateError, Need, Outgoing,
    ReceiveError, SendError, Suite, Trust, UserRecord,
};
use town::{Device, Town, address, text};

/// Alice has a telephone and a laptop, Bob three devices.
const PHONE: usize = 0;
const LAPTOP: usize = 1;
const BOBS: [usize; 3] = [2, 3, 4];

fn town(seed: u64) -> Town {
    let devices = [("alice", 1), ("alice", 2), ("bob", 1), ("bob", 2), ("bob", 3)];
    Town::with_devices(&devices, seed)
}

fn ids(devices: &[u32]) -> Vec<DeviceId> {
    devices.iter().copied().map(DeviceId::new).collect()
}

/// The phone takes over a list of a user's devices.
fn list(town: &mut Town, user: &str, devices: &[u32]) -> Result<usize, DevicesError> {
    let now = town.now;
    let (record, us) = town.devices[PHONE].with(&address(user, 1), now);
    let unstored = record.set_devices(&us, &ids(devices))?;
    let changes = unstored.changes().len();
    town.devices[PHONE].commit(unstored);
    Ok(changes)
}

/// The phone writes to Bob, and to Alice's other devices.
fn to_bob(town: &mut Town, text: &[u8]) -> Result<Vec<Outgoing>, SendError> {
    let now = town.now;
    let Town { devices, rng, .. } = town;
    let phone = &mut devices[PHONE];
    let (own, bob, mut us) = phone.with_own("bob", now);
    let sent = own.encrypt_to(&mut [bob], &mut us, text, rng)?;
    Ok(phone.commit(sent))
}

fn missing(town: &mut Town, user: &str) -> Vec<(Address, Need)> {
    let now = town.now;
    let (record, us) = town.devices[PHONE].with(&address(user, 1), now);
    record.missing(&us)
}

/// Everybody whom the phone writes to is known to it, with a session.
fn connected(seed: u64) -> Town {
    let mut town = town(seed);
    list(&mut town, "alice", &[1, 2]).unwrap();
    list(&mut town, "bob", &[1, 2, 3]).unwrap();
    [LAPTOP].into_iter().chain(BOBS).for_each(|to| town.begin(PHONE, to));
    town
}

/// One message for each device of the user and each other one of ours; who cannot be written to is named, and nobody gets anything before that.
#[test]
fn a_message_to_a_user_is_one_for_each_device() {
    let mut town = town(1);
    assert_eq!(list(&mut town, "alice", &[1, 2]), Ok(1), "without our own device");
    assert_eq!(list(&mut town, "bob", &[1, 2, 3]), Ok(3));
    let all: Vec<_> = [2].map(|device| address("alice", device)).into();
    assert_eq!(missing(&mut town, "alice"), [(all[0].clone(), Need::NoSession)]);
    assert_eq!(missing(&mut town, "bob").len(), 3);
    for to in [LAPTOP].into_iter().chain(BOBS) {
        let before = town.devices[PHONE].state();
        let refused = to_bob(&mut town, b"hello").unwrap_err();
        assert_eq!(refused, SendError::Handshake(Need::NoSession));
        assert_eq!(town.devices[PHONE].state(), before, "all or nothing");
        town.begin(PHONE, to);
    }
    let sent = to_bob(&mut town, b"hello").unwrap();
    let to: Vec<&Address> = sent.iter().map(|out| out.sent.to().address()).collect();
    let expected = [LAPTOP, 2, 3, 4].map(|to| town.address(to));
    assert_eq!(to, expected.iter().collect::<Vec<_>>());
    for (reader, out) in [LAPTOP].into_iter().chain(BOBS).zip(&sent) {
        assert_eq!(text(&town.read(reader, PHONE, &out.message)), Some(&b"hello"[..]));
    }
    let ciphertexts: BTreeSet<_> = sent.iter().map(|out| &out.message).collect();
    assert_eq!(ciphertexts.len(), 4);
}

/// Only who asks for it leaves devices out, and it never comes to nobody.
#[test]
fn devices_are_left_out_on_demand_alone() {
    let mut town = town(2);
    list(&mut town, "alice", &[1, 2]).unwrap();
    list(&mut town, "bob", &[1, 2, 3]).unwrap();
    town.begin(PHONE, LAPTOP);
    let reachable = |town: &mut Town| {
        let now = town.now;
        let Town { devices, rng, .. } = town;
        let phone = &mut devices[PHONE];
        let (own, bob, mut us) = phone.with_own("bob", now);
        let sent = own.encrypt_to_reachable(&mut [bob], &mut us, b"hello", rng)?;
        Ok::<_, SendError>(phone.commit(sent).len())
    };
    assert_eq!(reachable(&mut town), Err(SendError::NoDevices), "for nobody but ourselves");
    town.begin(PHONE, BOBS[1]);
    assert_eq!(reachable(&mut town), Ok(2));
    assert_eq!(missing(&mut town, "bob").len(), 2, "who they are, one can know");
}

/// A user of whom no device is known, or none that is not stale, is not written to; a note to ourselves may reach nobody.
#[test]
fn nobody_is_written_to_silently() {
    let mut town = connected(3);
    let (now, mut rng) = (town.now, TestRng::new(1));
    let phone = &mut town.devices[PHONE];
    let mut nobody = UserRecord::new(address("bob", 1));
    let mut alone = UserRecord::new(address("alice", 1));
    let mut us = phone.account.us(now);
    let refused = alone.encrypt_to(&mut [&mut nobody], &mut us, b"hello", &mut rng);
    assert_eq!(refused.unwrap_err(), SendError::NoDevices);
    let note = alone.encrypt_to(&mut [], &mut us, b"note", &mut rng).unwrap();
    assert_eq!(note.stored().len(), 0);
    let own = phone.people.get_mut(&b"alice"[..]).unwrap();
    let note = own.encrypt_to(&mut [], &mut us, b"note", &mut rng).unwrap();
    assert_eq!(note.stored().len(), 1);
}

/// A list that shrinks to nothing is refused, and changes nothing; for our own user it may be, since our own device is not in the record.
#[test]
fn a_list_of_no_devices_is_refused() {
    let mut town = connected(4);
    let before = town.devices[PHONE].state();
    assert_eq!(list(&mut town, "bob", &[]), Err(DevicesError::NoDevices));
    assert_eq!(town.devices[PHONE].state(), before);
    assert_eq!(list(&mut town, "alice", &[1]), Ok(1), "the laptop is stale");
    assert_eq!(list(&mut town, "alice", &[]), Ok(0));
}

/// A device that is gone from the list is not written to, is read for thirty days, comes back with its session, and is removed in the end.
#[test]
fn a_stale_device_is_read_for_a_while() {
    let mut town = connected(5);
    for (reader, out) in [LAPTOP].into_iter().chain(BOBS).zip(to_bob(&mut town, b"1").unwrap()) {
        town.read(reader, PHONE, &out.message);
    }
    assert_eq!(list(&mut town, "bob", &[1, 3]), Ok(1));
    assert_eq!(list(&mut town, "bob", &[1, 3]), Ok(0), "it has been stale since then");
    assert_eq!(to_bob(&mut town, b"2").unwrap().len(), 3);
    assert_eq!(town.try_write(PHONE, BOBS[1], b"2").unwrap_err(), SendError::Stale);
    town.carry(BOBS[1], PHONE, b"still here");
    assert_eq!(list(&mut town, "bob", &[1, 2, 3]), Ok(1), "it is there again");
    assert_eq!(to_bob(&mut town, b"3").unwrap().len(), 4);
    list(&mut town, "bob", &[1, 3]).unwrap();

    let late = town.write(BOBS[1], PHONE, b"late");
    for (wait, devices, changes) in [(STALE_LIFETIME - 1, 3, 0), (1, 2, 1)] {
        town.wait(wait);
        let now = town.now;
        let (record, us) = town.devices[PHONE].with(&address("bob", 1), now);
        let expired = record.expire(&us);
        assert_eq!((record.devices().len(), expired.changes().len()), (devices, changes));
        assert!(expired.changes().all(|change| change.snapshot().is_none()), "it is deleted");
        town.devices[PHONE].commit(expired);
    }
    let gone = town.try_read(PHONE, BOBS[1], &late).unwrap_err();
    assert_eq!(gone, ReceiveError::NoSession);
    town.devices[PHONE].restart();
    assert_eq!(town.devices[PHONE].people[&b"bob"[..]].devices().len(), 2);
}

/// A device that nobody has listed is read from its first message on, and is shown as new. The only one of a user is written to; another one is not, until a list names it.
#[test]
fn a_device_comes_with_its_first_message() {
    let mut town = town(6);
    town.begin(BOBS[0], PHONE);
    let first = town.carry(BOBS[0], PHONE, b"hello");
    assert_eq!((first.trust, first.unlisted), (Trust::FirstUse, false));
    assert_eq!(to_bob(&mut town, b"hello yourself").unwrap().len(), 1);
    town.begin(BOBS[1], PHONE);
    let delivery = town.carry(BOBS[1], PHONE, b"from my new one");
    let new = Trust::NewDevice { same_identity: false, user_verified: false };
    assert_eq!((delivery.trust, delivery.unlisted), (new, true));
    assert_eq!(town.record(PHONE, BOBS[1]).stale_since(), Some(NOW));
    town.devices[PHONE].restart();
    let again = town.carry(BOBS[1], PHONE, b"again");
    assert_eq!((again.trust, again.unlisted), (Trust::Pinned, true));
    assert_eq!(to_bob(&mut town, b"to the first").unwrap().len(), 1);
    assert_eq!(town.try_write(PHONE, BOBS[1], b"no").unwrap_err(), SendError::Stale);
    assert_eq!(list(&mut town, "bob", &[1, 2]), Ok(1));
    assert!(!town.carry(BOBS[1], PHONE, b"listed").unlisted);
    assert_eq!(to_bob(&mut town, b"to both").unwrap().len(), 2);
}

/// A device that was removed, or has been stale for so long that it is gone, comes back with a first message of its own, for which its identity is known: it is read, and gets nothing. So
/// does one that says that it is of our own user, though no other is known.
#[test]
fn a_removed_device_is_not_written_to_because_it_comes_back() {
    for (user, stolen, by_hand) in
        [("bob", BOBS[1], true), ("bob", BOBS[1], false), ("alice", LAPTOP, true)]
    {
        let mut town = connected(20);
        for (reader, out) in [LAPTOP].into_iter().chain(BOBS).zip(to_bob(&mut town, b"1").unwrap())
        {
            town.read(reader, PHONE, &out.message);
            // Of our own user nobody is written to who is not listed.
            let (phone, now) = (town.address(PHONE), town.now);
            let (record, us) = town.devices[reader].with(&phone, now);
            let listed = record.set_devices(&us, &ids(&[1, 2])).unwrap();
            town.devices[reader].commit(listed);
            town.carry(reader, PHONE, b"2");
        }
        let left: &[u32] = if user == "bob" { &[1, 3] } else { &[1] };
        list(&mut town, user, left).unwrap();
        town.wait(if by_hand { 0 } else { STALE_LIFETIME });
        let (address, now) = (town.address(stolen), town.now);
        let (record, us) = town.devices[PHONE].with(&address, now);
        let gone = if by_hand { record.remove(address.device()) } else { record.expire(&us) };
        town.devices[PHONE].commit(gone);
        assert!(town.devices[PHONE].record(&address).is_none());
        town.begin(stolen, PHONE);
        let delivery = town.carry(stolen, PHONE, b"it is me again");
        assert_eq!((delivery.trust, delivery.unlisted), (Trust::Pinned, true));
        let sent = to_bob(&mut town, b"secret").unwrap();
        assert_eq!(sent.len(), 3);
        assert!(sent.iter().all(|out| *out.sent.to().address() != address));
    }
}

/// anybody's own first message, delivered in a device's name, is refused as another identity's: nothing changes, and nothing is known of the device by it.
#[test]
fn anybody_can_provoke_a_changed_identity() {
    let mut town = connected(21);
    town.carry(PHONE, BOBS[0], b"hello");
    town.carry(BOBS[0], PHONE, b"hello");
    town.begin(BOBS[1], PHONE);
    let other = town.write(BOBS[1], PHONE, b"of the second device");
    let before = town.devices[PHONE].state();
    let refused = town.try_read(PHONE, BOBS[0], &other).unwrap_err();
    assert_eq!(refused, ReceiveError::IdentityChanged);
    assert_eq!(town.devices[PHONE].state(), before);
    // What the application is to look at instead.
    let (party, now) = (town.devices[BOBS[0]].party(), town.now);
    let bundle = town.devices[BOBS[0]].bundle(now);
    assert_eq!(bundle.identity(), party.identity());
    assert_eq!(town.devices[PHONE].account.trust.check(&party), Ok(()));
}

/// The record that is given as our own has to be of our own user: nobody else gets what we send to others.
#[test]
fn somebody_elses_record_is_not_our_own() {
    let mut town = connected(22);
    let now = town.now;
    let Town { devices, rng, .. } = &mut town;
    let (own, bob, mut us) = devices[PHONE].with_own("bob", now);
    let drawn = rng.drawn;
    let refused = bob.encrypt_to(&mut [own], &mut us, b"for Alice", rng).unwrap_err();
    assert_eq!(refused, SendError::WrongUser);
    let refused = bob.encrypt_to_reachable(&mut [own], &mut us, b"for Alice", rng).unwrap_err();
    assert_eq!((refused, rng.drawn), (SendError::WrongUser, drawn));
}

/// A hundred devices and no more, however they come; what is stale makes room.
#[test]
fn a_user_has_a_hundred_devices_at_most() {
    let mut town = town(7);
    let many: Vec<u32> = (1..=100).collect();
    let too_many: Vec<u32> = (1..=101).collect();
    assert_eq!(MAX_DEVICES, 100);
    assert_eq!(list(&mut town, "bob", &too_many), Err(DevicesError::TooMany));
    assert_eq!(list(&mut town, "bob", &many), Ok(100));
    let mut rng = TestRng::new(8);
    let stranger = Device::new(address("bob", 101), &mut rng);
    town.devices.push(stranger);
    town.begin(5, PHONE);
    let hello = town.write(5, PHONE, b"hello");
    let refused = town.try_read(PHONE, 5, &hello).unwrap_err();
    assert_eq!(refused, ReceiveError::TooManyDevices);
    assert_eq!(town.try_begin(PHONE, 5), Err(BeginError::TooManyDevices));
    let user = town.devices[PHONE].people.get_mut(&b"bob"[..]).unwrap();
    let one_more = DeviceRecord::new(address("bob", 101));
    assert_eq!(user.insert(one_more), Err(DevicesError::TooMany));
    assert_eq!(user.insert(DeviceRecord::new(address("carol", 1))), Err(DevicesError::WrongUser));
    // Fifty go, and another hundred come: the fifty are dropped, and fifty of those that were left.
    list(&mut town, "bob", &(51..=100).collect::<Vec<_>>()).unwrap();
    assert_eq!(list(&mut town, "bob", &(51..=125).collect::<Vec<_>>()), Ok(50));
    let user = &town.devices[PHONE].people[&b"bob"[..]];
    assert_eq!(user.devices().len(), 100);
    assert!(user.device(DeviceId::new(25)).is_none() && user.device(DeviceId::new(26)).is_some());
    assert_eq!(town.devices[PHONE].disk.keys().filter(|name| name[0] == 5).count(), 100);
}

/// another identity is refused before anything is drawn, computed or changed: in a bundle and in a first message, from the trust store's pin, or from the record's sessions while
/// the trust store knows nobody.
#[test]
fn another_identity_is_refused_before_anything_changes() {
    for known in [true, false] {
        let mut town = town(9);
        let bob = BOBS[0];
        town.begin(PHONE, bob);
        if known {
            town.carry(PHONE, bob, b"hello");
            town.carry(bob, PHONE, b"hello");
        }
        assert_eq!(town.devices[PHONE].account.trust.identity(&town.address(bob)).is_some(), known);
        let mut rng = TestRng::new(10);
        town.devices[bob] = Device::new(address("bob", 1), &mut rng);
        let (before, drawn) = (town.devices[PHONE].state(), town.rng.drawn);
        let refused = BeginError::Refused(InitiateError::IdentityChanged);
        assert_eq!(town.try_begin(PHONE, bob), Err(refused));
        assert_eq!(town.rng.drawn, drawn);
        town.begin(bob, PHONE);
        let hello = town.write(bob, PHONE, b"hello");
        let refused = town.try_read(PHONE, bob, &hello).unwrap_err();
        assert_eq!(refused, ReceiveError::IdentityChanged);
        assert_eq!(town.devices[PHONE].state(), before);

        // The user is asked, and goes on with the new identity.
        let party = town.devices[bob].party();
        town.devices[PHONE].account.trust.accept_change(&party).unwrap();
        let need = SendError::Handshake(Need::IdentityChanged);
        assert_eq!(town.try_write(PHONE, bob, b"to whom?").unwrap_err(), need);
        assert_eq!(text(&town.read(PHONE, bob, &hello)), Some(&b"hello"[..]));
        assert_eq!(town.record(PHONE, bob).identity(), Some(&party.identity().clone()));
        town.carry(PHONE, bob, b"to the new one");
    }
}

/// what the former identity still writes is not read once the user has accepted another.
#[test]
fn the_former_identity_is_not_read_any_more() {
    let mut town = town(11);
    town.introduce(PHONE, BOBS[0]);
    let late = town.write(BOBS[0], PHONE, b"late");
    let party = town.devices[BOBS[1]].party();
    let other = confidant::Party::new(town.address(BOBS[0]), *party.identity());
    town.devices[PHONE].account.trust.accept_change(&other).unwrap();
    let before = town.devices[PHONE].state();
    let refused = town.try_read(PHONE, BOBS[0], &late).unwrap_err();
    assert_eq!(refused, ReceiveError::IdentityChanged);
    assert_eq!(town.devices[PHONE].state(), before);
}

/// A trust store that is full takes in nobody new, and says so before the message is opened; whom it knows is read.
#[test]
fn a_full_trust_store_takes_in_nobody_new() {
    let mut town = town(13);
    town.introduce(BOBS[0], PHONE);
    town.begin(BOBS[1], PHONE);
    let hello = town.write(BOBS[1], PHONE, b"hello");
    let identity = *town.devices[LAPTOP].party().identity();
    let trust = &mut town.devices[PHONE].account.trust;
    for number in 0.. {
        let party = confidant::Party::new(address(&format!("user{number}"), 1), identity);
        if trust.accept_change(&party).is_err() {
            break;
        }
    }
    assert_eq!(trust.iter().count(), MAX_CONTACTS);
    let refused = town.try_read(PHONE, BOBS[1], &hello).unwrap_err();
    assert_eq!(refused, ReceiveError::TrustFull);
    let keys = town.devices[PHONE].account.prekeys.status(NOW).one_time;
    assert_eq!(keys, 19, "one is used: by whom it knows");
    assert_eq!(text(&town.carry(BOBS[0], PHONE, b"known")), Some(&b"known"[..]));
    town.devices[PHONE].account.trust.forget(&address("user0", 1));
    assert_eq!(text(&town.read(PHONE, BOBS[1], &hello)), Some(&b"hello"[..]));
}

/// our own identity at another address is refused, unless it is shared, and then only at addresses of our own user.
#[test]
fn a_shared_identity_is_for_our_own_devices() {
    let mut rng = TestRng::new(12);
    for (user, shared, accepted) in
        [("alice", false, false), ("alice", true, true), ("bob", true, false)]
    {
        let mut phone = Device::new(address("alice", 1), &mut rng);
        let seed = *phone.account.identity.seed().expose();
        let same = confidant::Identity::from_seed(confidant::Secret::init_with(|out| *out = seed));
        let other = address(user, 2);
        let bundle =
            Device::with_identity(other.clone(), (same, Suite::X3dh), &mut rng).bundle(NOW);
        let mut record = UserRecord::new(other.clone());
        let mut us = phone.account.us(NOW);
        if shared {
            us = us.identity_is_shared();
        }
        let began = record.begin(&mut us, (other.device(), &bundle), &mut rng);
        assert_eq!(began.is_ok(), accepted, "{user} {shared}");
    }
}
