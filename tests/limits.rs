//! Every bound of a session, at the bound and one beyond it.
//!
//! States that would take too long to reach are written: a snapshot is edited where `docs/state.md` says that the field is,
//! and gets a new checksum.

mod common;

use common::{NOW, SUITES, TestRng, World, address};
use confidant::limits::{MAX_EXPORT, MAX_JUMP, MAX_MESSAGE, MAX_STORED};
use confidant::{
    AcceptError, Context, DecodeError, DecryptError, EncryptError, ExportError, LimitTooHigh,
    Limits, Policy, PreKeyMessage, RestoreError, Session, Suite, UnixTime,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const DEFAULT: u32 = 2_000;
/// Salt, commitment, and the tag of an empty chunk.
const SHORTEST_BODY: usize = 24 + 32 + 16;

/// Alice sends and Bob, who has these limits, listens: he has read message 0 of her chain 1, and his own chain is idle.
struct Pair {
    world: World,
    alice: Session,
    bob: Session,
}

impl Pair {
    fn new(limits: Limits) -> Self {
        Self::of(Suite::X3dh, limits)
    }

    fn of(suite: Suite, limits: Limits) -> Self {
        let mut world = World::new(suite, 1, 30);
        let mut alice = world.initiate();
        let hello = alice.encrypt(b"hello", &mut world.rng).unwrap();
        let bob = accept(&mut world, &hello, limits).unwrap();
        let mut pair = Self { world, alice, bob };
        pair.turn();
        let first = pair.send(b"first");
        pair.bob.decrypt(&first).unwrap();
        pair
    }

    fn send(&mut self, text: &[u8]) -> Vec<u8> {
        self.alice.encrypt(text, &mut self.world.rng).unwrap()
    }

    /// Alice sends `n` messages, of which Bob gets none.
    fn lose(&mut self, n: u32) {
        self.alice = leap(&self.alice, n);
    }

    /// Bob answers, so that Alice's next message begins a new chain.
    fn turn(&mut self) {
        let answer = self.bob.encrypt(b"answer", &mut self.world.rng).unwrap();
        self.alice.decrypt(&answer).unwrap();
    }

    fn opens(&mut self, message: &[u8], text: &[u8]) {
        assert_eq!(self.bob.decrypt(message).unwrap().plaintext.as_bytes(), text);
    }

    /// Bob refuses, and has not changed.
    fn refuses(&mut self, message: &[u8], error: DecryptError) {
        let before = self.bob.snapshot();
        assert_eq!(self.bob.decrypt(message), Err(error));
        assert_eq!(before.expose(), self.bob.snapshot().expose());
    }
}

fn accept(world: &mut World, first: &[u8], limits: Limits) -> Result<Session, AcceptError> {
    let bobs = Context::new(address("bob"), address("alice"));
    let bobs = bobs.policy(Policy::ClassicalAllowed).limits(limits);
    let request = PreKeyMessage::decode(first).unwrap();
    let accepted = Session::accept(&world.bob, &mut world.prekeys, &request, &bobs, NOW);
    accepted.map(|accepted| accepted.session)
}

fn limits(max_jump: u32, max_stored: u32) -> Limits {
    Limits::new(max_jump, max_stored).unwrap()
}

/// A session as another hand might have stored it. `edit` is given the snapshot and where its sending part begins.
fn edited(session: &Session, edit: impl FnOnce(&mut [u8], usize)) -> Result<Session, RestoreError> {
    let snapshot = session.snapshot();
    let mut bytes = snapshot.expose().to_vec();
    // Behind the transcript's hash: the prefix hash, the prefix, the exporter key, the limits, RK, the remote key.
    let id = bytes.windows(32).position(|window| window == session.id()).unwrap();
    let prefix = usize::from(u16::from_be_bytes([bytes[id + 64], bytes[id + 65]]));
    edit(&mut bytes, id + 66 + prefix + 32 + 8 + 32 + 32);
    let framed = bytes.len() - 8;
    let sum = Sha256::new().chain_update(b"confidant/v1/snapshot").chain_update(&bytes[..framed]);
    bytes[framed..].copy_from_slice(&sum.finalize()[..8]);
    Session::restore(&bytes, 0)
}

/// Where the next number of an active sending chain is, behind the sending part's beginning; its chain key follows.
const SENDING_NUMBER: usize = 1 + 32 + 32 + 4;
/// Where the receiving part begins, behind that of an active sending part, and of an idle one.
const AFTER_ACTIVE: usize = SENDING_NUMBER + 4 + 32;
const AFTER_IDLE: usize = 1 + 4;

/// The session after it has sent `n` messages: `CK' = HMAC(CK, 0x02)`, `n` times.
fn leap(session: &Session, n: u32) -> Session {
    let leapt = edited(session, |bytes, sending| {
        assert_eq!(bytes[sending], 1, "an active chain");
        let number = sending + SENDING_NUMBER;
        let next = u32::from_be_bytes(bytes[number..number + 4].try_into().unwrap()) + n;
        bytes[number..number + 4].copy_from_slice(&next.to_be_bytes());
        let chain = &mut bytes[number + 4..number + 36];
        for _ in 0..n {
            let mac = Hmac::<Sha256>::new_from_slice(chain).unwrap().chain_update([2]);
            chain.copy_from_slice(&mac.finalize().into_bytes());
        }
    });
    leapt.unwrap()
}

/// a message may pass over `max_jump` keys of the current chain, and not one more.
#[test]
fn a_jump_in_the_current_chain_is_bounded() {
    for jump in [0, 1, 7, DEFAULT, MAX_JUMP] {
        let mut pair = Pair::new(limits(jump, 5));
        pair.lose(jump);
        let at_the_limit = pair.send(b"at the limit");
        let beyond = pair.send(b"beyond");
        pair.refuses(&beyond, DecryptError::TooFarAhead);
        pair.opens(&at_the_limit, b"at the limit");
        pair.opens(&beyond, b"beyond");
    }
}

/// so is the jump to the end of a chain that a new one ends.
#[test]
fn a_jump_to_the_end_of_a_chain_is_bounded() {
    for jump in [0, 1, 7, DEFAULT] {
        for (lost, opens) in [(jump, true), (jump + 1, false)] {
            let mut pair = Pair::new(limits(jump, 5));
            pair.lose(lost);
            pair.turn();
            let message = pair.send(b"turns");
            if opens {
                pair.opens(&message, b"turns");
            } else {
                pair.refuses(&message, DecryptError::TooFarAhead);
            }
        }
    }
}

/// so is the jump into a new chain, and the two are counted apart.
#[test]
fn a_jump_into_a_new_chain_is_bounded() {
    for jump in [0, 1, 7, DEFAULT] {
        let mut pair = Pair::new(limits(jump, MAX_STORED));
        let begun = pair.send(b"begun");
        pair.opens(&begun, b"begun");
        pair.lose(jump);
        pair.turn();
        let turns = pair.send(b"turns");
        pair.lose(jump.saturating_sub(1));
        let at_the_limit = if jump == 0 { turns } else { pair.send(b"turns") };
        let beyond = pair.send(b"beyond");
        pair.refuses(&beyond, DecryptError::TooFarAhead);
        pair.opens(&at_the_limit, b"turns");
        assert_eq!(pair.bob.skipped(), usize::try_from(2 * jump).unwrap());
        pair.opens(&beyond, b"beyond");
    }
}

/// so is the jump of a first message, which leaves the pre-keys alone when it is refused.
#[test]
fn a_jump_in_a_first_message_is_bounded() {
    for suite in SUITES {
        for (lost, error) in [(7, None), (8, Some(AcceptError::TooFarAhead))] {
            let mut world = World::new(*suite, 1, 31);
            let mut alice = world.initiate();
            alice.encrypt(b"lost", &mut world.rng).unwrap();
            alice = leap(&alice, lost - 1);
            let message = alice.encrypt(b"hello", &mut world.rng).unwrap();
            let before = world.prekeys.snapshot();
            let accepted = accept(&mut world, &message, limits(7, 5));
            assert_eq!(accepted.as_ref().err().copied(), error);
            match accepted {
                Ok(session) => assert_eq!(session.skipped(), 5),
                Err(_) => assert_eq!(before.expose(), world.prekeys.snapshot().expose()),
            }
        }
    }
}

/// nobody can set a limit above its hard maximum, in a snapshot neither.
#[test]
fn limits_have_hard_maxima() {
    assert_eq!((MAX_JUMP, MAX_STORED), (25_000, 25_000));
    assert!(Limits::new(25_000, 25_000).is_ok());
    assert_eq!(Limits::new(25_001, 0), Err(LimitTooHigh));
    assert_eq!(Limits::new(0, 25_001), Err(LimitTooHigh));
    let default = Limits::default();
    assert_eq!((default.max_jump(), default.max_stored()), (DEFAULT, DEFAULT));

    let pair = Pair::new(limits(25_000, 25_000));
    let set = |offset: usize, value: u32| {
        edited(&pair.bob, |bytes, sending| {
            let at = sending - 72 + offset;
            assert_eq!(bytes[at..at + 4], 25_000_u32.to_be_bytes());
            bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
        })
    };
    for offset in [0, 4] {
        assert!(set(offset, 25_000).is_ok());
        let refused = set(offset, 25_001).unwrap_err();
        assert_eq!(refused, RestoreError::Malformed(DecodeError::NotCanonical));
    }
}

/// the largest store can be filled by one jump, read back from a snapshot, and emptied.
#[test]
fn the_largest_store_holds_one_largest_jump() {
    let mut pair = Pair::new(limits(MAX_JUMP, MAX_STORED));
    let oldest = pair.send(b"oldest");
    pair.lose(MAX_JUMP - 2);
    let newest = pair.send(b"newest");
    let last = pair.send(b"last");
    pair.opens(&last, b"last");
    assert_eq!(pair.bob.skipped(), 25_000);
    let snapshot = pair.bob.snapshot();
    pair.bob = Session::restore(snapshot.expose(), 0).unwrap();
    assert_eq!(pair.bob.snapshot().expose(), snapshot.expose());
    pair.opens(&oldest, b"oldest");
    pair.opens(&newest, b"newest");
    assert_eq!(pair.bob.skipped(), 24_998);
}

/// a full store keeps every key, and one key more costs exactly the oldest; what was forgotten is told from what
/// was read.
#[test]
fn a_full_store_forgets_the_oldest_first() {
    let mut pair = Pair::new(limits(10, 5));
    let late: Vec<_> = (0..5).map(|_| pair.send(b"late")).collect();
    let sixth = pair.send(b"sixth");
    pair.opens(&sixth, b"sixth");
    assert_eq!(pair.bob.skipped(), 5);
    pair.opens(&late[1], b"late");

    let later: Vec<_> = (0..2).map(|_| pair.send(b"later")).collect();
    let ninth = pair.send(b"ninth");
    pair.opens(&ninth, b"ninth");
    assert_eq!(pair.bob.skipped(), 5);
    pair.refuses(&late[0], DecryptError::Forgotten);
    pair.refuses(&late[1], DecryptError::Duplicate);
    for message in &late[2..] {
        pair.opens(message, b"late");
    }
    for message in &later {
        pair.opens(message, b"later");
        pair.refuses(message, DecryptError::Duplicate);
    }
    assert_eq!(pair.bob.skipped(), 0);
    pair.refuses(&late[0], DecryptError::Forgotten);
}

/// the oldest go first across chains, too, whichever jump makes room necessary.
#[test]
fn the_oldest_chain_is_forgotten_first() {
    let mut pair = Pair::new(limits(10, 4));
    let old: Vec<_> = (0..3).map(|_| pair.send(b"old")).collect();
    pair.turn();
    let new: Vec<_> = (0..2).map(|_| pair.send(b"new")).collect();
    let third = pair.send(b"third");
    // Three keys of the chain that ends and two of the one that begins, where there is room for four.
    pair.opens(&third, b"third");
    assert_eq!(pair.bob.skipped(), 4);
    pair.refuses(&old[0], DecryptError::Forgotten);
    for message in &old[1..] {
        pair.opens(message, b"old");
    }
    for message in &new {
        pair.opens(message, b"new");
    }
}

/// one jump may be longer than the store; and where nothing is stored, all still goes on.
#[test]
fn a_jump_longer_than_the_store_keeps_its_newest() {
    for stored in [0, 1, 4] {
        let mut pair = Pair::new(limits(10, stored));
        let late: Vec<_> = (0..5).map(|_| pair.send(b"late")).collect();
        let sixth = pair.send(b"sixth");
        pair.opens(&sixth, b"sixth");
        let kept = usize::try_from(stored).unwrap();
        assert_eq!(pair.bob.skipped(), kept);
        let (forgotten, kept) = late.split_at(5 - kept);
        for message in forgotten {
            pair.refuses(message, DecryptError::Forgotten);
        }
        for message in kept {
            pair.opens(message, b"late");
        }
        pair.refuses(&sixth, DecryptError::Duplicate);
    }
}

/// A message that claims this key, PN and N, and that nobody has authenticated.
fn forged(ratchet_key: &[u8], previous: u32, number: u32) -> Vec<u8> {
    let header = [&[1, 2], ratchet_key, &previous.to_be_bytes(), &number.to_be_bytes()].concat();
    [&header[..], &[0x5a; SHORTEST_BODY]].concat()
}

/// A key that nobody has: the base point of X25519.
const STRANGER: [u8; 32] = {
    let mut key = [0; 32];
    key[0] = 9;
    key
};

/// a forged message that claims as much as the limits allow leaves nothing behind and evicts nothing; claiming
/// one more is refused by its header.
#[test]
fn a_forged_jump_leaves_nothing_and_evicts_nothing() {
    let mut pair = Pair::new(limits(10, 5));
    let late: Vec<_> = (0..5).map(|_| pair.send(b"late")).collect();
    let sixth = pair.send(b"sixth");
    pair.opens(&sixth, b"sixth");
    pair.bob.encrypt(b"makes him active", &mut pair.world.rng).unwrap();

    let current = &sixth[2..34];
    // Bob has read up to number 6 of chain 1: `next` is 7.
    for (key, previous, number) in
        [(current, 0, 7), (current, 0, 17), (&STRANGER[..], 7, 10), (&STRANGER[..], 17, 10)]
    {
        pair.refuses(&forged(key, previous, number), DecryptError::Unauthentic);
    }
    for (key, previous, number) in [
        (current, 0, 18),
        (current, 0, u32::MAX),
        (&STRANGER[..], 18, 0),
        (&STRANGER[..], 17, 11),
        (&STRANGER[..], u32::MAX, 0),
        (&STRANGER[..], 7, u32::MAX),
    ] {
        pair.refuses(&forged(key, previous, number), DecryptError::TooFarAhead);
    }
    // A chain cannot end before what has been read of it.
    pair.refuses(&forged(&STRANGER, 6, 0), DecryptError::Unauthentic);
    assert_eq!(pair.bob.skipped(), 5);
    for message in &late {
        pair.opens(message, b"late");
    }
}

/// to a party that awaits no turn, a new key is refused whatever its numbers are.
#[test]
fn a_forged_turn_is_refused_by_who_awaits_none() {
    let mut pair = Pair::new(limits(10, 5));
    for (previous, number) in [(0, 0), (1, 10), (1, 11), (u32::MAX, u32::MAX)] {
        pair.refuses(&forged(&STRANGER, previous, number), DecryptError::Unauthentic);
    }
}

/// a receiver remembers 32 chains besides the current one, and with the 33rd the oldest goes, kept keys and all.
#[test]
fn thirty_two_ended_chains_are_remembered() {
    let mut pair = Pair::new(limits(10, 100));
    let mut late = Vec::new();
    // The handshake's chain is ended already, and chain 1 is current: with these there are 1 to 33.
    for chain in 1..=33 {
        if chain > 1 {
            pair.turn();
        }
        late.push(pair.send(b"late"));
        let read = pair.send(b"read");
        pair.opens(&read, b"read");
    }
    assert_eq!(pair.bob.skipped(), 33);
    let mut copy = Pair { bob: edited(&pair.bob, |_, _| {}).unwrap(), ..pair };
    copy.opens(&late[0], b"late");

    copy.turn();
    let read = copy.send(b"read");
    copy.opens(&read, b"read");
    assert_eq!(copy.bob.skipped(), 32);
    copy.opens(&late[1], b"late");
    assert_eq!(copy.bob.skipped(), 31);
}

/// of a chain that is no longer remembered, a receiver cannot even say that it was one.
#[test]
fn a_chain_beyond_those_remembered_is_a_stranger_s() {
    let mut pair = Pair::new(limits(10, 100));
    let late = pair.send(b"late");
    for ended in 1..=33 {
        pair.turn();
        let read = pair.send(b"read");
        pair.opens(&read, b"read");
        assert_eq!(pair.bob.skipped(), usize::from(ended <= 32));
    }
    pair.refuses(&late, DecryptError::Unauthentic);
    pair.bob.encrypt(b"makes him active", &mut pair.world.rng).unwrap();
    pair.refuses(&late, DecryptError::Unauthentic);
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs() + seconds)
}

