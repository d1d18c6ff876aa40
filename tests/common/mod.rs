//! Two parties and the values that tests need of them.
#![allow(dead_code, reason = "each test crate uses its own part")]

use confidant::{
    Accepted, Address, Context, DeviceId, Identity, Policy, PreKeyBundle, PreKeyMessage,
    PreKeyStore, Provider, Publication, Session, Suite, UnixTime, UserId, VerifiedBundle,
};
use getrandom::rand_core::{TryCryptoRng, TryRng};

/// When the tests play, unless they say otherwise.
pub const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

/// A generator that gives the same bytes in every run: for repeatable tests, and for nothing else.
pub struct TestRng {
    state: u64,
    /// Bytes drawn so far.
    pub drawn: usize,
    /// Fails when this many draws have been made.
    pub fail_at: Option<usize>,
    /// Draws made so far.
    pub draws: usize,
}

impl TestRng {
    pub const fn new(seed: u64) -> Self {
        Self { state: seed, drawn: 0, fail_at: None, draws: 0 }
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// The generator was told to fail.
#[derive(Debug)]
pub struct Failed;

impl core::fmt::Display for Failed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("told to fail")
    }
}

impl core::error::Error for Failed {}

impl TryRng for TestRng {
    type Error = Failed;

    fn try_next_u32(&mut self) -> Result<u32, Failed> {
        self.try_next_u64().map(|n| (n >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Failed> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Failed> {
        if self.fail_at == Some(self.draws) {
            return Err(Failed);
        }
        self.draws += 1;
        self.drawn += out.len();
        for chunk in out.chunks_mut(8) {
            let bytes = self.next().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for TestRng {}

/// Every suite of this build.
pub const SUITES: &[Suite] = &[
    Suite::X3dh,
    #[cfg(feature = "pq")]
    Suite::Pqxdh1024,
];

pub fn address(user: &str) -> Address {
    let provider = Provider::new("example.org").unwrap();
    Address::new(provider, UserId::new(user).unwrap(), DeviceId::new(1))
}

/// Alice's view of the conversation; any suite is acceptable.
pub fn alices() -> Context {
    Context::new(address("alice"), address("bob")).policy(Policy::ClassicalAllowed)
}

/// Bob's view of the same conversation.
pub fn bobs() -> Context {
    Context::new(address("bob"), address("alice")).policy(Policy::ClassicalAllowed)
}

/// Two identities, the responder's pre-keys and what it has published.
pub struct World {
    pub alice: Identity,
    pub bob: Identity,
    pub prekeys: PreKeyStore,
    pub published: Publication,
    pub rng: TestRng,
}

impl World {
    /// Bob has published `one_time` one-time pre-keys of each kind.
    pub fn new(suite: Suite, one_time: usize, seed: u64) -> Self {
        let mut rng = TestRng::new(seed);
        let alice = Identity::generate(&mut rng).unwrap();
        let bob = Identity::generate(&mut rng).unwrap();
        let mut prekeys = PreKeyStore::generate(&bob, suite, NOW, &mut rng).unwrap();
        let published = prekeys.replenish(&bob, one_time, NOW, &mut rng).unwrap();
        Self { alice, bob, prekeys, published, rng }
    }

    pub fn bundle(&mut self) -> VerifiedBundle {
        let bytes = self.published.next_bundle(NOW).encode();
        PreKeyBundle::decode(&bytes).unwrap().verify(NOW).unwrap()
    }

    /// A new session of Alice's, with nothing sent.
    pub fn initiate(&mut self) -> Session {
        let bundle = self.bundle();
        Session::initiate(&self.alice, &bundle, &alices(), &mut self.rng).unwrap()
    }

    /// Bob accepts a first message.
    pub fn accept(&mut self, first: &[u8]) -> Accepted {
        let request = PreKeyMessage::decode(first).unwrap();
        Session::accept(&self.bob, &mut self.prekeys, &request, &bobs(), NOW).unwrap()
    }

    /// A conversation in which both have spoken: Alice's session and Bob's.
    pub fn conversation(&mut self) -> (Session, Session) {
        let mut alice = self.initiate();
        let hello = alice.encrypt(b"hello", &mut self.rng).unwrap();
        let mut bob = self.accept(&hello).session;
        let reply = bob.encrypt(b"hello yourself", &mut self.rng).unwrap();
        alice.decrypt(&reply).unwrap();
        (alice, bob)
    }
}
