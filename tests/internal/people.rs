//! What a peer can make a record believe: frames that no record writes, openings and receipts that are lies. The peer is a session that says
//! what the test wants.

use std::vec::Vec;

use getrandom::SysRng;

use crate::fingerprint::trust::TrustStore;
use crate::keys::address::{Address, DeviceId, Provider, UserId};
use crate::keys::identity::Identity;
use crate::keys::suite::Suite;
use crate::keys::time::UnixTime;
use crate::people::delivery::{Delivery, Incoming};
use crate::people::device::DeviceRecord;
use crate::people::errors::Need;
use crate::people::us::Us;
use crate::session::Session;
use crate::x3dh::context::{Context, Policy};
use crate::x3dh::store::PreKeyStore;

const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

/// Bob, who has a record of Alice, and Alice, who says what she likes.
struct Scene {
    alice: Identity,
    addresses: [Address; 2],
    bob: Identity,
    prekeys: PreKeyStore,
    trust: TrustStore,
    record: DeviceRecord,
}

impl Scene {
    fn new() -> Self {
        let rng = &mut SysRng;
        let (alice, bob) = (Identity::generate(rng).unwrap(), Identity::generate(rng).unwrap());
        let addresses = ["alice", "bob"].map(|user| {
            let user = UserId::new(user).unwrap();
            Address::new(Provider::new("").unwrap(), user, DeviceId::new(1))
        });
        let prekeys = PreKeyStore::generate(&bob, Suite::X3dh, NOW, rng).unwrap();
        let record = DeviceRecord::new(addresses[0].clone());
        Self { alice, addresses, bob, prekeys, trust: TrustStore::new(), record }
    }

    /// A session of Alice's.
    fn session(&self) -> Session {
        let bundle = self.prekeys.publication(&self.bob, NOW).unwrap().next_bundle(NOW);
        let [alice, bob] = self.addresses.clone();
        let context = Context::new(alice, bob).policy(Policy::ClassicalAllowed);
        let bundle = bundle.verify(NOW).unwrap();
        Session::initiate(&self.alice, &bundle, &context, &mut SysRng).unwrap()
    }

    /// Bob reads a frame that Alice has put together.
    fn say(&mut self, session: &mut Session, frame: &[u8]) -> Delivery {
        let message = session.encrypt_frame(frame, &mut SysRng).unwrap();
        let Self { bob, addresses: [_, address], prekeys, trust, record, .. } = self;
        let mut us = Us::new(bob, address, prekeys, trust, NOW).policy(Policy::ClassicalAllowed);
        record.decrypt(&mut us, &message).unwrap().stored()
    }

    /// Bob writes, and Alice reads the frame.
    fn hear(&mut self, session: &mut Session) -> Vec<u8> {
        let Self { bob, addresses: [_, address], prekeys, trust, record, .. } = self;
        let mut us = Us::new(bob, address, prekeys, trust, NOW);
        let out = record.encrypt(&mut us, b"hello", &mut SysRng).unwrap().stored();
        session.decrypt_frame(&out.message).unwrap().plaintext.into_vec()
    }

    fn need(&mut self) -> Option<Need> {
        let Self { bob, addresses: [_, address], prekeys, trust, record, .. } = self;
        record.need(&Us::new(bob, address, prekeys, trust, NOW))
    }

    fn active(&self) -> [u8; 32] {
        *self.record.active_id().unwrap()
    }
}

/// A frame of chain 0: no receipt, this opening, a text.
fn first(rank: &[u8], aside: &[&[u8]]) -> Vec<u8> {
    let names = aside.iter().copied().flatten().copied();
    let count = u8::try_from(aside.len()).unwrap();
    [1, 1, 0]
        .into_iter()
        .chain(rank.iter().copied())
        .chain([count])
        .chain(names)
        .chain(*b"hi")
        .collect()
}

fn name(session: &Session) -> Vec<u8> {
    session.id()[..16].to_vec()
}