impl Pair {
    /// One message is lost for now, and the one after it read.
    fn gap(&mut self) -> Vec<u8> {
        let late = self.send(b"late");
        let read = self.send(b"read");
        self.opens(&read, b"read");
        late
    }

    /// Calls `expire_skipped`. Says how many keys are kept then; nothing has changed unless it said so.
    fn expire(&mut self, seconds: u64, max_age: u64) -> (bool, usize) {
        let (before, epoch) = (self.bob.snapshot(), self.bob.epoch());
        let changed = self.bob.expire_skipped(at(seconds), max_age);
        assert_eq!(before.expose() != self.bob.snapshot().expose(), changed);
        assert_eq!(self.bob.epoch(), epoch + u64::from(changed));
        (changed, self.bob.skipped())
    }
}

/// a kept key is dropped `max_age` seconds after a call has seen it, not a second before, and is then forgotten
/// rather than a duplicate.
#[test]
fn a_kept_key_expires_at_its_age() {
    let mut pair = Pair::new(Limits::default());
    assert_eq!(pair.expire(0, 100), (false, 0), "nothing to see");
    let late = pair.gap();
    let read_late = pair.gap();
    pair.opens(&read_late, b"late");
    assert_eq!(pair.expire(1_000, 100), (true, 1), "seen");
    assert_eq!(pair.expire(1_000, 100), (false, 1), "seen already");
    pair.refuses(&read_late, DecryptError::Duplicate);
    assert_eq!(pair.expire(1_099, 100), (false, 1), "a second before");
    assert_eq!(pair.expire(1_100, 100), (true, 0), "of age");
    pair.refuses(&late, DecryptError::Forgotten);
    // Of what was read before that, it can no longer be told.
    pair.refuses(&read_late, DecryptError::Forgotten);
    assert_eq!(pair.expire(1_101, 100), (false, 0));
}

