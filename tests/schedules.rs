//! Random schedules: messages in both directions, dropped, repeated, reordered over many turns, corrupted and reflected,
//! with restarts in between. After every step the sessions are compared with a plain model, which is written from the
//! specification's text and knows no keys.
//!
//! A failure prints the shortest schedule that shows it. `PROPTEST_CASES` and `PROPTEST_RNG_SEED` choose others.

mod common;
mod repeatable;

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};

use common::{NOW, World, address};
use confidant::{
    AcceptError, Context, DecodeError, DecryptError, Limits, Policy, PreKeyMessage, Received,
    Session, Suite, UnixTime,
};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::TestRunner;

/// Receiving chains remembered besides the current one.
const RETIRED: usize = 32;
/// Calls of `expire_skipped` remembered.
const MARKS: usize = 16;

/// One step. A side is `false` for Alice and `true` for Bob; a message is picked from those that the other side has sent.
#[derive(Clone, Copy, Debug)]
enum Op {
    Send(bool),
    /// One of the newest four messages to this side.
    Deliver(bool, u8),
    /// Any message to this side: late, or repeated.
    Replay(bool, u16),
    /// Any message to this side, with one bit changed.
    Corrupt(bool, u16, u16),
    /// Any message to this side, with other associated data.
    Rebind(bool, u16),
    /// Any message, given to the side that sent it.
    Reflect(bool, u16),
    /// A conversation of some turns in which nothing is lost.
    Converse(u8),
    Restart(bool),
    /// Some seconds pass, or a clock goes back, and keys that are too old are dropped.
    Expire(bool, i8, u64),
}

fn op() -> impl Strategy<Value = Op> {
    let (side, any16) = (any::<bool>, any::<u16>);
    let age = prop_oneof![4 => Just(200_u64), 1 => Just(7), 1 => Just(0), 1 => Just(1_000)];
    prop_oneof![
        30 => side().prop_map(Op::Send),
        30 => (side(), 0..4_u8).prop_map(|(to, n)| Op::Deliver(to, n)),
        15 => (side(), any16()).prop_map(|(to, n)| Op::Replay(to, n)),
        10 => (side(), any16(), any16()).prop_map(|(to, n, bit)| Op::Corrupt(to, n, bit)),
        2 => (side(), any16()).prop_map(|(to, n)| Op::Rebind(to, n)),
        2 => (side(), any16()).prop_map(|(to, n)| Op::Reflect(to, n)),
        2 => (1..20_u8).prop_map(Op::Converse),
        5 => side().prop_map(Op::Restart),
        4 => (side(), -20..100_i8, age).prop_map(|(at, seconds, age)| Op::Expire(at, seconds, age)),
    ]
}

/// Limits so low that schedules meet them; and some that they do not meet.
fn limits() -> impl Strategy<Value = Limits> {
    let low = (0..12_u32, 0..12_u32).prop_map(|(jump, stored)| Limits::new(jump, stored).unwrap());
    prop_oneof![3 => low, 1 => Just(Limits::default())]
}

/// Chain and number.
type Position = (u32, u32);

/// What one party has sent, and what the model knows of it.
#[derive(Clone)]
struct Sent {
    bytes: Vec<u8>,
    text: Vec<u8>,
    chain: u32,
    previous: u32,
    number: u32,
    /// Length of what comes before the message itself.
    prefix: usize,
}

/// What a header says: which of the peer's chains its key is of, if of any; PN; N.
#[derive(Clone, Copy)]
struct Claim {
    chain: Option<u32>,
    previous: u32,
    number: u32,
}

/// A party as the specification describes it, without a key.
struct Model {
    limits: Limits,
    /// Sending chains begun, and whether the last of them is still in use.
    chains: u32,
    active: bool,
    /// PN, and messages sent in the last chain.
    previous: u32,
    sent: u32,
    /// The current receiving chain, and its next number.
    current: Option<Position>,
    /// Ended receiving chains, and their lengths.
    retired: VecDeque<Position>,
    kept: BTreeSet<Position>,
    forgotten: Position,
    marks: VecDeque<(u64, Position)>,
    epoch: u64,
    established: bool,
}

