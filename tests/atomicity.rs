//! What fails changes nothing.
//!
//! Every bit of a message and of a first message is flipped, at every stage of a conversation. Each change is refused with
//! the error that the specification's table of errors gives, the snapshots before and after are the same bytes, and the
//! genuine message still opens.

mod common;

use common::{Failed, NOW, SUITES, TestRng, World, bobs};
use confidant::{
    AcceptError, DecodeError, DecryptError, EncryptError, PreKeyKind, PreKeyMessage, PreKeyStore,
    Session, Suite,
};
use getrandom::rand_core::{TryCryptoRng, TryRng};

const HEADER: usize = 42;
const SHORTEST: usize = 114;
const CIPHERTEXT: usize = 1_568;
const CHUNK: usize = 16_384 + 16;
/// `max_jump`, unless set otherwise.
const JUMP: u32 = 2_000;

/// A receiver in a known state, and a message that it has not read.
struct Stage {
    name: &'static str,
    receiver: Session,
    message: Vec<u8>,
    text: &'static [u8],
    /// Is the receiver's own sending chain active?
    active: bool,
    current: Option<Chain>,
    retired: Option<Chain>,
}

/// What the receiver knows of one receiving chain.
#[derive(Clone)]
struct Chain {
    key: [u8; 32],
    /// The number of the next message, or the chain's length if it has ended.
    end: u32,
    kept: Vec<u32>,
}

impl Chain {
    fn of(message: &[u8], end: u32, kept: &[u32]) -> Option<Self> {
        Some(Self { key: header(message).0, end, kept: kept.to_vec() })
    }

    /// What a changed message gives whose number has passed.
    fn passed(&self, number: u32) -> DecryptError {
        if self.kept.contains(&number) {
            DecryptError::Unauthentic
        } else {
            DecryptError::Duplicate
        }
    }
}

impl Stage {
    /// "On decrypting, by the ratchet key of the header", of the specification, for a message that does not open.
    fn refusal(&self, message: &[u8]) -> DecryptError {
        let (key, previous, number) = header(message);
        let next = match (&self.current, &self.retired) {
            (Some(chain), _) if chain.key == key => {
                return match number.checked_sub(chain.end) {
                    None => chain.passed(number),
                    Some(jump) if jump > JUMP => DecryptError::TooFarAhead,
                    Some(_) => DecryptError::Unauthentic,
                };
            }
            (_, Some(chain)) if chain.key == key && number < chain.end => {
                return chain.passed(number);
            }
            (_, Some(chain)) if chain.key == key => return DecryptError::Unauthentic,
            (Some(chain), _) => chain.end,
            (None, _) if previous != 0 => return DecryptError::Unauthentic,
            (None, _) => 0,
        };
        match previous.checked_sub(next) {
            _ if !self.active => DecryptError::Unauthentic,
            None => DecryptError::Unauthentic,
            Some(jump) if jump > JUMP || number > JUMP => DecryptError::TooFarAhead,
            Some(_) => DecryptError::Unauthentic,
        }
    }

    /// What the changed bytes give, when the byte at `offset` is what was changed.
    fn expected(&self, changed: &[u8], offset: usize) -> DecryptError {
        match offset {
            0 => DecryptError::Malformed(DecodeError::UnsupportedVersion),
            1 => DecryptError::Malformed(DecodeError::WrongKind),
            33 if changed[33] & 0x80 != 0 => DecryptError::Malformed(DecodeError::InvalidKey),
            _ => self.refusal(changed),
        }
    }

    /// Hands over what is not the genuine message: refused, and nothing changed.
    fn refuses(&mut self, changed: &[u8], associated_data: &[u8]) -> DecryptError {
        let before = self.receiver.snapshot();
        let error = self.receiver.decrypt_with(changed, associated_data).expect_err(self.name);
        assert_eq!(before.expose(), self.receiver.snapshot().expose(), "{}", self.name);
        error
    }

    fn opens(&mut self) {
        let received = self.receiver.decrypt(&self.message).expect(self.name);
        assert_eq!(received.plaintext.as_bytes(), self.text, "{}", self.name);
    }
}