/// a key that no call has seen does not expire, however late the call is; an age of 0 drops what is seen.
#[test]
fn a_key_that_was_never_seen_does_not_expire() {
    let mut pair = Pair::new(Limits::default());
    pair.gap();
    assert_eq!(pair.expire(1_000_000, 1), (true, 1));
    assert_eq!(pair.expire(1_000_001, 1), (true, 0));
    pair.gap();
    assert_eq!(pair.expire(1_000_001, 0), (true, 0));
}

/// keys of an ended chain expire like those of the current one, and younger ones stay.
#[test]
fn keys_expire_by_age_over_chains() {
    let mut pair = Pair::new(Limits::default());
    let old = pair.gap();
    assert_eq!(pair.expire(0, 80), (true, 1));
    let middle = pair.gap();
    pair.turn();
    let young = pair.gap();
    assert_eq!(pair.expire(9, 80), (false, 3), "an eighth of the age has not passed");
    assert_eq!(pair.expire(10, 80), (true, 3), "an eighth has");
    assert_eq!(pair.expire(79, 80), (false, 3));
    assert_eq!(pair.expire(80, 80), (true, 2));
    pair.refuses(&old, DecryptError::Forgotten);
    assert_eq!(pair.expire(89, 80), (false, 2));
    pair.opens(&middle, b"late");
    assert_eq!(pair.expire(90, 80), (true, 0));
    pair.refuses(&young, DecryptError::Forgotten);
}

