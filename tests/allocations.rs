//! What the crate allocates: in proportion to the bytes that it was given, whatever they claim, and once for each message.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::{NOW, SUITES, TestRng, World, bobs};
use confidant::{
    DecodeError, DecryptError, Limits, PreKeyBundle, PreKeyMessage, PreKeyStore, Publication,
    RestoreError, Session, Suite,
};
use sha2::{Digest, Sha256};

/// Bytes that a decoder may allocate, in all, for each byte that it is given. Half-filled nodes of a map are the worst.
const FACTOR: usize = 3;

/// The system's allocator, which counts what each thread asks of it.
struct Counting;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    calls: usize,
    bytes: usize,
    freed: usize,
}

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { calls: 0, bytes: 0, freed: 0 }) };
}

fn count(change: impl FnOnce(&mut Count)) {
    // A thread that is ending has nothing to count any more.
    let _ = COUNT.try_with(|count| {
        let mut now = count.get();
        change(&mut now);
        count.set(now);
    });
}

// SAFETY: every call is the system allocator's; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(|count| {
            count.calls += 1;
            count.bytes += layout.size();
        });
        // SAFETY: the caller's promise is the system allocator's condition.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(|count| count.freed += 1);
        // SAFETY: the block is from `alloc`, which is the system allocator's.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// What `work` allocated. Growing a block counts as a new one.
fn counted<T>(work: impl FnOnce() -> T) -> (T, Count) {
    COUNT.set(Count::default());
    let result = work();
    (result, COUNT.get())
}

/// A decoder of the public interface. The result is dropped; what counts is what it cost.
struct Decoder {
    name: &'static str,
    decode: fn(&[u8]),
}

const DECODERS: &[Decoder] = &[
    Decoder { name: "bundle", decode: |bytes| drop(PreKeyBundle::decode(bytes)) },
    Decoder { name: "publication", decode: |bytes| drop(Publication::decode(bytes)) },
    Decoder { name: "pre-key message", decode: |bytes| drop(PreKeyMessage::decode(bytes)) },
    Decoder { name: "session", decode: |bytes| drop(Session::restore(bytes, 0)) },
    Decoder { name: "pre-key store", decode: |bytes| drop(PreKeyStore::restore(bytes, 0)) },
];

/// Gives `bytes` to every decoder.
fn check(bytes: &[u8], origin: &str) {
    for Decoder { name, decode } in DECODERS {
        let ((), count) = counted(|| decode(bytes));
        let most = FACTOR * bytes.len();
        assert!(count.bytes <= most, "{name} of {origin}, {} bytes: {count:?}", bytes.len());
    }
}

/// Good encodings of every format, to begin from.
fn encodings(suite: Suite) -> Vec<(&'static str, Vec<u8>)> {
    let mut world = World::new(suite, 4, 11);
    let publication = world.published.encode();
    let bundle = world.published.next_bundle(NOW).encode();
    let mut alice = world.initiate();
    let first = alice.encrypt(b"first", &mut world.rng).unwrap();
    let late = alice.encrypt(b"late", &mut world.rng).unwrap();
    let mut bob = world.accept(&late).session;
    bob.encrypt(b"reply", &mut world.rng).unwrap();
    bob.expire_skipped(common::NOW, 1);
    vec![
        ("publication", publication),
        ("bundle", bundle),
        ("first message", first),
        ("initiator", alice.snapshot().expose().to_vec()),
        ("responder", bob.snapshot().expose().to_vec()),
        ("pre-key store", world.prekeys.snapshot().expose().to_vec()),
    ]
}

/// Puts the right checksum behind a changed snapshot, so that a reader goes on.
fn reseal(bytes: &mut [u8]) {
    if !bytes.starts_with(b"CFDT") || bytes.len() < 22 {
        return;
    }
    let (framed, sum) = bytes.split_at_mut(bytes.len() - 8);
    let hash = Sha256::new().chain_update("confidant/v1/snapshot").chain_update(framed).finalize();
    sum.copy_from_slice(&hash[..8]);
}

/// Every good encoding of each suite, changed by `change`.
fn for_each_encoding(mut change: impl FnMut(&str, &[u8])) {
    for suite in SUITES {
        for (origin, bytes) in encodings(*suite) {
            change(origin, &bytes);
        }
    }
}

/// The reader is reached behind the checksum, or the tests below would show little.
#[test]
fn a_resealed_snapshot_is_read_on() {
    let mut bytes = encodings(Suite::X3dh).remove(4).1;
    bytes[20] ^= 1;
    let corrupted = Err(RestoreError::Malformed(DecodeError::Corrupted));
    assert_eq!(Session::restore(&bytes, 0).map(drop), corrupted);
    reseal(&mut bytes);
    assert_ne!(Session::restore(&bytes, 0).map(drop), corrupted);
}