/// How a message will be read, if it opens.
enum Way {
    Kept(Position),
    Advance(Position),
    Turn(Position),
}

impl Way {
    const fn name(&self) -> &'static str {
        match self {
            Self::Kept(_) => "kept",
            Self::Advance(_) => "advance",
            Self::Turn(_) => "turn",
        }
    }
}

impl Model {
    fn new(limits: Limits, established: bool) -> Self {
        Self {
            limits,
            chains: 0,
            active: false,
            previous: 0,
            sent: 0,
            current: None,
            retired: VecDeque::new(),
            kept: BTreeSet::new(),
            forgotten: (0, 0),
            marks: VecDeque::new(),
            epoch: 0,
            established,
        }
    }

    /// Counts one message sent. Returns (chain, PN, N).
    fn send(&mut self) -> (u32, u32, u32) {
        if !self.active {
            self.active = true;
            self.chains += 1;
            self.previous = self.sent;
            self.sent = 0;
        }
        self.sent += 1;
        self.epoch += 1;
        (self.chains - 1, self.previous, self.sent - 1)
    }

    /// "On decrypting, by the ratchet key of the header", of the specification.
    fn plan(&self, claim: Claim) -> Result<Way, DecryptError> {
        let Claim { chain, previous, number } = claim;
        if let (Some(chain), Some((current, next))) = (chain, self.current)
            && chain == current
        {
            return match number.checked_sub(next) {
                None => self.passed((chain, number)),
                Some(jump) if jump > self.limits.max_jump() => Err(DecryptError::TooFarAhead),
                Some(_) => Ok(Way::Advance((chain, number))),
            };
        }
        let ended = self.retired.iter().find(|(retired, _)| chain == Some(*retired));
        if let Some((chain, len)) = ended {
            let inside = number < *len;
            return if inside { self.passed((*chain, number)) } else { Err(Self::REFUSED) };
        }
        let next = self.current.map_or(0, |(_, next)| next);
        let jump = previous.checked_sub(next).ok_or(Self::REFUSED)?;
        if !self.active || (self.current.is_none() && previous != 0) {
            return Err(Self::REFUSED);
        }
        if jump > self.limits.max_jump() || number > self.limits.max_jump() {
            return Err(DecryptError::TooFarAhead);
        }
        // Only the peer's next chain opens: it is what both sides' keys agree on.
        let expected = self.current.map_or(0, |(chain, _)| chain + 1);
        if chain == Some(expected) { Ok(Way::Turn((expected, number))) } else { Err(Self::REFUSED) }
    }

    const REFUSED: DecryptError = DecryptError::Unauthentic;

    fn passed(&self, position: Position) -> Result<Way, DecryptError> {
        if self.kept.contains(&position) {
            Ok(Way::Kept(position))
        } else if position < self.forgotten {
            Err(DecryptError::Forgotten)
        } else {
            Err(DecryptError::Duplicate)
        }
    }

    /// Counts one message received.
    fn receive(&mut self, way: Way, previous: u32) {
        match way {
            Way::Kept(position) => assert!(self.kept.remove(&position)),
            Way::Advance((chain, number)) => {
                let (_, next) = self.current.unwrap();
                self.keep(chain, next..number);
                self.current = Some((chain, number + 1));
            }
            Way::Turn((chain, number)) => {
                if let Some((ended, next)) = self.current {
                    self.keep(ended, next..previous);
                    self.retired.push_back((ended, previous));
                }
                if self.retired.len() > RETIRED {
                    let (oldest, _) = self.retired.pop_front().unwrap();
                    self.forget_before((oldest + 1, 0));
                }
                self.keep(chain, 0..number);
                self.current = Some((chain, number + 1));
                self.active = false;
            }
        }
        self.epoch += 1;
        self.established = true;
    }