/// sixteen calls are remembered. With more, which only growing ages make, the newest of them becomes later: no key is
/// dropped early.
#[test]
fn keys_seen_by_more_calls_than_are_remembered_live_longer() {
    let mut pair = Pair::new(Limits::default());
    // Each call comes when the eighth of its age has passed, and no key is of age.
    let times: Vec<u64> = (1..=18).map(|call| 1 << call).collect();
    let late: Vec<_> = times
        .iter()
        .zip(1..)
        .map(|(time, kept)| {
            let late = pair.gap();
            assert_eq!(pair.expire(*time, 4 * time), (true, kept));
            late
        })
        .collect();
    let age = 1 << 19;
    for (index, time) in times.iter().enumerate().take(15) {
        assert_eq!(pair.expire(time + age - 1, age), (false, 18 - index), "key {index}");
        assert_eq!(pair.expire(time + age, age), (true, 17 - index), "key {index}");
        pair.refuses(&late[index], DecryptError::Forgotten);
    }
    assert_eq!(pair.expire(times[17] + age - 1, age), (false, 3));
    pair.opens(&late[16], b"late");
    assert_eq!(pair.expire(times[17] + age, age), (true, 0));
}

/// a clock that ran ahead for a while does not keep keys until it is right.
#[test]
fn a_clock_that_goes_back_does_not_keep_keys() {
    let mut pair = Pair::new(Limits::default());
    pair.gap();
    assert_eq!(pair.expire(1_000_000, 100), (true, 1));
    assert_eq!(pair.expire(50, 100), (true, 1), "the mark goes back");
    assert_eq!(pair.expire(149, 100), (false, 1));
    assert_eq!(pair.expire(150, 100), (true, 0));
}