/// (ratchet key, PN, N) of a message.
fn header(message: &[u8]) -> ([u8; 32], u32, u32) {
    let number = |at: usize| u32::from_be_bytes(message[at..at + 4].try_into().unwrap());
    (message[2..34].try_into().unwrap(), number(34), number(38))
}

fn send(session: &mut Session, text: &[u8], world: &mut World) -> Vec<u8> {
    session.encrypt(text, &mut world.rng).unwrap()
}

/// Both have spoken; Bob has just been answered, so his sending chain is idle, and Alice's is active.
fn bob_listens(world: &mut World) -> (Session, Session, Vec<u8>) {
    let (mut alice, mut bob) = world.conversation();
    let first = send(&mut alice, b"first", world);
    bob.decrypt(&first).unwrap();
    (alice, bob, first)
}

fn stages(suite: Suite) -> Vec<Stage> {
    let mut world = World::new(suite, 1, 10);
    let world = &mut world;
    vec![
        first_reply(world),
        next_of_the_chain(world, false),
        next_of_the_chain(world, true),
        kept(world),
        late(world, false),
        late(world, true),
        turning(world),
    ]
}

/// An initiator has sent, and nothing has come back.
fn first_reply(world: &mut World) -> Stage {
    let mut alice = world.initiate();
    let hello = send(&mut alice, b"hello", world);
    let mut bob = world.accept(&hello).session;
    let message = send(&mut bob, b"reply", world);
    Stage {
        name: "the first reply",
        receiver: alice,
        message,
        text: b"reply",
        active: true,
        current: None,
        retired: None,
    }
}

/// The next message of a receiving chain, while the receiver has answered that chain (`active`) or has not.
fn next_of_the_chain(world: &mut World, active: bool) -> Stage {
    let (mut alice, mut bob, first) = bob_listens(world);
    if active {
        send(&mut bob, b"crosses", world);
    }
    let message = send(&mut alice, b"second", world);
    Stage {
        name: if active { "next, after an answer" } else { "next" },
        receiver: bob,
        message,
        text: b"second",
        active,
        current: Chain::of(&first, 1, &[]),
        retired: None,
    }
}

/// A message that was passed over, with others.
fn kept(world: &mut World) -> Stage {
    let (mut alice, mut bob, first) = bob_listens(world);
    let passed: Vec<_> = (1..5).map(|_| send(&mut alice, b"passed over", world)).collect();
    let last = send(&mut alice, b"last", world);
    bob.decrypt(&last).unwrap();
    Stage {
        name: "kept",
        receiver: bob,
        message: passed[1].clone(),
        text: b"passed over",
        active: false,
        current: Chain::of(&first, 6, &[1, 2, 3, 4]),
        retired: None,
    }
}

/// A message of a chain that has ended, when the chain after it has begun.
fn late(world: &mut World, active: bool) -> Stage {
    let (mut alice, mut bob, first) = bob_listens(world);
    let late = send(&mut alice, b"late", world);
    send(&mut alice, b"lost", world);
    let third = send(&mut alice, b"third", world);
    bob.decrypt(&third).unwrap();
    let answer = send(&mut bob, b"answer", world);
    alice.decrypt(&answer).unwrap();
    let next = send(&mut alice, b"next", world);
    bob.decrypt(&next).unwrap();
    if active {
        send(&mut bob, b"crosses", world);
    }
    Stage {
        name: if active { "late, after an answer" } else { "late" },
        receiver: bob,
        message: late,
        text: b"late",
        active,
        current: Chain::of(&next, 1, &[]),
        retired: Chain::of(&first, 4, &[1, 2]),
    }
}

/// A message that turns the ratchet, passes over one message of the chain that it ends and one of its own.
fn turning(world: &mut World) -> Stage {
    let (mut alice, mut bob, first) = bob_listens(world);
    send(&mut alice, b"lost", world);
    let answer = send(&mut bob, b"answer", world);
    alice.decrypt(&answer).unwrap();
    send(&mut alice, b"lost", world);
    let message = send(&mut alice, b"turns", world);
    Stage {
        name: "turning",
        receiver: bob,
        message,
        text: b"turns",
        active: true,
        current: Chain::of(&first, 1, &[]),
        retired: None,
    }
}