    fn keep(&mut self, chain: u32, numbers: core::ops::Range<u32>) {
        self.kept.extend(numbers.map(|number| (chain, number)));
        let max = usize::try_from(self.limits.max_stored()).unwrap();
        while self.kept.len() > max {
            let (chain, number) = self.kept.pop_first().unwrap();
            self.forgotten = self.forgotten.max((chain, number + 1));
        }
    }

    fn forget_before(&mut self, position: Position) {
        self.forgotten = self.forgotten.max(position);
        self.kept = self.kept.split_off(&position);
    }

    /// "Age", of the specification.
    fn expire(&mut self, now: u64, max_age: u64) -> bool {
        let Some(next) = self.current else { return false };
        let before = (self.marks.clone(), self.forgotten);
        self.marks.iter_mut().for_each(|(time, _)| *time = now.min(*time));
        let (time, position) = self.marks.back().map_or((0, (0, 0)), |mark| *mark);
        if !self.kept.is_empty() && next > position && now >= time + max_age / 8 {
            self.marks.truncate(MARKS - 1);
            self.marks.push_back((now, next));
        }
        while let Some((time, position)) = self.marks.front().copied()
            && time + max_age <= now
        {
            self.forget_before(position);
            self.marks.pop_front();
        }
        let changed = (&self.marks, self.forgotten) != (&before.0, before.1);
        self.epoch += u64::from(changed);
        changed
    }
}

/// Two parties, each with its model, and everything that they have sent.
struct Play {
    world: World,
    bobs: Context,
    /// Alice's session, and Bob's once he has accepted one.
    sessions: [Option<Session>; 2],
    models: [Model; 2],
    sent: [Vec<Sent>; 2],
    now: u64,
    /// The ways and errors that it has met.
    met: BTreeSet<String>,
}