/// at the end of time nothing overflows.
#[test]
fn ages_and_times_saturate() {
    let mut pair = Pair::new(Limits::default());
    pair.gap();
    let end = UnixTime::from_secs(u64::MAX);
    assert!(pair.bob.expire_skipped(end, u64::MAX));
    assert_eq!(pair.bob.skipped(), 0, "the end of time is the age of everything");
    pair.gap();
    assert!(pair.bob.expire_skipped(at(0), u64::MAX));
    assert!(!pair.bob.expire_skipped(UnixTime::from_secs(u64::MAX - 1), u64::MAX));
    assert_eq!(pair.bob.skipped(), 1);
}

/// The longest plaintext: with header, salt and commitment, and a tag for each of 1,023 chunks, the longest message.
const LONGEST: usize = MAX_MESSAGE - 42 - 24 - 32 - 1_023 * 16;

/// One byte above the longest plaintext is refused before anything is drawn; the longest is not.
#[test]
fn a_plaintext_is_bounded() {
    assert_eq!(LONGEST / 16_384 + 1, 1_023, "full chunks and one that is not");
    let mut pair = Pair::new(Limits::default());
    let mut rng = TestRng::new(32);
    rng.fail_at = Some(0);
    let before = pair.alice.snapshot();
    let too_long = vec![0; LONGEST + 1];
    assert_eq!(pair.alice.encrypt(&too_long, &mut rng), Err(EncryptError::TooLong));
    let longest = &too_long[..LONGEST];
    assert_eq!(pair.alice.encrypt(longest, &mut rng), Err(EncryptError::Randomness));
    assert_eq!(before.expose(), pair.alice.snapshot().expose());
}

