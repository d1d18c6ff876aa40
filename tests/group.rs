//! A group, as an application has it.

mod common;

use common::{NOW, TestRng, address};
use confidant::{
    Accepted, Context, GroupDecryptError, GroupEncryptError, GroupId, GroupSession, Identity,
    Member, Policy, PreKeyMessage, PreKeyStore, Rotation, Session, Suite,
};

/// One device with a session to every other.
struct Device {
    identity: Identity,
    name: &'static str,
    sessions: Vec<(&'static str, Session)>,
    group: Option<GroupSession>,
}

impl Device {
    fn member(&self) -> Member {
        Member::new(address(self.name), self.identity.public())
    }
}

const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// Devices that can all write to each other.
fn devices(rng: &mut TestRng) -> Vec<Device> {
    let mut devices: Vec<Device> = Vec::new();
    for name in NAMES {
        let identity = Identity::generate(rng).unwrap();
        let mut new = Device { identity, name, sessions: Vec::new(), group: None };
        for old in &mut devices {
            let (a, b) = connect(old, &new, rng);
            old.sessions.push((name, a));
            new.sessions.push((old.name, b));
        }
        devices.push(new);
    }
    devices
}

fn connect(a: &Device, b: &Device, rng: &mut TestRng) -> (Session, Session) {
    let mut prekeys = PreKeyStore::generate(&b.identity, Suite::X3dh, NOW, rng).unwrap();
    let mut published = prekeys.publication(&b.identity, NOW).unwrap();
    let bundle = published.next_bundle(NOW).verify(NOW).unwrap();
    let (ours, theirs) = (address(a.name), address(b.name));
    let context = Context::new(ours.clone(), theirs.clone()).policy(Policy::ClassicalAllowed);
    let mut to_b = Session::initiate(&a.identity, &bundle, &context, rng).unwrap();
    let hello = to_b.encrypt(b"hello", rng).unwrap();
    let context = Context::new(theirs, ours).policy(Policy::ClassicalAllowed);
    let request = PreKeyMessage::decode(&hello).unwrap();
    let Accepted { session, .. } =
        Session::accept(&b.identity, &mut prekeys, &request, &context, NOW).unwrap();
    (to_b, session)
}

/// Gives `from`'s key to everybody who awaits it, over the pairwise sessions.
fn distribute(devices: &mut [Device], from: usize, rng: &mut TestRng) {
    let awaiting: Vec<Member> = devices[from].group.as_ref().unwrap().awaiting().collect();
    for member in awaiting {
        let to = devices.iter().position(|device| device.member() == member).unwrap();
        let (from_name, to_name) = (devices[from].name, devices[to].name);
        let Device { group, sessions, .. } = &mut devices[from];
        let (_, session) = sessions.iter_mut().find(|(name, _)| *name == to_name).unwrap();
        let distribution = group.as_mut().unwrap().distribute(session.peer()).unwrap();
        let message = session.encrypt(distribution.expose(), rng).unwrap();
        let Device { group, sessions, .. } = &mut devices[to];
        let (_, session) = sessions.iter_mut().find(|(name, _)| *name == from_name).unwrap();
        let received = session.decrypt(&message).unwrap();
        if let Some(group) = group {
            group.receive(&received).unwrap();
        }
    }
}

/// who should read does, nobody late or removed can, and a removal forces a rotation.
#[test]
fn a_group_talks_a_member_joins_and_one_is_removed() {
    let rng = &mut TestRng::new(7);
    let mut devices = devices(rng);
    let id = GroupId::new("friends").unwrap();
    let three: Vec<Member> = devices.iter().take(3).map(Device::member).collect();
    for device in devices.iter_mut().take(3) {
        let us = device.member();
        let group = GroupSession::new(id.clone(), us, 1, three.clone(), Rotation::default());
        device.group = Some(group.unwrap());
    }
    let group = devices[0].group.as_mut().unwrap();
    assert_eq!(group.encrypt(b"x", b"", NOW, rng), Err(GroupEncryptError::RotationDue));
    group.rotate(NOW, rng).unwrap();
    distribute(&mut devices, 0, rng);
    let first = devices[0].group.as_mut().unwrap().encrypt(b"first", b"ad", NOW, rng).unwrap();
    for device in &mut devices[1..3] {
        let group = device.group.as_mut().unwrap();
        let received = group.decrypt(&first, b"ad").unwrap();
        assert_eq!(received.plaintext.as_bytes(), b"first");
        assert_eq!(*received.from().address(), address("alice"));
        assert_eq!(group.decrypt(&first, b"ad"), Err(GroupDecryptError::Duplicate));
        let stored = group.snapshot();
        *group = GroupSession::restore(stored.expose(), stored.epoch()).unwrap();
        assert_eq!(group.snapshot().expose(), stored.expose());
    }

    let all: Vec<Member> = devices.iter().map(Device::member).collect();
    for device in devices.iter_mut().take(3) {
        device.group.as_mut().unwrap().change(2, all.clone()).unwrap();
    }
    let dave = devices[3].member();
    devices[3].group =
        Some(GroupSession::new(id, dave, 2, all.clone(), Rotation::default()).unwrap());
    distribute(&mut devices, 0, rng);
    let second = devices[0].group.as_mut().unwrap().encrypt(b"second", b"", NOW, rng).unwrap();
    for device in &mut devices[1..] {
        let group = device.group.as_mut().unwrap();
        assert_eq!(group.decrypt(&second, b"").unwrap().plaintext.as_bytes(), b"second");
    }
    let group = devices[3].group.as_mut().unwrap();
    assert_eq!(group.decrypt(&first, b"ad"), Err(GroupDecryptError::BeforeOurTime));

    let without_bob: Vec<Member> =
        all.into_iter().filter(|member| *member.address() != address("bob")).collect();
    for index in [0, 2, 3] {
        let changed =
            devices[index].group.as_mut().unwrap().change(3, without_bob.clone()).unwrap();
        assert_eq!(changed.removed.len(), 1);
    }
    let group = devices[0].group.as_mut().unwrap();
    assert_eq!(group.encrypt(b"x", b"", NOW, rng), Err(GroupEncryptError::RotationDue));
    group.rotate(NOW, rng).unwrap();
    distribute(&mut devices, 0, rng);
    let third = devices[0].group.as_mut().unwrap().encrypt(b"third", b"", NOW, rng).unwrap();
    let bob = devices[1].group.as_mut().unwrap();
    assert_eq!(bob.decrypt(&third, b""), Err(GroupDecryptError::UnknownKey));
    for index in [2, 3] {
        let group = devices[index].group.as_mut().unwrap();
        assert_eq!(group.decrypt(&third, b"").unwrap().epoch, 3);
        let stored = group.snapshot();
        let restored = GroupSession::restore(stored.expose(), 0).unwrap();
        assert_eq!(restored.snapshot().expose(), stored.expose());
    }
}