impl Play {
    fn new(suite: Suite, limits: [Limits; 2], seed: u64) -> Self {
        let mut world = World::new(suite, 1, seed);
        let context = |ours, theirs, limits| {
            let context = Context::new(address(ours), address(theirs));
            context.policy(Policy::ClassicalAllowed).limits(limits)
        };
        let bundle = world.bundle();
        let alices = context("alice", "bob", limits[0]);
        let alice = Session::initiate(&world.alice, &bundle, &alices, &mut world.rng).unwrap();
        Self {
            world,
            bobs: context("bob", "alice", limits[1]),
            sessions: [Some(alice), None],
            models: [Model::new(limits[0], false), Model::new(limits[1], true)],
            sent: [Vec::new(), Vec::new()],
            now: NOW.as_secs(),
            met: BTreeSet::new(),
        }
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Send(from) => self.send(usize::from(from)),
            Op::Deliver(to, n) => {
                let sent = &self.sent[usize::from(!to)];
                let newest = sent.len().saturating_sub(1);
                if let Some(message) = sent.get(newest.saturating_sub(usize::from(n))).cloned() {
                    self.deliver(usize::from(to), &message);
                }
            }
            Op::Replay(to, n) => {
                if let Some(message) = self.pick(!to, n) {
                    self.deliver(usize::from(to), &message);
                }
            }
            Op::Corrupt(to, n, bit) => {
                if let Some(message) = self.pick(!to, n) {
                    self.corrupt(usize::from(to), message, usize::from(bit));
                }
            }
            Op::Rebind(to, n) => {
                if let Some(message) = self.pick(!to, n) {
                    let expected = self.refusal(usize::from(to), message.claim());
                    self.refuses(usize::from(to), &message.bytes, b"other", expected);
                }
            }
            Op::Reflect(at, n) => {
                if let Some(message) = self.pick(at, n) {
                    self.reflect(usize::from(at), &message);
                }
            }
            Op::Converse(turns) => self.converse(turns),
            Op::Restart(at) => self.restart(usize::from(at)),
            Op::Expire(at, seconds, age) => self.expire(usize::from(at), seconds, age),
        }
        self.check();
    }

    fn pick(&self, from: bool, n: u16) -> Option<Sent> {
        let sent = &self.sent[usize::from(from)];
        let index = usize::from(n).checked_rem(sent.len())?;
        sent.get(index).cloned()
    }

    fn send(&mut self, from: usize) {
        let Some(session) = &mut self.sessions[from] else { return };
        let text = format!("{from}: {}", self.sent[from].len()).into_bytes();
        let bytes = session.encrypt(&text, &mut self.world.rng).unwrap();
        let prefix = bytes.len() - text.len() - 114;
        assert_eq!(prefix == 0, self.models[from].established);
        let (chain, previous, number) = self.models[from].send();
        self.sent[from].push(Sent { bytes, text, chain, previous, number, prefix });
    }

    fn deliver(&mut self, to: usize, message: &Sent) {
        let Some(session) = &mut self.sessions[to] else { return self.accept(message) };
        match self.models[to].plan(message.claim()) {
            Ok(way) => {
                let received = session.decrypt(&message.bytes).unwrap();
                message.is(&received);
                self.met.insert(way.name().into());
                self.models[to].receive(way, message.previous);
            }
            Err(error) => self.refuses(to, &message.bytes, b"", error),
        }
    }

    /// Bob has no session yet.
    fn accept(&mut self, message: &Sent) {
        let request = PreKeyMessage::decode(&message.bytes).unwrap();
        let World { bob, prekeys, .. } = &mut self.world;
        let before = prekeys.snapshot();
        let accepted = Session::accept(bob, prekeys, &request, &self.bobs, NOW);
        if message.number > self.models[1].limits.max_jump() {
            assert_eq!(accepted.unwrap_err(), AcceptError::TooFarAhead);
            assert_eq!(before.expose(), prekeys.snapshot().expose());
            return;
        }
        let accepted = accepted.unwrap();
        message.is(&accepted.received);
        self.sessions[1] = Some(accepted.session);
        self.models[1].receive(Way::Turn((0, message.number)), message.previous);
        self.models[1].epoch = 0;
    }

    fn corrupt(&mut self, to: usize, message: Sent, bit: usize) {
        let mut bytes = message.bytes.clone();
        // A header is as likely to be hit as all the rest.
        let (start, len) = if bit.is_multiple_of(2) {
            (16, 40 * 8)
        } else {
            (0, (bytes.len() - message.prefix) * 8)
        };
        let bit = start + (bit / 2) % len;
        bytes[message.prefix + bit / 8] ^= 1 << (bit % 8);
        let inner = &bytes[message.prefix..];
        let number = |at: usize| u32::from_be_bytes(inner[at..at + 4].try_into().unwrap());
        let chain = Some(message.chain).filter(|_| !(2..34).contains(&(bit / 8)));
        let claim = Claim { chain, previous: number(34), number: number(38) };
        let expected = match bit / 8 {
            0 => DecryptError::Malformed(DecodeError::UnsupportedVersion),
            1 => DecryptError::Malformed(DecodeError::WrongKind),
            33 if inner[33] & 0x80 != 0 => DecryptError::Malformed(DecodeError::InvalidKey),
            _ => self.refusal(to, claim),
        };
        self.refuses(to, &bytes, b"", expected);
    }

    /// What a message must give that makes this claim and does not open.
    fn refusal(&self, to: usize, claim: Claim) -> DecryptError {
        self.models[to].plan(claim).err().unwrap_or(DecryptError::Unauthentic)
    }

    fn reflect(&mut self, at: usize, message: &Sent) {
        let expected = if message.prefix > 0 {
            DecryptError::WrongSession
        } else {
            self.refusal(at, Claim { chain: None, ..message.claim() })
        };
        self.refuses(at, &message.bytes, b"", expected);
    }

    /// Hands over what must not open: refused as expected, and nothing changed.
    fn refuses(&mut self, to: usize, bytes: &[u8], data: &[u8], expected: DecryptError) {
        let Some(session) = &mut self.sessions[to] else { return };
        let before = session.snapshot();
        assert_eq!(session.decrypt_with(bytes, data), Err(expected));
        self.met.insert(format!("{expected:?}"));
        assert_eq!(before.expose(), session.snapshot().expose());
    }

    fn converse(&mut self, turns: u8) {
        for _ in 0..turns {
            for from in [0, 1] {
                self.send(from);
                if let Some(message) = self.sent[from].last().cloned() {
                    self.deliver(1 - from, &message);
                }
            }
        }
    }

    fn restart(&mut self, at: usize) {
        let Some(session) = &mut self.sessions[at] else { return };
        let snapshot = session.snapshot();
        let restored = Session::restore(snapshot.expose(), session.epoch()).unwrap();
        assert_eq!(restored.snapshot().expose(), snapshot.expose());
        *session = restored;
    }

    fn expire(&mut self, at: usize, seconds: i8, age: u64) {
        self.now = self.now.saturating_add_signed(i64::from(seconds));
        let Some(session) = &mut self.sessions[at] else { return };
        let changed = session.expire_skipped(UnixTime::from_secs(self.now), age);
        assert_eq!(changed, self.models[at].expire(self.now, age));
    }

    /// Everything that can be seen of a session is as in its model.
    fn check(&mut self) {
        for (session, model) in self.sessions.iter().zip(&self.models) {
            let Some(session) = session else { continue };
            assert_eq!(session.skipped(), model.kept.len());
            assert_eq!(session.epoch(), model.epoch);
            assert_eq!(session.is_established(), model.established);
            if model.retired.len() == RETIRED {
                self.met.insert("33 chains".into());
            }
            if !model.marks.is_empty() {
                self.met.insert("a mark".into());
            }
        }
    }
}

