//! What sealed messages, certificates and trust stores allocate when they are read: in proportion to the bytes that were given,
//! whatever they claim. As `allocations.rs`, for the other formats.

mod common;
mod counting;
mod forge;
mod office;

use common::TestRng;
use confidant::{
    Address, DecodeError, DeviceId, Identity, OpenError, Party, RestoreError, SafetyNumber,
    SealedContent, SealedMessage, SealedUpload, SenderCertificate, ServerCertificate, TrustStore,
};
use counting::{Count, counted};
use forge::snapshot::reseal;
use office::Office;

/// Bytes that a decoder may allocate, in all, for each byte that it is given.
const FACTOR: usize = 3;

/// The same for a trust store, a map of public keys that are three times as large when they are points; and its first node.
const TRUST_FACTOR: usize = 8;
const TRUST_MAP: usize = 4_000;

/// A decoder of the public interface, and how many bytes it may allocate.
type Decoder = (fn(&[u8]), usize);

/// Gives `bytes` to every decoder. The results are dropped; what counts is what they cost.
fn check(bytes: &[u8], origin: &str) {
    let most = FACTOR * bytes.len();
    let decoders: [Decoder; 5] = [
        (|bytes| _ = SealedMessage::decode(bytes), most),
        (|bytes| _ = SealedUpload::decode(bytes), most),
        (|bytes| _ = ServerCertificate::decode(bytes), most),
        (|bytes| drop(SenderCertificate::decode(bytes)), most),
        (|bytes| drop(TrustStore::restore(bytes, 0)), TRUST_FACTOR * bytes.len() + TRUST_MAP),
    ];
    for (number, (decode, most)) in decoders.into_iter().enumerate() {
        let ((), count) = counted(|| decode(bytes));
        assert!(count.bytes <= most, "{number}: {origin}, {} bytes: {count:?}", bytes.len());
    }
}

/// Good encodings of every format, to begin from.
fn encodings() -> Vec<(&'static str, Vec<u8>)> {
    let (office, mut rng) = (Office::new(), TestRng::new(21));
    let people: Vec<_> =
        (0..5).map(|number| office.person(&format!("user{number}"), &mut rng)).collect();
    let to: Vec<_> = people[1..].iter().map(office::Person::party).collect();
    let text = SealedContent::Control(b"text");
    let upload = people[0].sender().seal_many(&to, text, &mut rng).unwrap();
    let mut trust = TrustStore::new();
    for party in &to {
        trust.accept_change(party).unwrap();
    }
    vec![
        ("sealed message", people[0].say(&people[1], b"text", &mut rng)),
        ("sealed upload", upload),
        ("server certificate", office.server.as_bytes().to_vec()),
        ("sender certificate", people[0].certificate.as_bytes().to_vec()),
        ("trust store", trust.snapshot().expose().to_vec()),
    ]
}

/// Makes the checksum right, if it is a snapshot that has one.
fn reseal_snapshot(bytes: &mut [u8]) {
    if bytes.starts_with(b"CFDT") && bytes.len() >= 22 {
        reseal(bytes);
    }
}

/// whatever stands in the place of a count or a length, at any offset, reserves nothing; nor does an early end.
#[test]
fn claimed_counts_and_early_ends_reserve_nothing() {
    let claims: &[&[u8]] = &[&[0xff; 2], &[0, 0, 0x13, 0x88], &[0, 1, 0x86, 0xa0], &[0xff; 4]];
    for (origin, bytes) in encodings() {
        check(&bytes, origin);
        for at in 0..bytes.len().min(700) {
            for claim in claims {
                let mut changed = bytes.clone();
                let places = changed.iter_mut().skip(at);
                places.zip(*claim).for_each(|(place, byte)| *place = *byte);
                reseal_snapshot(&mut changed);
                check(&changed, origin);
            }
            let mut short = bytes[..at].to_vec();
            reseal_snapshot(&mut short);
            check(&short, origin);
        }
    }
}

/// bytes that mean nothing, behind a good beginning.
#[test]
fn garbage_costs_in_proportion() {
    let mut rng = TestRng::new(26);
    let beginnings: [&[u8]; 5] = [&[], b"CFDT\x04\x01", &[1, 0x20], &[1, 0x21], &[1, 0x31]];
    for round in 0..500 {
        let mut bytes: Vec<u8> = (0..rng.below(4097)).map(|_| rng.below(256) as u8).collect();
        let beginning = beginnings[round % 5];
        bytes.iter_mut().zip(beginning).for_each(|(byte, good)| *byte = *good);
        reseal_snapshot(&mut bytes);
        check(&bytes, "garbage");
    }
}

