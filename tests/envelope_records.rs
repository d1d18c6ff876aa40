//! Records and what they are bound to.

mod common;
mod second;
mod vault;

use common::TestRng;
use confidant::limits::{MAX_DATA_CONTEXT, MAX_RECORD};
use confidant::{
    ContextError, DataContext, DecodeError, Keyring, Padding, Purpose, RebindError, RecordError,
    RootKeyId, SealRecordError, WrapWith,
};
use proptest::prelude::*;
use vault::{email, flips, keyring, local};

const PADDINGS: [Padding; 2] = [Padding::None, Padding::Padme];

fn sealed(keyring: &Keyring, data: &[u8], padding: Padding, rng: &mut TestRng) -> Vec<u8> {
    keyring.seal_record(&email(), data, padding, rng).unwrap()
}

fn data(len: usize) -> Vec<u8> {
    (1..=251).cycle().take(len).collect()
}

/// every length comes back, sealed and opened in each form; the length of the record is the foretold one.
#[test]
fn every_length_round_trips_in_each_form() {
    let mut rng = TestRng::new(1);
    let keyring = keyring(&mut rng);
    for len in [0, 1, 2, 77, 255, 16_383, 16_384, 16_385, 32_768, 50_000] {
        for padding in PADDINGS {
            let data = data(len);
            let record = sealed(&keyring, &data, padding, &mut rng);
            assert_eq!(record.len(), Keyring::record_len(len, padding));
            assert!(keyring.open_record(&email(), &record).unwrap().as_bytes() == data, "{len}");
            let mut place = data.clone();
            keyring.seal_record_in_place(&email(), &mut place, padding, &mut rng).unwrap();
            assert_eq!(place.len(), record.len());
            assert!(keyring.open_record(&email(), &place).unwrap().as_bytes() == data, "{len}");
            keyring.open_record_in_place(&email(), &mut place).unwrap();
            assert!(place == data, "{len}");
        }
    }
    assert_eq!(Keyring::record_len(16_383, Padding::None), 16_383 + 78);
}

/// a fresh salt each: what is sealed twice is two records, and each costs 24 random bytes.
#[test]
fn two_records_of_the_same_data_differ() {
    let mut rng = TestRng::new(2);
    let keyring = keyring(&mut rng);
    let before = rng.drawn;
    let (a, b) = (
        sealed(&keyring, b"same", Padding::None, &mut rng),
        sealed(&keyring, b"same", Padding::None, &mut rng),
    );
    assert_eq!(rng.drawn - before, 48);
    assert_eq!(a[..6], b[..6]);
    for part in [6..30, 30..62, 62..66, 66..82] {
        assert_ne!(a[part.clone()], b[part]);
    }
}

/// the bytes are what the specification says, by a second implementation in both directions.
#[test]
fn a_second_implementation_reads_and_writes_records() {
    let mut rng = TestRng::new(3);
    let keyring = keyring(&mut rng);
    let whose = second::context(5, &[(1, b"acme")]);
    let root = second::active(&keyring.encode(), &whose, &[1; 32]);
    let context =
        second::context(1, &[(1, b"acme"), (2, b"customers"), (3, b"email"), (4, b"4711")]);
    assert_eq!(email().as_bytes(), context);

    let record = sealed(&keyring, &data(20_000), Padding::None, &mut rng);
    assert_eq!(second::opened(&root, &context, &record), Some(data(20_000)));
    let record = sealed(&keyring, &data(100), Padding::Padme, &mut rng);
    let padded = [&data(100)[..], &[0x80, 0, 0, 0]].concat();
    assert_eq!(second::opened(&root, &context, &record), Some(padded));

    let record = second::record((0, &root), 0, &context, &data(40_000));
    assert!(keyring.open_record(&email(), &record).unwrap().as_bytes() == data(40_000));
    let record = second::record((0, &root), 0x80, &context, &[&data(8)[..], &[0x80, 0]].concat());
    assert_eq!(keyring.open_record(&email(), &record).unwrap().as_bytes(), data(8));
}