/// what is good costs no more than what is bad.
#[test]
fn good_bytes_cost_in_proportion() {
    for_each_encoding(|origin, bytes| check(bytes, origin));
}

/// whatever stands in the place of a count or a length, at any offset, reserves nothing.
#[test]
fn claimed_counts_reserve_nothing() {
    let claims: &[&[u8]] = &[&[0x27, 0x10], &[0xff; 2], &[0x00, 0x00, 0x61, 0xa8], &[0xff; 4]];
    for_each_encoding(|origin, bytes| {
        for at in 0..bytes.len().min(500) {
            for claim in claims {
                let mut changed = bytes.to_vec();
                let places = changed.iter_mut().skip(at);
                places.zip(*claim).for_each(|(place, byte)| *place = *byte);
                reseal(&mut changed);
                check(&changed, origin);
            }
        }
    });
}

/// the largest counts that a format allows, with nothing behind them.
#[test]
fn ten_thousand_keys_in_few_bytes_reserve_nothing() {
    for suite in SUITES {
        let world = World::new(*suite, 0, 12);
        let mut bytes = world.published.encode();
        let count = bytes.len() - if suite.is_hybrid() { 4 } else { 2 };
        bytes[count..count + 2].copy_from_slice(&10_000_u16.to_be_bytes());
        let (result, allocated) = counted(|| Publication::decode(&bytes).map(drop));
        assert_eq!(result, Err(DecodeError::Truncated));
        assert!(allocated.bytes <= bytes.len(), "{allocated:?}");

        let mut bytes = world.prekeys.snapshot().expose().to_vec();
        let end = bytes.len() - 8 - if suite.is_hybrid() { 4 } else { 2 };
        bytes[end..end + 2].copy_from_slice(&10_000_u16.to_be_bytes());
        reseal(&mut bytes);
        let (result, allocated) = counted(|| PreKeyStore::restore(&bytes, 0).map(drop));
        assert_eq!(result, Err(RestoreError::Malformed(DecodeError::Truncated)));
        assert!(allocated.bytes <= bytes.len(), "{allocated:?}");
    }
}

/// everything that ends too early.
#[test]
fn truncated_bytes_cost_in_proportion() {
    for_each_encoding(|origin, bytes| {
        for len in (0..bytes.len()).filter(|len| *len < 700 || len % 97 == 0) {
            let mut changed = bytes[..len].to_vec();
            reseal(&mut changed);
            check(&changed, origin);
        }
    });
}

/// a few bytes changed at random.
#[test]
fn mutated_bytes_cost_in_proportion() {
    let mut rng = TestRng::new(13);
    for_each_encoding(|origin, bytes| {
        for _ in 0..200 {
            let mut changed = bytes.to_vec();
            for _ in 0..=rng.below(4) {
                let at = rng.below(bytes.len() as u64) as usize;
                changed[at] = rng.below(256) as u8;
            }
            reseal(&mut changed);
            check(&changed, origin);
        }
    });
}

/// bytes that mean nothing, or nothing behind a good beginning.
#[test]
fn garbage_costs_in_proportion() {
    let mut rng = TestRng::new(14);
    for round in 0..600 {
        let mut bytes: Vec<u8> = (0..rng.below(4097)).map(|_| rng.below(256) as u8).collect();
        let beginnings: &[&[u8]] =
            &[&[1, 1], &[1, 2], &[1, 0x10], &[1, 0x11], b"CFDT\x01\x01", b"CFDT\x02\x01"];
        if let Some(beginning) = beginnings.get(round % 8) {
            bytes.iter_mut().zip(*beginning).for_each(|(byte, good)| *byte = *good);
        }
        reseal(&mut bytes);
        check(&bytes, "garbage");
    }
}

/// to read a message, or a first message, is to look at it.
#[test]
fn reading_a_message_allocates_nothing() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 15);
        let first = world.initiate().encrypt(&[7; 40_000], &mut world.rng).unwrap();
        let (request, allocated) = counted(|| PreKeyMessage::decode(&first));
        assert!(request.is_ok());
        assert_eq!(allocated, Count::default());
    }
}

/// the bulk of a store, in order, so that a map that is filled from it does its worst.
#[test]
fn a_large_store_costs_in_proportion() {
    let mut world = World::new(Suite::X3dh, 0, 20);
    world.prekeys.replenish(&world.bob, 100, common::NOW, &mut world.rng).unwrap();
    let mut bytes = world.prekeys.snapshot().expose().to_vec();
    // Frame, suite, identity, and the signed pre-key come before the count of replay tags.
    let count = 14 + 1 + 64 + 80;
    let tags = (0..2_000_u128).flat_map(u128::to_be_bytes);
    bytes.splice(count..count + 2, 2_000_u16.to_be_bytes().into_iter().chain(tags));
    reseal(&mut bytes);
    let (restored, allocated) = counted(|| PreKeyStore::restore(&bytes, 0).unwrap());
    assert_eq!(restored.status(common::NOW).one_time, 100);
    assert!(allocated.bytes <= FACTOR * bytes.len(), "{allocated:?} for {}", bytes.len());
}