/// an upload that claims as many recipients as a number can say reserves nothing, nor does a trust store.
#[test]
fn four_billion_recipients_reserve_nothing() {
    let mut encodings = encodings().into_iter();
    let mut upload = encodings.find(|(name, _)| *name == "sealed upload").unwrap().1;
    let mut trust = encodings.find(|(name, _)| *name == "trust store").unwrap().1;
    let mut claim = |claimed: u32| {
        upload[34..38].copy_from_slice(&claimed.to_be_bytes());
        trust[14..18].copy_from_slice(&claimed.to_be_bytes());
        reseal(&mut trust);
        (
            counted(|| SealedUpload::decode(&upload).map(drop)),
            counted(|| TrustStore::restore(&trust, 0).map(drop)),
        )
    };
    for claimed in [u32::MAX, 100_001] {
        let (of_upload, of_trust) = claim(claimed);
        assert_eq!(of_upload, (Err(DecodeError::TooMany), Count::default()), "{claimed}");
        let refused = Err(RestoreError::Malformed(DecodeError::TooMany));
        assert_eq!(of_trust, (refused, Count::default()), "{claimed}");
    }
    // As many as there may be: what is there is read, and what is not costs nothing.
    let (of_upload, of_trust) = claim(5_000);
    let four = claim(4);
    assert_eq!((of_upload.0, four.0.0), (Err(DecodeError::NotCanonical), Ok(())));
    assert_eq!(of_upload.1, four.0.1);
    let truncated = Err(RestoreError::Malformed(DecodeError::Truncated));
    assert_eq!((of_trust.0, four.1.0), (truncated, Ok(())));
    assert_eq!(of_trust.1, four.1.1);
}

/// the bulk of a trust store: the shortest entries that there are, in order.
#[test]
fn a_large_trust_store_costs_in_proportion() {
    let identity = Identity::generate(&mut TestRng::new(22)).unwrap().public();
    let mut bytes = TrustStore::new().snapshot().expose().to_vec();
    let entry = |device: u32| {
        let address = [&[1, 0, 2, 1, b'u', 3][..], &device.to_be_bytes()].concat();
        [&address[..], &identity.to_bytes(), &[0]].concat()
    };
    let entries = (0..2_000).flat_map(entry);
    bytes.splice(14..18, 2_000_u32.to_be_bytes().into_iter().chain(entries));
    reseal(&mut bytes);
    let (restored, allocated) = counted(|| TrustStore::restore(&bytes, 0).unwrap());
    assert_eq!(restored.iter().count(), 2_000);
    let most = TRUST_FACTOR * bytes.len() + TRUST_MAP;
    assert!(allocated.bytes <= most, "{allocated:?} for {}", bytes.len());
}

/// the bulk of an upload: to look at it, and to cut it, costs an address at a time.
#[test]
fn a_large_upload_costs_in_proportion() {
    let (office, mut rng) = (Office::new(), TestRng::new(23));
    let [alice, bob] = ["alice", "bob"].map(|user| office.person(user, &mut rng));
    let party = |device| {
        let address = &bob.address;
        let (provider, user) = (address.provider().clone(), address.user().clone());
        Party::new(Address::new(provider, user, DeviceId::new(device)), bob.identity.public())
    };
    let to: Vec<Party> = (0..500).map(party).collect();
    let text = SealedContent::Control(b"text");
    let upload = alice.sender().seal_many(&to, text, &mut rng).unwrap();
    let (decoded, allocated) = counted(|| SealedUpload::decode(&upload).unwrap());
    assert!(allocated.bytes <= upload.len(), "{allocated:?}");
    assert_eq!(allocated.freed, allocated.calls, "nothing is kept");
    let (count, allocated) =
        counted(|| decoded.views().map(|(_, view)| view.shared().len()).sum::<usize>());
    assert_eq!(count, 500 * 1_096);
    assert!(allocated.bytes <= upload.len(), "{allocated:?}");
}

/// a sealed message that does not open costs little more than its length, whatever is in it.
#[test]
fn a_forged_sealed_message_costs_in_proportion() {
    let (office, mut rng) = (Office::new(), TestRng::new(24));
    let [alice, bob] = ["alice", "bob"].map(|user| office.person(user, &mut rng));
    for len in [10, 5_000, 40_000] {
        let sealed = alice.say(&bob, &vec![7; len], &mut rng);
        // E, C, the tag, the commitment, and the last chunk.
        for at in [5, 40, 70, 130, sealed.len() - 1] {
            let mut forged = sealed.clone();
            forged[at] ^= 1;
            let (result, allocated) = counted(|| bob.open(&forged).map(drop));
            assert_eq!(result, Err(OpenError::Unauthentic));
            assert!(allocated.bytes <= FACTOR * forged.len() + 4_096, "{at}: {allocated:?}");
        }
    }
}

/// To read a sealed message is to look at it; to compare what was typed or scanned, as well.
#[test]
fn reading_a_sealed_message_allocates_nothing() {
    let (name, sealed) = encodings().remove(0);
    let (decoded, allocated) = counted(|| SealedMessage::decode(&sealed).is_ok());
    assert_eq!((name, decoded, allocated), ("sealed message", true, Count::default()));
    let (office, mut rng) = (Office::new(), TestRng::new(25));
    let [alice, bob] = ["alice", "bob"].map(|user| office.person(user, &mut rng).party());
    let number = SafetyNumber::new(&alice, &bob);
    let long = "7".repeat(1 << 20);
    let (refused, allocated) = counted(|| number.compare(&long).is_err());
    assert_eq!((refused, allocated), (true, Count::default()));
    let (refused, allocated) = counted(|| number.compare_code(long.as_bytes()).is_err());
    assert_eq!((refused, allocated), (true, Count::default()));
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
}