/// Padding that is not what we would write is refused, though it is authentic.
#[test]
fn padding_has_one_form() {
    let mut rng = TestRng::new(4);
    let keyring = keyring(&mut rng);
    let root = second::active(&keyring.encode(), vault::acme().as_bytes(), &[1; 32]);
    let open = |flags, text: &[u8]| {
        let record = second::record((0, &root), flags, email().as_bytes(), text);
        keyring.open_record(&email(), &record).map(|data| data.into_vec())
    };
    assert_eq!(open(0x80, &[7, 7, 7, 0x80]), Ok(vec![7; 3]));
    let bad: [(&str, &[u8]); 7] = [
        ("nothing", &[]),
        ("zeros", &[0; 8]),
        ("no end", &[7; 8]),
        ("another end", &[7, 7, 7, 0x81]),
        ("something behind the end", &[7, 0x80, 0, 1]),
        ("a zero too many", &[7, 7, 7, 0x80, 0]),
        ("much too long", &[7, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ];
    for (what, text) in bad {
        assert_eq!(open(0x80, text), Err(RecordError), "{what}");
    }
    for flags in [0x01, 0x40, 0x81, 0xff] {
        assert_eq!(open(flags, &[7, 7, 7, 0x80]), Err(RecordError), "flags {flags:#x}");
    }
}

type With = fn(DataContext) -> Result<DataContext, ContextError>;

/// everything that a context can say counts: said otherwise, left out or said beside, by purpose or by entry.
#[test]
fn another_context_does_not_open() {
    let mut rng = TestRng::new(5);
    let keyring = keyring(&mut rng);
    let said: [(With, With); 10] = [
        (|c| c.tenant(b"acme"), |c| c.tenant(b"acmf")),
        (|c| c.collection(b"customers"), |c| c.collection(b"customer")),
        (|c| c.field(b"email"), |c| c.field(b"emai")),
        (|c| c.object(b"4711"), |c| c.object(b"4712")),
        (|c| c.object_version(7), |c| c.object_version(6)),
        (|c| c.schema_version(2), |c| c.schema_version(1)),
        (|c| c.user(b"jane"), |c| c.user(b"")),
        (|c| c.device(b"1"), |c| c.device(b"10")),
        (|c| c.application(0, b"x"), |c| c.application(0, b"y")),
        (|c| c.application(127, b"x"), |c| c.application(126, b"x")),
    ];
    let build = |skip: Option<usize>, change: Option<usize>| {
        let mut context = DataContext::new(Purpose::Record);
        for (i, (one, other)) in said.iter().enumerate().filter(|(i, _)| Some(*i) != skip) {
            context = if Some(i) == change { other(context) } else { one(context) }.unwrap();
        }
        context
    };
    let whole = build(None, None);
    let record = keyring.seal_record(&whole, b"data", Padding::None, &mut rng).unwrap();
    assert_eq!(keyring.open_record(&whole, &record).unwrap().as_bytes(), b"data");
    for i in 0..said.len() {
        for wrong in [build(Some(i), None), build(None, Some(i))] {
            assert_eq!(keyring.open_record(&wrong, &record), Err(RecordError), "entry {i}");
            let bare = keyring.seal_record(&wrong, b"data", Padding::None, &mut rng).unwrap();
            assert_eq!(keyring.open_record(&whole, &bare), Err(RecordError), "entry {i}");
        }
    }
    for purpose in PURPOSES {
        let context = DataContext::new(purpose);
        let record = keyring.seal_record(&context, b"data", Padding::None, &mut rng).unwrap();
        for other in PURPOSES {
            let opens = keyring.open_record(&DataContext::new(other), &record).is_ok();
            assert_eq!(opens, other == purpose, "{purpose:?} {other:?}");
        }
    }
}

const PURPOSES: [Purpose; 9] = [
    Purpose::Record,
    Purpose::File,
    Purpose::Derivative,
    Purpose::Archive,
    Purpose::Keyring,
    Purpose::Database,
    Purpose::Totp,
    Purpose::Media,
    Purpose::Share,
];

/// two records that were swapped do not open; a record that was rebound opens where it is now, and not where it was.
#[test]
fn records_stay_where_they_belong() {
    let mut rng = TestRng::new(6);
    let keyring = keyring(&mut rng);
    let row =
        |id: &[u8]| DataContext::new(Purpose::Record).collection(b"t").unwrap().object(id).unwrap();
    let [one, two] = [row(b"1"), row(b"2")];
    let a = keyring.seal_record(&one, b"a", Padding::Padme, &mut rng).unwrap();
    let b = keyring.seal_record(&two, b"b", Padding::None, &mut rng).unwrap();
    assert_eq!(keyring.open_record(&two, &a), Err(RecordError));
    assert_eq!(keyring.open_record(&one, &b), Err(RecordError));

    let moved = keyring.rebind(&a, &one, &two, &mut rng).unwrap();
    assert_eq!(keyring.open_record(&two, &moved).unwrap().as_bytes(), b"a");
    assert_eq!(keyring.open_record(&one, &moved), Err(RecordError));
    assert_eq!((moved.len(), moved[1]), (a.len(), 0x80), "the padding stays");
    assert_eq!(keyring.rebind(&a, &two, &one, &mut rng), Err(RebindError::NotOpened));
    assert_eq!(keyring.rebind(b"", &one, &two, &mut rng), Err(RebindError::NotOpened));
    rng.fail_at = Some(rng.draws);
    assert_eq!(keyring.rebind(&a, &one, &two, &mut rng), Err(RebindError::Randomness));
}

/// one changed bit, one byte too few or too many: one error, the same for all, and in place nothing is left.
#[test]
fn whatever_was_changed_does_not_open() {
    let mut rng = TestRng::new(7);
    let keyring = keyring(&mut rng);
    for padding in PADDINGS {
        let record = sealed(&keyring, b"some data", padding, &mut rng);
        let refused = |bytes: Vec<u8>, what: String| {
            assert_eq!(keyring.open_record(&email(), &bytes), Err(RecordError), "{what}");
            let mut place = bytes;
            assert_eq!(
                keyring.open_record_in_place(&email(), &mut place),
                Err(RecordError),
                "{what}"
            );
            assert!(place.is_empty(), "{what}");
        };
        flips(&record).for_each(|(bit, bytes)| refused(bytes, format!("bit {bit}")));
        (0..record.len()).for_each(|len| refused(record[..len].to_vec(), format!("{len} bytes")));
        for more in [1, 16, 16_384, 16_400] {
            refused([&record[..], &vec![0; more]].concat(), format!("{more} more"));
        }
    }
}

/// A record of several chunks: cut at each boundary, chunks swapped or doubled.
#[test]
fn chunks_of_a_record_keep_their_order() {
    let mut rng = TestRng::new(8);
    let keyring = keyring(&mut rng);
    let record = sealed(&keyring, &data(2 * 16_384 + 5), Padding::None, &mut rng);
    let (head, body) = record.split_at(62);
    let chunks: Vec<&[u8]> = body.chunks(16_400).collect();
    let [a, b, last] = chunks[..] else { panic!("three chunks") };
    let with = |chunks: &[&[u8]]| [head, &chunks.concat()].concat();
    assert!(keyring.open_record(&email(), &with(&[a, b, last])).is_ok());
    let orders: [&[&[u8]]; 8] = [
        &[],
        &[a],
        &[a, b],
        &[a, last],
        &[b, a, last],
        &[a, a, last],
        &[a, b, last, last],
        &[a, b, b, last],
    ];
    for (i, order) in orders.into_iter().enumerate() {
        assert_eq!(keyring.open_record(&email(), &with(order)), Err(RecordError), "order {i}");
    }
}

/// Of a record whose last chunk is damaged nothing is left in the buffer, though the chunks before it were plaintext already.
#[test]
fn what_did_not_open_is_wiped() {
    let mut rng = TestRng::new(9);
    let keyring = keyring(&mut rng);
    let mut record = sealed(&keyring, &data(3 * 16_384), Padding::None, &mut rng);
    *record.last_mut().unwrap() ^= 1;
    let (place, len) = (record.as_ptr(), record.len());
    assert_eq!(keyring.open_record_in_place(&email(), &mut record), Err(RecordError));
    assert_eq!((record.len(), record.as_ptr()), (0, place));
    assert!(record.capacity() >= len);
    // What was written there can be seen by growing into it: `resize` would write over it, so the wiping itself is shown by
    // `tests/envelope_residue.rs`.
}

/// With room nothing moves; without it the data does. A refusal leaves it as it was.
#[test]
fn sealing_in_place_needs_room() {
    let mut rng = TestRng::new(10);
    let keyring = keyring(&mut rng);
    for padding in PADDINGS {
        let mut buffer = Vec::with_capacity(Keyring::record_len(20_000, padding));
        buffer.extend(data(20_000));
        let place = buffer.as_ptr();
        keyring.seal_record_in_place(&email(), &mut buffer, padding, &mut rng).unwrap();
        assert_eq!(buffer.as_ptr(), place);
        keyring.open_record_in_place(&email(), &mut buffer).unwrap();
        assert!(buffer == data(20_000) && buffer.as_ptr() == place);
    }
    let mut buffer = data(100);
    rng.fail_at = Some(rng.draws);
    let failed = keyring.seal_record_in_place(&email(), &mut buffer, Padding::Padme, &mut rng);
    assert_eq!((failed, buffer), (Err(SealRecordError::Randomness), data(100)));
    let failed = keyring.seal_record(&email(), b"", Padding::None, &mut rng);
    assert_eq!(failed, Err(SealRecordError::Randomness));
}

/// A byte more than the most is a file, before anything is drawn or encrypted.
#[test]
fn larger_data_is_a_file() {
    let mut rng = TestRng::new(11);
    let keyring = keyring(&mut rng);
    let drawn = rng.drawn;
    let mut large = vec![0; MAX_RECORD + 1];
    let failed = keyring.seal_record(&email(), &large, Padding::None, &mut rng);
    assert_eq!(failed, Err(SealRecordError::TooLong));
    let failed = keyring.seal_record_in_place(&email(), &mut large, Padding::Padme, &mut rng);
    assert_eq!((failed, rng.drawn), (Err(SealRecordError::TooLong), drawn));
    assert_eq!(large.len(), MAX_RECORD + 1);
}

/// The longest data passes, padded or not; what is longer does not open, though it is authentic.
#[cfg(not(debug_assertions))]
#[test]
fn the_longest_record_round_trips() {
    let mut rng = TestRng::new(12);
    let keyring = keyring(&mut rng);
    let longest = data(MAX_RECORD);
    for padding in PADDINGS {
        let record = sealed(&keyring, &longest, padding, &mut rng);
        assert!(keyring.open_record(&email(), &record).unwrap().as_bytes() == longest);
    }
    let root = second::active(&keyring.encode(), vault::acme().as_bytes(), &[1; 32]);
    let open = |flags, text: &[u8]| {
        let record = second::record((0, &root), flags, email().as_bytes(), text);
        keyring.open_record(&email(), &record).map(drop)
    };
    assert_eq!(open(0, &longest), Ok(()));
    assert_eq!(open(0, &data(MAX_RECORD + 1)), Err(RecordError));
    let mut padded = data(MAX_RECORD + 1);
    padded.push(0x80);
    padded.resize((1 << 24) + (1 << 19), 0);
    assert_eq!(open(0x80, &padded), Err(RecordError));
}

/// A record names its root key, so it is found whichever is active, and said when it should be encrypted again.
#[test]
fn a_record_names_its_root_key() {
    let mut rng = TestRng::new(13);
    let mut keyring = keyring(&mut rng);
    let old = sealed(&keyring, b"old", Padding::None, &mut rng);
    keyring.rotate(common::NOW, WrapWith::Local(&local(1)), &mut rng).unwrap();
    let new = sealed(&keyring, b"new", Padding::None, &mut rng);
    assert_eq!((old[2..6].to_vec(), new[2..6].to_vec()), (vec![0; 4], vec![0, 0, 0, 1]));
    assert!(keyring.needs_rewrap(&old) && !keyring.needs_rewrap(&new));
    for no_record in [&b""[..], &old[..5], &[0xf2, 0, 0, 0, 0, 0], &[0xf1, 1, 0, 0, 0, 0]] {
        assert!(!keyring.needs_rewrap(no_record));
    }
    assert_eq!(keyring.open_record(&email(), &old).unwrap().as_bytes(), b"old");
    let again = keyring.rebind(&old, &email(), &email(), &mut rng).unwrap();
    assert!(!keyring.needs_rewrap(&again));
    assert_eq!(keyring.open_record(&email(), &again).unwrap().as_bytes(), b"old");

    // Another key's number, or one that never was, in the place of its own.
    let mut claimed = old.clone();
    claimed[5] = 1;
    assert_eq!(keyring.open_record(&email(), &claimed), Err(RecordError));
    claimed[2..6].fill(0xff);
    assert_eq!(keyring.open_record(&email(), &claimed), Err(RecordError));
    keyring.destroy(RootKeyId::from_number(0)).unwrap();
    assert_eq!(keyring.open_record(&email(), &old), Err(RecordError));
    assert_eq!(keyring.open_record(&email(), &again).unwrap().as_bytes(), b"old");
}

/// Another keyring's record, with the same numbers and the same context.
#[test]
fn another_keyrings_record_does_not_open() {
    let mut rng = TestRng::new(14);
    let (ours, theirs) = (keyring(&mut rng), keyring(&mut rng));
    let record = sealed(&theirs, b"data", Padding::None, &mut rng);
    assert_eq!(ours.open_record(&email(), &record), Err(RecordError));
}

/// what cannot be said, and why.
#[test]
fn contexts_refuse_what_is_ambiguous_or_long() {
    let record = || DataContext::new(Purpose::Record);
    assert_eq!(record().tenant(b"a").unwrap().tenant(b"a"), Err(ContextError::Twice));
    assert_eq!(
        record().application(5, b"").unwrap().application(5, b"x"),
        Err(ContextError::Twice)
    );
    assert_eq!(record().application(128, b""), Err(ContextError::NoSuchNumber));
    assert_eq!(record().application(255, b""), Err(ContextError::NoSuchNumber));
    let most = MAX_DATA_CONTEXT - 3 - 3;
    assert_eq!(record().object(&vec![0; most]).unwrap().as_bytes().len(), MAX_DATA_CONTEXT);
    assert_eq!(record().object(&vec![0; most + 1]), Err(ContextError::TooLong));
    assert_eq!(record().object(&vec![0; 70_000]), Err(ContextError::TooLong));
    assert_eq!(record().object(&vec![0; most]).unwrap().user(b""), Err(ContextError::TooLong));
}

/// Bytes that are no context, or not the one encoding of it.
#[test]
fn contexts_have_one_encoding() {
    let good =
        second::context(1, &[(1, b"a"), (5, &[0; 8]), (6, &[0; 4]), (0x80, b""), (0xff, b"z")]);
    let context = DataContext::decode(&good).unwrap();
    assert_eq!((context.as_bytes(), context.purpose()), (&good[..], Purpose::Record));
    for len in 0..good.len() {
        assert_eq!(DataContext::decode(&good[..len]), Err(DecodeError::Truncated), "{len} bytes");
    }
    let longer = [&good[..], &[0]].concat();
    assert_eq!(DataContext::decode(&longer), Err(DecodeError::TrailingBytes));
    let long = vec![0; MAX_DATA_CONTEXT + 1];
    assert_eq!(DataContext::decode(&long), Err(DecodeError::TooLong));
    type Bad<'a> = (u8, &'a [(u8, &'a [u8])], DecodeError);
    let bad: [Bad<'_>; 12] = [
        (0, &[], DecodeError::UnsupportedVersion),
        (10, &[], DecodeError::UnsupportedVersion),
        (1, &[(0, b"")], DecodeError::UnsupportedVersion),
        (1, &[(9, b"")], DecodeError::UnsupportedVersion),
        (1, &[(0x7f, b"")], DecodeError::UnsupportedVersion),
        (1, &[(1, b"a"), (1, b"a")], DecodeError::NotCanonical),
        (1, &[(2, b"a"), (1, b"a")], DecodeError::NotCanonical),
        (1, &[(0x81, b"a"), (0x80, b"a")], DecodeError::NotCanonical),
        (1, &[(5, &[0; 7])], DecodeError::NotCanonical),
        (1, &[(5, &[0; 9])], DecodeError::NotCanonical),
        (1, &[(6, &[0; 3])], DecodeError::NotCanonical),
        (1, &[(6, &[0; 8])], DecodeError::NotCanonical),
    ];
    for (purpose, entries, error) in bad {
        let bytes = second::context(purpose, entries);
        assert_eq!(DataContext::decode(&bytes), Err(error), "{purpose} {entries:?}");
    }
    let other_version = [&[2], &good[1..]].concat();
    assert_eq!(DataContext::decode(&other_version), Err(DecodeError::UnsupportedVersion));
}

/// What may be said, in any order.
fn entries() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    let tag = prop_oneof![Just(1_u8), Just(2), Just(3), Just(4), Just(7), Just(8), 0x80..=0xff_u8];
    let bytes = prop::collection::vec(0..3_u8, 0..4);
    prop::collection::btree_map(tag, bytes, 0..5)
        .prop_map(|map| map.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

fn built(entries: &[(u8, Vec<u8>)]) -> DataContext {
    entries.iter().fold(DataContext::new(Purpose::Record), |context, (tag, bytes)| {
        match tag {
            1 => context.tenant(bytes),
            2 => context.collection(bytes),
            3 => context.field(bytes),
            4 => context.object(bytes),
            7 => context.user(bytes),
            8 => context.device(bytes),
            tag => context.application(tag - 0x80, bytes),
        }
        .unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// two contexts have the same bytes exactly if they say the same, in whatever order it was said; and they are read back.
    #[test]
    fn contexts_are_injective(a in entries(), b in entries()) {
        let sorted = |entries: &[(u8, Vec<u8>)]| {
            let mut entries = entries.to_vec();
            entries.sort();
            entries
        };
        let (x, y) = (built(&a), built(&b));
        prop_assert_eq!(x.as_bytes() == y.as_bytes(), sorted(&a) == sorted(&b));
        prop_assert_eq!(x.as_bytes() == y.as_bytes(), x == y);
        prop_assert_eq!(DataContext::decode(x.as_bytes()), Ok(x.clone()));
        let spelled: Vec<(u8, Vec<u8>)> = sorted(&a);
        let borrowed: Vec<(u8, &[u8])> = spelled.iter().map(|(t, v)| (*t, &v[..])).collect();
        prop_assert_eq!(x.as_bytes(), second::context(1, &borrowed));
    }

    /// any data comes back.
    #[test]
    fn any_data_round_trips(data in prop::collection::vec(any::<u8>(), 0..600), padded: bool, seed: u64) {
        let mut rng = TestRng::new(seed);
        let keyring = keyring(&mut rng);
        let padding = PADDINGS[usize::from(padded)];
        let record = sealed(&keyring, &data, padding, &mut rng);
        let opened = keyring.open_record(&email(), &record).unwrap();
        prop_assert_eq!(opened.as_bytes(), &data[..]);
    }

    /// Padding costs at most 12 % and a byte, never shrinks as the data grows, and leaves few lengths.
    #[test]
    fn padding_is_small_and_monotone(len in 0..=MAX_RECORD, more in 0..1_000_usize) {
        let text = |len, padding| {
            let total = Keyring::record_len(len, padding) - 6 - 56;
            // A chunk's tag for each 16,400 bytes, and for what is behind them.
            total - (total / 16_400 + 1) * 16
        };
        let padded = text(len, Padding::Padme);
        prop_assert_eq!(text(len, Padding::None), len);
        prop_assert!(padded > len && (padded - 1 - len) * 100 <= 12 * (len + 1));
        prop_assert!(text(len + more, Padding::Padme) >= padded);
        let significant = usize::BITS - padded.leading_zeros() - padded.trailing_zeros();
        prop_assert!(significant <= padded.ilog2().checked_ilog2().map_or(1, |bits| bits + 2));
    }
}
