//! One handshake, stopped before Bob has answered, and what he makes of changed messages.

use confidant::{
    AcceptError, Accepted, Context, Identity, PreKeyBundle, PreKeyMessage, PreKeyStore, Session,
    Suite, UsedPreKeys, VerifiedBundle,
};
use getrandom::rand_core::{TryCryptoRng, TryRng};

use super::{Bundle, First};
use crate::common::{Failed, NOW, TestRng, World, bobs};

/// A first message of Alice's that Bob has not seen yet.
pub struct Scene {
    pub world: World,
    /// Alice, waiting.
    pub alice: Session,
    /// Bob's store, as a snapshot.
    pub store: Vec<u8>,
    pub first: First,
}

impl Scene {
    /// Bob has published `one_time` one-time pre-keys of each kind, and Alice has used one, if any.
    pub fn new(suite: Suite, one_time: usize, seed: u64) -> Self {
        let mut world = World::new(suite, one_time, seed);
        let mut alice = world.initiate();
        let first = First::read(&alice.encrypt(b"hello", &mut world.rng).unwrap());
        Self { store: world.prekeys.snapshot().expose().to_vec(), world, alice, first }
    }

    /// What Bob makes of a first message.
    pub fn answer(&self, first: &First, context: &Context) -> Result<Accepted, AcceptError> {
        accept(&self.world.bob, &self.store, &first.write(), context)
    }

    /// Bob's own store sees Alice's message, and what it has become is what later attempts are made at.
    pub fn accepted(&mut self) -> UsedPreKeys {
        let used = self.world.accept(&self.first.write()).used;
        self.store = self.world.prekeys.snapshot().expose().to_vec();
        used
    }

    /// Why Bob refuses a first message. R-12: his store is then as it was, byte for byte.
    pub fn refusal(&self, first: &First, context: &Context) -> AcceptError {
        self.answer(first, context).expect_err("a changed message")
    }

    /// The same, for a changed message from Alice.
    pub fn refuses(&self, change: impl FnOnce(&mut First)) -> AcceptError {
        let mut first = self.first.clone();
        change(&mut first);
        self.refusal(&first, &bobs())
    }
}

/// One attempt at a store that is restored for it. A refusal must leave it byte-identical.
pub fn accept(
    us: &Identity,
    store: &[u8],
    first: &[u8],
    context: &Context,
) -> Result<Accepted, AcceptError> {
    let mut prekeys = PreKeyStore::restore(store, 0).unwrap();
    let request = PreKeyMessage::decode(first).unwrap();
    let answer = Session::accept(us, &mut prekeys, &request, context, NOW);
    assert_eq!(answer.is_err(), prekeys.snapshot().expose() == store);
    answer
}

pub fn verified(bundle: &Bundle) -> VerifiedBundle {
    PreKeyBundle::decode(&bundle.write()).unwrap().verify(NOW).unwrap()
}

/// A bundle of Bob's, open to change.
pub fn bundle(world: &mut World) -> Bundle {
    Bundle::read(&world.published.next_bundle(NOW).encode())
}

/// What Alice sends to a bundle.
pub fn first_to(world: &mut World, bundle: &VerifiedBundle, context: &Context) -> First {
    let mut session = Session::initiate(&world.alice, bundle, context, &mut world.rng).unwrap();
    First::read(&session.encrypt(b"hello", &mut world.rng).unwrap())
}

/// A generator that gives out `draws` draws and then fails.
pub fn rng_failing_at(draws: usize) -> TestRng {
    let mut rng = TestRng::new(0);
    rng.fail_at = Some(draws);
    rng
}

/// A generator that always gives the same.
pub struct ConstantRng;

impl TryRng for ConstantRng {
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

impl TryCryptoRng for ConstantRng {}