/// The longest message arrives.
#[test]
#[cfg_attr(debug_assertions, ignore = "16 MiB take seconds where nothing is optimized")]
fn the_longest_message_arrives() {
    let mut pair = Pair::new(Limits::default());
    let longest = vec![7; LONGEST];
    let message = pair.send(&longest);
    assert_eq!(message.len(), MAX_MESSAGE);
    pair.opens(&message, &longest);
}

/// what is longer than a message can be is refused unread; in a pre-key message, the message inside is what counts.
#[test]
fn a_message_is_bounded() {
    let mut pair = Pair::new(Limits::default());
    let genuine = pair.send(b"genuine");
    let mut long = genuine.clone();
    long.resize(MAX_MESSAGE, 0);
    pair.refuses(&long, DecryptError::Unauthentic);
    long.push(0);
    pair.refuses(&long, DecryptError::Malformed(DecodeError::TooLong));

    let mut alice = pair.world.initiate();
    let mut first = alice.encrypt(b"", &mut pair.world.rng).unwrap();
    let prefix = first.len() - 114;
    first.resize(prefix + MAX_MESSAGE, 0);
    assert!(PreKeyMessage::decode(&first).is_ok());
    first.push(0);
    assert_eq!(PreKeyMessage::decode(&first).err(), Some(DecodeError::TooLong));
    pair.refuses(&first, DecryptError::Malformed(DecodeError::TooLong));
    pair.opens(&genuine, b"genuine");
}