fn text(delivery: &Delivery) -> &[u8] {
    match &delivery.incoming {
        Incoming::Text(received) => received.plaintext.as_bytes(),
        other => std::panic!("{other:?}"),
    }
}

/// What does not decode is authentic all the same: it is delivered as unknown, once, in a session that goes on.
#[test]
fn what_is_no_frame_is_delivered_as_unknown() {
    let good = first(&[7; 16], &[]);
    let mut bad = std::vec![Vec::new(), std::vec![1], std::vec![2; 40]];
    bad.extend((0..good.len() - 2).map(|len| good[..len].to_vec()));
    for (at, value) in [(0, 0), (0, 2), (1, 0), (1, 5), (2, 2), (19, 9), (19, 8)] {
        let mut changed = good.clone();
        changed[at] = value;
        bad.push(changed);
    }
    for (kind, len) in [(2, 31), (2, 33), (3, 0)] {
        let mut changed = good[..20].to_vec();
        changed[1] = kind;
        changed.extend(std::vec![0; len]);
        bad.push(changed);
    }
    let mut scene = Scene::new();
    let mut session = scene.session();
    for frame in bad {
        let unknown = scene.say(&mut session, &frame);
        assert!(matches!(unknown.incoming, Incoming::Unknown), "{frame:?}");
        assert!(!unknown.forked);
    }
    assert_eq!(text(&scene.say(&mut session, &good)), b"hi");
    scene.hear(&mut session);
    // In a later chain there is no opening.
    assert_eq!(text(&scene.say(&mut session, b"\x01\x01\x00hello")), b"hello");
    let unknown = scene.say(&mut session, &[1, 9, 0]);
    assert!(matches!(unknown.incoming, Incoming::Unknown));
}