/// no bit of a message can be changed, at any stage, and trying to changes nothing.
#[test]
fn every_bit_of_a_message_is_authentic() {
    for mut stage in SUITES.iter().flat_map(|suite| stages(*suite)) {
        let genuine = stage.message.clone();
        for bit in 0..genuine.len() * 8 {
            let mut changed = genuine.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let expected = stage.expected(&changed, bit / 8);
            assert_eq!(stage.refuses(&changed, &[]), expected, "{}, bit {bit}", stage.name);
        }
        stage.opens();
        assert_eq!(stage.refuses(&genuine, &[]), DecryptError::Duplicate);
    }
}

/// no part of a message can be left out, tags and commitment included, and nothing can be added.
#[test]
fn no_byte_can_be_cut_off_or_added() {
    for mut stage in SUITES.iter().flat_map(|suite| stages(*suite)) {
        let genuine = stage.message.clone();
        for len in 0..genuine.len() {
            let expected = if len < SHORTEST {
                DecryptError::Malformed(DecodeError::Truncated)
            } else {
                DecryptError::Unauthentic
            };
            assert_eq!(stage.refuses(&genuine[..len], &[]), expected, "{}, {len}", stage.name);
        }
        for added in [0x00, 0x01, 0xff] {
            let longer = [&genuine[..], &[added]].concat();
            assert_eq!(stage.refuses(&longer, &[]), DecryptError::Unauthentic, "{}", stage.name);
        }
        stage.opens();
    }
}

/// the chunks of a long message hold together, and nothing is read of a part of it.
#[test]
fn the_chunks_of_a_long_message_hold_together() {
    let mut world = World::new(Suite::X3dh, 1, 11);
    let mut stage = next_of_the_chain(&mut world, false);
    stage.message = {
        let (mut alice, bob) = world.conversation();
        stage.receiver = bob;
        send(&mut alice, &[7; 2 * 16_384], &mut world)
    };
    let message = stage.message.clone();
    let (front, chunks) = message.split_at(HEADER + 24 + 32);
    assert_eq!(chunks.len(), 2 * CHUNK + 16, "a last chunk that is empty");
    let (one, rest) = chunks.split_at(CHUNK);
    let (two, last) = rest.split_at(CHUNK);
    let wrong: [&[&[u8]]; 7] = [
        &[front, one, two],
        &[front, one, last],
        &[front, one],
        &[front, last],
        &[front, two, one, last],
        &[front, one, one, last],
        &[front, one, two, last, last],
    ];
    for parts in wrong {
        assert_eq!(stage.refuses(&parts.concat(), &[]), DecryptError::Unauthentic);
    }
    let received = stage.receiver.decrypt(&message).unwrap();
    assert_eq!(received.plaintext.as_bytes(), [7; 2 * 16_384]);
}

/// a message opens with the associated data that it was bound to and with no other.
#[test]
fn a_message_opens_with_its_own_associated_data_alone() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 12);
        let (mut alice, mut bob) = world.conversation();
        let bound = alice.encrypt_with(b"bound", b"room 7", &mut world.rng).unwrap();
        let before = bob.snapshot();
        for wrong in [&b""[..], b"room", b"room 8", b"room 7\0", b"Room 7"] {
            assert_eq!(bob.decrypt_with(&bound, wrong), Err(DecryptError::Unauthentic));
            assert_eq!(before.expose(), bob.snapshot().expose());
        }
        let free = send(&mut alice, b"free", &mut world);
        assert_eq!(bob.decrypt_with(&free, b"room 7"), Err(DecryptError::Unauthentic));
        assert_eq!(before.expose(), bob.snapshot().expose());
        let received = bob.decrypt_with(&bound, b"room 7").unwrap();
        assert_eq!(received.plaintext.as_bytes(), b"bound");
        assert_eq!(bob.decrypt(&free).unwrap().plaintext.as_bytes(), b"free");
    }
}

/// A first message, and where its parts begin.
struct First {
    world: World,
    message: Vec<u8>,
    suite: Suite,
    /// Does it use a one-time pre-key?
    one_time: bool,
    /// Length of the prefix.
    prefix: usize,
}

impl First {
    fn new(suite: Suite, one_time: bool, seed: u64) -> Self {
        let mut world = World::new(suite, usize::from(one_time), seed);
        let mut alice = world.initiate();
        let message = send(&mut alice, b"hello", &mut world);
        let kem = if suite.is_hybrid() { 8 + CIPHERTEXT } else { 0 };
        let prefix = 108 + 8 * usize::from(one_time) + kem;
        Self { world, message, suite, one_time, prefix }
    }