/// The exporter gives 1 to 8,160 bytes, the same on both sides, for labels and contexts of up to 65,535 bytes.
#[test]
fn the_exporter_is_bounded() {
    assert_eq!(MAX_EXPORT, 8_160);
    for suite in SUITES {
        let Pair { alice, bob, .. } = Pair::of(*suite, Limits::default());
        let long = vec![7; 65_536];
        let longest = &long[..65_535];
        let one = alice.exporter::<1>(longest, longest).unwrap();
        let most = bob.exporter::<8_160>(longest, longest).unwrap();
        assert_eq!(one.expose()[0], most.expose()[0]);
        assert_eq!(
            most.expose()[..],
            alice.exporter::<8_160>(longest, longest).unwrap().expose()[..]
        );
        assert_eq!(alice.exporter::<1>(&long, b"").unwrap_err(), ExportError::TooLong);
        assert_eq!(alice.exporter::<1>(b"", &long).unwrap_err(), ExportError::TooLong);
    }
}

/// Alice's and Bob's sessions, with `number` next in her chain, on both sides.
fn far_along(number: u32) -> Pair {
    let Pair { world, alice, bob } = Pair::new(Limits::default());
    let alice = edited(&alice, |bytes, sending| {
        let at = sending + SENDING_NUMBER;
        assert_eq!(bytes[at..at + 4], 1_u32.to_be_bytes());
        bytes[at..at + 4].copy_from_slice(&number.to_be_bytes());
    });
    let bob = edited(&bob, |bytes, sending| {
        assert_eq!(bytes[sending], 0, "an idle chain");
        let at = sending + AFTER_IDLE + 5;
        assert_eq!(bytes[at..at + 4], 1_u32.to_be_bytes());
        bytes[at..at + 4].copy_from_slice(&number.to_be_bytes());
    });
    Pair { world, alice: alice.unwrap(), bob: bob.unwrap() }
}

/// a chain ends at N = 4,294,967,294. Nothing is drawn or changed by trying to go on, and an answer begins a new one.
#[test]
fn a_chain_ends_before_its_counter_does() {
    let mut pair = far_along(u32::MAX - 2);
    let [last_but_one, last] = [(); 2].map(|()| pair.send(b"last"));
    assert_eq!(last[38..42], (u32::MAX - 1).to_be_bytes());
    let before = pair.alice.snapshot();
    let drawn = pair.world.rng.drawn;
    let exhausted = pair.alice.encrypt(b"one more", &mut pair.world.rng);
    assert_eq!(exhausted, Err(EncryptError::ChainExhausted));
    assert_eq!(pair.world.rng.drawn, drawn);
    assert_eq!(before.expose(), pair.alice.snapshot().expose());

    pair.opens(&last, b"last");
    pair.opens(&last_but_one, b"last");
    pair.turn();
    let next = pair.send(b"next");
    assert_eq!(next[34..38], u32::MAX.to_be_bytes(), "PN counts every message of the chain");
    pair.opens(&next, b"next");
    pair.refuses(&last, DecryptError::Duplicate);
}

/// no message is number 4,294,967,295, to a receiver neither.
#[test]
fn the_last_number_is_never_received() {
    let mut pair = far_along(u32::MAX - 1);
    let last = pair.send(b"last");
    let key = last[2..34].to_vec();
    pair.refuses(&forged(&key, 0, u32::MAX), DecryptError::TooFarAhead);
    pair.opens(&last, b"last");
    pair.refuses(&forged(&key, 0, u32::MAX), DecryptError::TooFarAhead);
    pair.refuses(&last, DecryptError::Duplicate);
}