impl Sent {
    fn claim(&self) -> Claim {
        Claim { chain: Some(self.chain), previous: self.previous, number: self.number }
    }

    /// Is this what was received?
    fn is(&self, received: &Received) {
        assert_eq!(received.plaintext.as_bytes(), self.text);
        assert_eq!((received.chain, received.number), (self.chain, self.number));
    }
}

/// Plays `cases` random schedules, the same in every run unless the environment says otherwise. Returns what they met.
fn play(suite: Suite, cases: u32) -> BTreeSet<String> {
    let config = repeatable::config(cases);
    let met = RefCell::new(BTreeSet::new());
    let schedule = (limits(), limits(), any::<u64>(), vec(op(), 1..300));
    let played = TestRunner::new(config).run(&schedule, |(alices, bobs, seed, ops)| {
        let mut play = Play::new(suite, [alices, bobs], seed);
        for op in ops {
            play.step(op);
        }
        met.borrow_mut().append(&mut play.met);
        Ok(())
    });
    played.unwrap_or_else(|failure| panic!("{failure}"));
    met.into_inner()
}

/// about 4,500 random steps agree with the model, and meet every way of
/// reading a message, every error, and the end of what is remembered.
#[test]
fn random_schedules_agree_with_the_model() {
    let met = play(Suite::X3dh, 30);
    let every = [
        "kept",
        "advance",
        "turn",
        "Duplicate",
        "Forgotten",
        "TooFarAhead",
        "Unauthentic",
        "WrongSession",
        "Malformed(InvalidKey)",
        "33 chains",
        "a mark",
    ];
    for name in every {
        assert!(met.contains(name), "{name} was not met, only {met:?}");
    }
}

/// the same for a conversation that began with a key encapsulation.
#[cfg(feature = "pq")]
#[test]
fn random_hybrid_schedules_agree_with_the_model() {
    assert!(play(Suite::Pqxdh1024, 6).contains("turn"));
}