    /// The bits to flip: all, but of a KEM ciphertext every 37th.
    fn bits(&self) -> impl Iterator<Item = usize> + use<> {
        let ciphertext =
            if self.suite.is_hybrid() { self.prefix - CIPHERTEXT..self.prefix } else { 0..0 };
        (0..self.message.len() * 8)
            .filter(move |bit| !ciphertext.contains(&(bit / 8)) || bit % 37 == 0)
    }

    /// Is this what a change of the byte at `offset` must give?
    fn is_expected(&self, changed: &[u8], offset: usize, refusal: Refusal) -> bool {
        use DecodeError::{
            InvalidFlags, InvalidKey, UnsupportedSuite, UnsupportedVersion, WrongKind,
        };
        let decode = |error| refusal == Refusal::Decode(error);
        let unknown = |kind| refusal == Refusal::Accept(AcceptError::UnknownPreKey(kind));
        let unauthentic = refusal == Refusal::Accept(AcceptError::Unauthentic);
        let one_time_end = if self.one_time { 116 } else { 108 };
        let top = changed[offset] & 0x80 != 0;
        match offset {
            0 => decode(UnsupportedVersion),
            1 => decode(WrongKind),
            2 => decode(UnsupportedSuite),
            // With one part more or less than there is, everything behind it is read in the wrong place.
            3 if changed[3] < 2 => matches!(refusal, Refusal::Decode(_)),
            3 => decode(InvalidFlags),
            4..36 => decode(InvalidKey) || unauthentic,
            67 | 99 if top => decode(InvalidKey),
            36..100 => unauthentic,
            100..108 => unknown(PreKeyKind::Signed),
            108.. if offset < one_time_end => unknown(PreKeyKind::OneTime),
            _ if offset < self.prefix.min(one_time_end + 8) => unknown(PreKeyKind::KemOneTime),
            _ if offset < self.prefix => unauthentic,
            _ => self.is_expected_inside(changed, offset - self.prefix, refusal),
        }
    }

    /// The same for the message behind the prefix.
    fn is_expected_inside(&self, changed: &[u8], offset: usize, refusal: Refusal) -> bool {
        let inner = &changed[self.prefix..];
        refusal
            == match offset {
                0 => Refusal::Decode(DecodeError::UnsupportedVersion),
                // A frame is for a record.
                1 if inner[1] == 6 => Refusal::Accept(AcceptError::WrongKind),
                1 => Refusal::Decode(DecodeError::WrongKind),
                33 if inner[33] & 0x80 != 0 => Refusal::Decode(DecodeError::InvalidKey),
                38..HEADER if header(inner).2 > JUMP => Refusal::Accept(AcceptError::TooFarAhead),
                _ => Refusal::Accept(AcceptError::Unauthentic),
            }
    }

    /// Hands over what is not the genuine message: refused, and nothing changed.
    fn refuses(&mut self, changed: &[u8]) -> Refusal {
        let before = self.world.prekeys.snapshot();
        let refusal = match PreKeyMessage::decode(changed) {
            Err(error) => Refusal::Decode(error),
            Ok(request) => {
                let World { bob, prekeys, .. } = &mut self.world;
                let accepted = Session::accept(bob, prekeys, &request, &bobs(), NOW);
                Refusal::Accept(accepted.expect_err("changed"))
            }
        };
        assert_eq!(before.expose(), self.world.prekeys.snapshot().expose());
        refusal
    }