/// a store of kept keys may lie at the end of a chain.
#[test]
fn keys_are_kept_at_the_end_of_a_chain() {
    let mut pair = far_along(u32::MAX - 3);
    let late: Vec<_> = (0..2).map(|_| pair.send(b"late")).collect();
    let last = pair.send(b"last");
    pair.turn();
    let next = pair.send(b"next");
    pair.opens(&next, b"next");
    for message in &late {
        pair.opens(message, b"late");
    }
    pair.opens(&last, b"last");
    assert_eq!(pair.bob.skipped(), 0);
}

/// a peer's 4,294,967,296 chains are the last, too; the one after them is refused and changes nothing.
#[test]
fn the_number_of_chains_is_bounded() {
    let mut pair = Pair::new(Limits::default());
    for (index, error) in [(u32::MAX - 1, None), (u32::MAX, Some(DecryptError::Unauthentic))] {
        pair.turn();
        pair.bob = edited(&pair.bob, |bytes, sending| {
            assert_eq!(bytes[sending], 1, "an active chain");
            let at = sending + AFTER_ACTIVE + 1;
            bytes[at..at + 4].copy_from_slice(&index.to_be_bytes());
        })
        .unwrap();
        let next = pair.send(b"next");
        match error {
            None => assert_eq!(pair.bob.decrypt(&next).unwrap().chain, u32::MAX),
            Some(error) => pair.refuses(&next, error),
        }
    }
}

/// at its end the epoch stays where it is.
#[test]
fn the_epoch_saturates() {
    let mut pair = Pair::new(Limits::default());
    let end = |bytes: &mut [u8], _| bytes[6..14].copy_from_slice(&(u64::MAX - 1).to_be_bytes());
    pair.alice = edited(&pair.alice, end).unwrap();
    for _ in 0..2 {
        pair.send(b"x");
        assert_eq!(pair.alice.epoch(), u64::MAX);
        assert_eq!(pair.alice.snapshot().epoch(), u64::MAX);
    }
}

/// A responder's snapshot at its longest, but for the kept keys: frame, all that is always there with an address of 25 bytes,
/// an active sending chain, a receiving chain, 32 retired chains, 16 marks.
const LONGEST_STATE: usize = 22
    + (1 + 1 + 64 + 25 + 32 + 32 + 2 + 32 + 8 + 32 + 32)
    + 105
    + 41
    + (1 + 32 * 40)
    + 8
    + (1 + 16 * 16)
    + 4;

/// a peer that is authentic and malicious, and makes as many gaps as it can for longer than anything is
/// remembered, does not make the state grow above its bound.
#[test]
fn repeated_turns_with_gaps_do_not_grow_the_state() {
    let (jump, stored) = (20, 30);
    let mut pair = Pair::new(limits(jump, stored));
    let stored = usize::try_from(stored).unwrap();
    for turn in 0..40 {
        pair.lose(jump);
        pair.turn();
        let turns = pair.send(b"turns");
        pair.lose(jump - 1);
        let last = pair.send(b"last");
        pair.opens(&last, b"last");
        pair.bob.expire_skipped(at(turn), 1_000_000);
        pair.bob.encrypt(b"makes him active", &mut pair.world.rng).unwrap();
        assert!(pair.bob.skipped() <= stored);
        assert!(pair.bob.snapshot().expose().len() <= LONGEST_STATE + 40 * stored);
        // What is kept is the newest: the message passed over last.
        pair.opens(&turns, b"turns");
    }
    assert_eq!(pair.bob.skipped(), stored - 1, "the store is full, but for what was just used");
}

/// the same with the limits that sessions have by default: no message adds more than one full store.
#[test]
fn the_default_limits_bound_the_state() {
    let mut pair = Pair::new(Limits::default());
    for _ in 0..3 {
        pair.lose(DEFAULT);
        pair.turn();
        pair.send(b"turns");
        pair.lose(DEFAULT - 1);
        let last = pair.send(b"last");
        pair.opens(&last, b"last");
        assert_eq!(pair.bob.skipped(), 2_000);
        assert!(pair.bob.snapshot().expose().len() <= LONGEST_STATE + 40 * 2_000);
    }
}