/// What a record writes, byte for byte: `docs/wire.md`, "Frame".
#[test]
fn a_record_writes_the_documented_frame() {
    let mut scene = Scene::new();
    let mut before = scene.session();
    let hello = first(&name(&before), &[]);
    scene.say(&mut before, &hello);
    let mut session = scene.session();
    scene.say(&mut session, &first(&[7; 16], &[&name(&before)]));
    let mut expected = std::vec![1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    expected.extend([7; 16]);
    expected.push(1);
    expected.extend(name(&before));
    expected.extend(b"hello");
    assert_eq!(scene.hear(&mut session), expected);
    scene.say(&mut session, b"\x01\x01\x00in chain 1");
    assert_eq!(scene.hear(&mut session), *b"\x01\x01\x01\0\0\0\x01\0\0\0\0hello");
}

/// every receipt that is not for what was sent forks the session, and no other does.
#[test]
fn a_receipt_for_what_was_not_sent_forks() {
    for sent in 0..3_u8 {
        for (chain, number) in [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (u8::MAX, u8::MAX)] {
            let mut scene = Scene::new();
            let mut session = scene.session();
            scene.say(&mut session, &first(&[7; 16], &[]));
            // Bob's chain 0. Alice answers in her chain 0 or 1, as she has heard of it or not.
            for _ in 0..sent {
                scene.hear(&mut session);
            }
            let mut frame = std::vec![1, 1, 1, 0, 0, 0, chain, 0, 0, 0, number];
            if sent == 0 {
                frame.extend(&first(&[7; 16], &[])[3..]);
            } else {
                frame.extend(b"hi");
            }
            let delivery = scene.say(&mut session, &frame);
            let forked = chain > 0 || number >= sent;
            assert_eq!(delivery.forked, forked, "{sent} sent, {chain} {number}");
            assert_eq!(scene.need(), forked.then_some(Need::Forked));
            assert_eq!(text(&delivery), b"hi");
        }
    }
}

/// what the peer has put aside, in its first chain, does not become active when it comes late; what it says in a later chain, where a clone can speak
/// for it, does not count.
#[test]
fn what_was_put_aside_counts_from_the_first_chain_alone() {
    let mut scene = Scene::new();
    let (mut one, mut two) = (scene.session(), scene.session());
    scene.say(&mut two, &first(&name(&one), &[&name(&one)]));
    let hello = first(&name(&one), &[]);
    let late = scene.say(&mut one, &hello);
    assert!(late.on_older_session && late.used.is_some());
    assert_eq!(scene.active(), *two.id());

    let mut scene = Scene::new();
    let (mut old, mut new) = (scene.session(), scene.session());
    let hello = first(&name(&old), &[]);
    scene.say(&mut old, &hello);
    scene.hear(&mut old);
    let forged: Vec<u8> = first(&name(&old), &[&name(&new)]);
    scene.say(&mut old, &forged);
    let hello = first(&name(&new), &[]);
    let healed = scene.say(&mut new, &hello);
    assert!(!healed.on_older_session);
    assert_eq!(scene.active(), *new.id());
}

/// only the first message that opens in a session puts anything aside: a later one of the same chain may be a clone's.
#[test]
fn an_opening_counts_in_the_first_message_alone() {
    let mut scene = Scene::new();
    let (mut old, mut new) = (scene.session(), scene.session());
    let hello = first(&name(&old), &[]);
    scene.say(&mut old, &hello);
    let forged = first(&name(&old), &[&name(&new)]);
    assert_eq!(text(&scene.say(&mut old, &forged)), b"hi");
    let hello = first(&name(&new), &[]);
    assert!(!scene.say(&mut new, &hello).on_older_session);
    assert_eq!(scene.active(), *new.id());
}

/// Of what the peer has put aside, the last 32 are remembered: the oldest of one opening goes with the next.
#[test]
fn a_bounded_number_of_names_is_remembered() {
    let mut scene = Scene::new();
    let mut late = [scene.session(), scene.session(), scene.session()];
    let names = late.each_ref().map(name);
    let others: Vec<[u8; 16]> = (0..30).map(|number| [number; 16]).collect();
    let mut aside: Vec<&[u8]> = others.iter().map(|name| &name[..]).collect();
    // The newest first.
    aside.insert(0, &names[1]);
    aside.push(&names[0]);
    let mut session = scene.session();
    scene.say(&mut session, &first(&[7; 16], &aside));
    let mut next = scene.session();
    scene.say(&mut next, &first(&[7; 16], &[&names[2]]));
    let [gone, newest, kept] = &mut late;
    assert!(scene.say(newest, &first(&names[1], &[])).on_older_session);
    assert!(scene.say(kept, &first(&names[2], &[])).on_older_session);
    assert!(!scene.say(gone, &first(&names[0], &[])).on_older_session);
    let mut full = scene.session();
    aside.push(&names[2]);
    let unknown = scene.say(&mut full, &first(&[7; 16], &aside));
    assert!(matches!(unknown.incoming, Incoming::Unknown), "33 are no frame");
}

/// what a frame says of sessions counts whatever its kind, so that a newer version's words do not swallow it: the opening, and the receipt.
#[test]
fn receipts_and_openings_of_unknown_kinds_count() {
    let mut scene = Scene::new();
    let (mut one, mut two) = (scene.session(), scene.session());
    let mut newer = first(&name(&one), &[&name(&one)]);
    newer[1] = 9;
    let unknown = scene.say(&mut two, &newer);
    assert!(matches!(unknown.incoming, Incoming::Unknown) && !unknown.forked);
    let hello = first(&name(&one), &[]);
    assert!(scene.say(&mut one, &hello).on_older_session, "it has been put aside");
    scene.hear(&mut two);
    let unknown = scene.say(&mut two, &[1, 9, 1, 0, 0, 0, 0, 0, 0, 0, 1, b'?']);
    assert!(matches!(unknown.incoming, Incoming::Unknown) && unknown.forked);
    assert_eq!(scene.need(), Some(Need::Forked));
}