    fn opens(mut self) -> Session {
        let accepted = self.world.accept(&self.message);
        assert_eq!(accepted.received.plaintext.as_bytes(), b"hello");
        assert_eq!(accepted.used.recorded, !self.one_time);
        accepted.session
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Decode(DecodeError),
    Accept(AcceptError),
}

fn flip_every_bit(mut first: First) {
    for bit in first.bits() {
        let mut changed = first.message.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let refusal = first.refuses(&changed);
        assert!(first.is_expected(&changed, bit / 8, refusal), "bit {bit}: {refusal:?}");
    }
    first.opens();
}

/// no bit of a first message can be changed, and trying to uses up no pre-key.
#[test]
fn every_bit_of_a_first_message_is_authentic() {
    flip_every_bit(First::new(Suite::X3dh, true, 13));
}

/// the same where the handshake would be recorded, because it used no one-time key.
#[test]
fn every_bit_of_a_first_message_without_one_time_keys_is_authentic() {
    flip_every_bit(First::new(Suite::X3dh, false, 14));
}

/// the same with a key encapsulation.
#[cfg(feature = "pq")]
#[test]
fn every_bit_of_a_hybrid_first_message_is_authentic() {
    flip_every_bit(First::new(Suite::Pqxdh1024, true, 15));
}

/// no part of a first message can be left out, and nothing can be added.
#[test]
fn no_byte_of_a_first_message_can_be_cut_off_or_added() {
    for suite in SUITES {
        let mut first = First::new(*suite, true, 16);
        let genuine = first.message.clone();
        for len in 0..genuine.len() {
            let expected = if len < first.prefix + SHORTEST {
                Refusal::Decode(DecodeError::Truncated)
            } else {
                Refusal::Accept(AcceptError::Unauthentic)
            };
            assert_eq!(first.refuses(&genuine[..len]), expected, "{len}");
        }
        let longer = [&genuine[..], &[0]].concat();
        assert_eq!(first.refuses(&longer), Refusal::Accept(AcceptError::Unauthentic));
        first.opens();
    }
}

/// a first message is bound to its associated data, too.
#[test]
fn a_first_message_opens_with_its_own_associated_data_alone() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 17);
        let mut alice = world.initiate();
        let message = alice.encrypt_with(b"hello", b"room 7", &mut world.rng).unwrap();
        let World { bob, prekeys, .. } = &mut world;
        let accept = |prekeys: &mut PreKeyStore, data| {
            let request = PreKeyMessage::decode(&message).unwrap().with_associated_data(data);
            Session::accept(bob, prekeys, &request, &bobs(), NOW)
        };
        let before = prekeys.snapshot();
        for wrong in [&b""[..], b"room", b"room 8", b"room 7\0"] {
            assert_eq!(accept(prekeys, wrong).unwrap_err(), AcceptError::Unauthentic);
            assert_eq!(before.expose(), prekeys.snapshot().expose());
        }
        let accepted = accept(prekeys, b"room 7").unwrap();
        assert_eq!(accepted.received.plaintext.as_bytes(), b"hello");
    }
}

/// A fresh responder, and the initiator's second message, which repeats the handshake.
fn repeated_handshake(suite: Suite) -> (Stage, usize) {
    let mut world = World::new(suite, 1, 18);
    let mut alice = world.initiate();
    let hello = send(&mut alice, b"hello", &mut world);
    let receiver = world.accept(&hello).session;
    let message = send(&mut alice, b"again", &mut world);
    let prefix = if suite.is_hybrid() { 116 + 8 + CIPHERTEXT } else { 116 };
    let current = Chain::of(&message[prefix..], 1, &[]);
    let name = "a repeated handshake";
    let text = b"again";
    (Stage { name, receiver, message, text, active: false, current, retired: None }, prefix)
}

/// no bit of a later message that still carries the handshake can be changed.
#[test]
fn every_bit_of_a_repeated_handshake_is_authentic() {
    for suite in SUITES {
        let (mut stage, prefix) = repeated_handshake(*suite);
        let genuine = stage.message.clone();
        for bit in 0..genuine.len() * 8 {
            let mut changed = genuine.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let error = stage.refuses(&changed, &[]);
            let expected = match (PreKeyMessage::decode(&changed), bit / 8) {
                // One bit makes of the type a message's that carries a distribution, with an unknown ratchet key.
                _ if changed[1] == 5 => DecryptError::Unauthentic,
                (Err(error), _) => DecryptError::Malformed(error),
                (Ok(_), byte) if byte < prefix => DecryptError::WrongSession,
                (Ok(_), byte) => stage.expected(&changed[prefix..], byte - prefix),
            };
            assert_eq!(error, expected, "bit {bit}");
        }
        stage.opens();
    }
}