/// a forged message makes a receiver reserve what its own limits allow, not what the message claims.
#[test]
fn a_forged_message_costs_what_the_limits_allow() {
    /// A message key on the heap, and its place in a list.
    const KEPT: usize = 32 + 16;
    let limit = Limits::default().max_jump();
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 16);
        let (mut alice, mut bob) = world.conversation();
        // Forged from the first message under a new ratchet key, and from one of a chain that is known.
        for _ in 0..2 {
            let message = alice.encrypt(b"real", &mut world.rng).unwrap();
            for (pn, n) in
                [(1, 3), (1, limit), (limit, limit), (1, limit + 2), (u32::MAX, u32::MAX)]
            {
                let mut forged = message.clone();
                forged[34..38].copy_from_slice(&u32::to_be_bytes(pn));
                forged[38..42].copy_from_slice(&u32::to_be_bytes(n));
                let (result, allocated) = counted(|| bob.decrypt(&forged).map(drop));
                let refused = [Err(DecryptError::Unauthentic), Err(DecryptError::TooFarAhead)];
                assert_eq!(result, refused[usize::from(n > limit)]);
                let passed = if n > limit { 0 } else { pn as usize + n as usize };
                let most = FACTOR * forged.len() + 512 + passed * KEPT;
                assert!(allocated.bytes <= most, "PN {pn}, N {n}: {allocated:?} above {most}");
            }
            assert!(bob.decrypt(&message).is_ok());
        }
    }
}

/// One allocation for a message that is sent, which is the message; nothing grows, nothing is freed.
#[test]
fn encryption_allocates_its_result_alone() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 17);
        let (mut alice, _) = world.conversation();
        let mut waiting = world.initiate();
        for session in [&mut alice, &mut waiting] {
            // The first message turns the ratchet.
            session.encrypt(b"turn", &mut world.rng).unwrap();
            for len in [0, 1, 1_000, 16_384, 100_000] {
                let text = vec![7; len];
                let (message, allocated) =
                    counted(|| session.encrypt_with(&text, b"data", &mut world.rng).unwrap());
                let expected = Count { calls: 1, bytes: message.len(), freed: 0 };
                assert_eq!(allocated, expected, "{len}");
            }
        }
    }
}

/// One allocation for a message that is received in order, which is the plaintext.
#[test]
fn decryption_allocates_its_result_alone() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 18);
        let (mut alice, mut bob) = world.conversation();
        let turn = alice.encrypt(b"turn", &mut world.rng).unwrap();
        bob.decrypt(&turn).unwrap();
        for len in [0, 1, 1_000, 16_384, 100_000] {
            let message = alice.encrypt_with(&vec![7; len], b"data", &mut world.rng).unwrap();
            let (received, allocated) = counted(|| bob.decrypt_with(&message, b"data").unwrap());
            assert_eq!(received.plaintext.as_bytes(), vec![7; len]);
            let expected = Count { calls: usize::from(len > 0), bytes: len, freed: 0 };
            assert_eq!(allocated, expected, "{len}");
        }
    }
}

/// A first message that is refused costs its receiver little more than its length.
#[test]
fn a_forged_first_message_costs_in_proportion() {
    for suite in SUITES {
        let mut world = World::new(*suite, 1, 19);
        let mut first = world.initiate().encrypt(b"hello", &mut world.rng).unwrap();
        let last = first.len() - 1;
        first[last] ^= 1;
        let request = PreKeyMessage::decode(&first).unwrap();
        let (result, allocated) = counted(|| {
            Session::accept(&world.bob, &mut world.prekeys, &request, &bobs(), common::NOW)
                .map(drop)
        });
        assert_eq!(result, Err(confidant::AcceptError::Unauthentic));
        assert!(allocated.bytes <= FACTOR * first.len() + 2_048, "{allocated:?}");
    }
}

/// The counter counts.
#[test]
fn the_counter_counts() {
    let (grown, count) = counted(|| {
        let mut grown = Vec::with_capacity(10);
        grown.resize(100, 0_u8);
        grown
    });
    assert_eq!(count, Count { calls: 2, bytes: 110, freed: 1 });
    drop(grown);
    // What a decoder must not do: believe a count.
    let claimed = 10_000;
    let (_, count) = counted(|| Vec::<[u8; 112]>::with_capacity(claimed));
    assert!(count.bytes > FACTOR * 180);
}