/// a message that carries the handshake and is damaged is reported as what it is.
#[test]
fn a_damaged_handshake_is_reported_by_its_own_decoder() {
    let (mut stage, prefix) = repeated_handshake(Suite::X3dh);
    for byte in [2, 3, 67, 99, prefix, prefix + 33] {
        let mut changed = stage.message.clone();
        changed[byte] ^= 0x80;
        let error = PreKeyMessage::decode(&changed).err().unwrap();
        assert_eq!(stage.refuses(&changed, &[]), DecryptError::Malformed(error), "byte {byte}");
    }
    let short = stage.message[..prefix + SHORTEST - 1].to_vec();
    let truncated = DecryptError::Malformed(DecodeError::Truncated);
    assert_eq!(stage.refuses(&short, &[]), truncated);
}

/// the handshake before a message is an envelope, of which nothing is read once a session has begun: with it or
/// without it the message opens, and once in all.
#[test]
fn a_message_opens_once_with_or_without_the_handshake_before_it() {
    for suite in SUITES {
        for first_bare in [true, false] {
            let (mut stage, prefix) = repeated_handshake(*suite);
            let whole = stage.message.clone();
            let bare = whole[prefix..].to_vec();
            let (first, second) = if first_bare { (bare, whole) } else { (whole, bare) };
            stage.message = first;
            stage.opens();
            assert_eq!(stage.refuses(&second, &[]), DecryptError::Duplicate);
        }
    }
}

/// whichever draw fails, nothing is encrypted and nothing has changed; afterwards all goes on.
#[test]
fn a_failing_generator_changes_nothing() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 19);
        let (mut alice, mut bob) = world.conversation();
        // Alice's sending chain is idle, so that she draws twice; Bob's is active.
        for (sender, draws) in [(&mut alice, 2), (&mut bob, 1)] {
            for fail_at in 0..draws {
                let mut rng = TestRng::new(20);
                rng.fail_at = Some(fail_at);
                let before = sender.snapshot();
                assert_eq!(sender.encrypt(b"x", &mut rng), Err(EncryptError::Randomness));
                assert_eq!(before.expose(), sender.snapshot().expose());
            }
            let mut rng = TestRng::new(21);
            rng.fail_at = Some(draws);
            sender.encrypt(b"x", &mut rng).unwrap();
            assert_eq!(rng.draws, draws);
        }
        let message = send(&mut alice, b"after", &mut world);
        assert_eq!(bob.decrypt(&message).unwrap().plaintext.as_bytes(), b"after");
    }
}

/// an initiator whose generator fails on its first message has sent nothing and lost nothing.
#[test]
fn a_failing_generator_does_not_cost_the_first_message() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 22);
        let mut alice = world.initiate();
        for fail_at in 0..2 {
            let mut rng = TestRng::new(23);
            rng.fail_at = Some(fail_at);
            let before = alice.snapshot();
            assert_eq!(alice.encrypt(b"hello", &mut rng), Err(EncryptError::Randomness));
            assert_eq!(before.expose(), alice.snapshot().expose());
        }
        let hello = send(&mut alice, b"hello", &mut world);
        assert_eq!(world.accept(&hello).received.number, 0);
    }
}

/// A generator that gives zeros.
struct Zeros;

impl TryRng for Zeros {
    type Error = Failed;

    fn try_next_u32(&mut self) -> Result<u32, Failed> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Failed> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Failed> {
        out.fill(0);
        Ok(())
    }
}

impl TryCryptoRng for Zeros {}

/// with a generator that always gives the same bytes, ratchet keys and message keys still never repeat.
#[test]
fn a_constant_generator_repeats_no_key() {
    let mut world = World::new(Suite::X3dh, 1, 24);
    let (mut alice, mut bob) = world.conversation();
    let mut ratchet_keys = std::collections::BTreeSet::new();
    let mut commitments = std::collections::BTreeSet::new();
    for _ in 0..5 {
        let message = alice.encrypt(b"same", &mut Zeros).unwrap();
        bob.decrypt(&message).unwrap();
        let answer = bob.encrypt(b"same", &mut Zeros).unwrap();
        alice.decrypt(&answer).unwrap();
        for bytes in [message, answer] {
            assert!(ratchet_keys.insert(header(&bytes).0));
            assert!(commitments.insert(bytes[66..98].to_vec()));
        }
    }
}
