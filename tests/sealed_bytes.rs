//! Sealed messages as bytes: how long they are, and what becomes of those that nobody has sealed.

mod common;
mod forge;
mod office;

use std::collections::BTreeSet;

use common::{NOW, TestRng};
use confidant::limits::SEALED_CONTENT;
use confidant::{
    Address, DecodeError, DeviceId, OpenError, Provider, SealedContent, SealedMessage,
    SealedUpload, UserId,
};
use forge::sealed::{CONTROL, HEAD, MESSAGE, Sealing, content, secret_of};
use office::{Office, Person};

/// The lengths that a relay can see, as they stand in `docs/wire.md`.
const LENGTHS: [usize; 15] = [
    1_194, 2_218, 4_266, 8_362, 16_570, 32_970, 65_770, 131_370, 262_570, 524_970, 1_049_770,
    2_099_370, 4_198_570, 8_396_970, 16_793_770,
];

/// What stands in the content besides the text.
const BEFORE: usize = 401;

struct Scene {
    office: Office,
    alice: Person,
    bob: Person,
    rng: TestRng,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let (office, mut rng) = (Office::new(), TestRng::new(seed));
        let [alice, bob] = ["alice", "bob"].map(|user| office.person(user, &mut rng));
        Self { office, alice, bob, rng }
    }

    /// A message from Alice to Bob with any padded content.
    fn with_content(&self, padded: &[u8]) -> Vec<u8> {
        let secret = secret_of(&self.alice.identity, self.bob.party().identity());
        Sealing::new([4; 32], padded).message(&secret, &self.alice.party(), &self.bob.party())
    }
}

/// What somebody who has no key makes of it, and Bob after him.
fn refusal(bob: &Person, bytes: &[u8]) -> Option<Result<OpenError, DecodeError>> {
    match SealedMessage::decode(bytes) {
        Err(error) => Some(Err(error)),
        Ok(message) => message.open(&bob.identity, &bob.address).err().map(Ok),
    }
}

/// the lengths on the page are the lengths in the code.
#[test]
fn the_lengths_are_documented() {
    let page = include_str!("../src/docs/wire.md").replace('\n', " ");
    let listed: Vec<String> = LENGTHS.iter().map(|len| grouped(*len)).collect();
    let (last, others) = listed.split_last().unwrap();
    assert!(page.contains(&format!("{} or {last} bytes long", others.join(", "))));
    for (content, len) in SEALED_CONTENT.into_iter().zip(LENGTHS) {
        // Salt, commitment, and a tag for each chunk.
        assert_eq!(len, HEAD + 24 + 32 + content + 16 * (content / 16_384 + 1));
        assert!(content.is_power_of_two());
    }
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// content of any length gives one of these lengths, the least that will do.
#[test]
fn a_sealed_message_has_one_of_few_lengths() {
    let mut scene = Scene::new(1);
    let boundaries = SEALED_CONTENT[..8].iter().map(|len| len - BEFORE);
    let around = boundaries.flat_map(|len| [len - 1, len, len + 1]);
    let mut seen = BTreeSet::new();
    for len in (0..70_000).step_by(1_009).chain(around) {
        let sealed = scene.alice.say(&scene.bob, &vec![7; len], &mut scene.rng);
        let bucket = SEALED_CONTENT.iter().position(|content| *content >= len + BEFORE).unwrap();
        assert_eq!(sealed.len(), LENGTHS[bucket], "{len}");
        seen.insert(sealed.len());
    }
    assert!(seen.into_iter().eq(LENGTHS[..9].iter().copied()));
}

/// who sends, with which certificate, and what kind of content it is, does not show in the length.
#[test]
fn the_length_tells_nothing_of_the_sender() {
    let mut scene = Scene::new(2);
    let named = |provider: &str, user: &str| {
        let provider = Provider::new(provider).unwrap();
        Address::new(provider, UserId::new(user).unwrap(), DeviceId::new(1))
    };
    let addresses = [
        named("", "a"),
        named("example.org", "alexandra"),
        named("", &"u".repeat(119)),
        named(&"p".repeat(100), &"u".repeat(19)),
    ];
    for len in [174, 622, 623, 624, 5_000, 16_384 - BEFORE, 20_000] {
        let text = [&[1, 4][..], &vec![7; len - 2]].concat();
        let mut lengths = BTreeSet::new();
        for address in &addresses {
            let sender = scene.office.person_at(address.clone(), &mut scene.rng);
            for content in [SealedContent::Control(&text), SealedContent::Message(&text)] {
                let to = scene.bob.party();
                lengths.insert(sender.sender().seal(&to, content, &mut scene.rng).unwrap().len());
            }
        }
        assert_eq!(lengths.len(), 1, "{len}");
    }
}

/// other lengths are refused before anything is computed.
#[test]
fn a_sealed_message_of_another_length_is_refused() {
    let mut scene = Scene::new(3);
    let sealed = scene.alice.say(&scene.bob, b"text", &mut scene.rng);
    for len in 0..sealed.len() {
        let expected = if len < HEAD { DecodeError::Truncated } else { DecodeError::NotCanonical };
        assert_eq!(SealedMessage::decode(&sealed[..len]), Err(expected), "{len}");
    }
    for more in [1, 15, 16, 1_023, 1_025, 2_048] {
        let longer = [&sealed[..], &vec![0; more]].concat();
        assert_eq!(SealedMessage::decode(&longer), Err(DecodeError::NotCanonical), "{more}");
    }
    // Another one of the lengths is well formed, and opens for nobody.
    let longer = [&sealed[..], &vec![0; 1_024]].concat();
    assert_eq!(refusal(&scene.bob, &longer), Some(Ok(OpenError::Unauthentic)));
}

/// every bit of a sealed message counts.
#[test]
fn every_flipped_bit_is_refused() {
    let mut scene = Scene::new(4);
    let sealed = scene.alice.say(&scene.bob, b"text", &mut scene.rng);
    assert_eq!(sealed.len(), LENGTHS[0]);
    assert_eq!(refusal(&scene.bob, &sealed), None);
    for bit in 0..sealed.len() * 8 {
        let mut bytes = sealed.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let found = refusal(&scene.bob, &bytes);
        match bit / 8 {
            0 => assert_eq!(found, Some(Err(DecodeError::UnsupportedVersion))),
            1 => assert_eq!(found, Some(Err(DecodeError::WrongKind))),
            33 if bit % 8 == 7 => assert_eq!(found, Some(Err(DecodeError::InvalidKey))),
            _ => assert_eq!(found, Some(Ok(OpenError::Unauthentic)), "{bit}"),
        }
    }
}

/// Bytes that mean nothing are refused, whatever they begin with, and nothing panics.
#[test]
fn random_bytes_are_refused() {
    let scene = Scene::new(5);
    let mut rng = TestRng::new(6);
    let mut opened = 0;
    for round in 0..600_usize {
        let len = match round % 3 {
            0 => usize::try_from(rng.below(3_000)).unwrap(),
            1 => LENGTHS[0],
            _ => LENGTHS[round % 4],
        };
        let mut bytes: Vec<u8> = (0..len).map(|_| u8::try_from(rng.below(256)).unwrap()).collect();
        let start: &[u8] = [&[][..], &[1, 0x20], &[1, 0x21]][round / 3 % 3];
        bytes.iter_mut().zip(start).for_each(|(byte, good)| *byte = *good);
        assert!(refusal(&scene.bob, &bytes).is_some());
        assert!(SealedUpload::decode(&bytes).is_err());
        opened += usize::from(SealedMessage::decode(&bytes).is_ok());
    }
    assert!(opened > 20, "{opened}: some were whole enough to be opened");
}

/// one content for one padded form: the shortest padding, of zeros, behind what a sender may put there.
#[test]
fn content_that_is_not_canonical_is_refused() {
    let scene = Scene::new(7);
    let certificate = scene.alice.certificate.as_bytes();
    let good = content(certificate, CONTROL, b"text");
    let opens = |padded: &[u8]| scene.bob.open(&scene.with_content(padded)).map(drop);
    assert_eq!(opens(&good), Ok(()));
    let malformed = |error| Err(OpenError::Malformed(error));
    let changed = |at: usize, byte: u8| {
        let mut padded = good.clone();
        padded[at] = byte;
        opens(&padded)
    };
    let (kind, len) = (396, 397);
    for wrong in [0, 3, 4, 0xff] {
        assert_eq!(changed(kind, wrong), malformed(DecodeError::WrongKind));
    }
    assert_eq!(changed(1_023, 1), malformed(DecodeError::NotCanonical), "the last of the padding");
    assert_eq!(changed(405, 1), malformed(DecodeError::NotCanonical), "the first of the padding");
    assert_eq!(changed(len + 3, 3), malformed(DecodeError::NotCanonical), "a shorter text");
    assert_eq!(changed(len + 3, 5), Ok(()), "a longer one, with a zero at its end");
    // An unknown kind is found before the length is looked at, and that before the padding.
    for wrong in [0, 3, 0xff] {
        let mut padded = good.clone();
        padded[kind] = wrong;
        padded[len] = 0xff;
        padded[1_023] = 1;
        assert_eq!(opens(&padded), malformed(DecodeError::WrongKind), "{wrong}");
    }
    assert_eq!(changed(len, 0xff), malformed(DecodeError::Truncated));
    assert_eq!(changed(len + 2, 0xff), malformed(DecodeError::Truncated));
    let mut longer = good.clone();
    longer.resize(2_048, 0);
    assert_eq!(opens(&longer), malformed(DecodeError::NotCanonical), "more padding than needed");
    assert_eq!(changed(0, 2), malformed(DecodeError::UnsupportedVersion), "the certificate");
    assert_eq!(changed(193, 1), malformed(DecodeError::NotCanonical), "the certificate");
    assert_eq!(changed(67, 0xff), malformed(DecodeError::NotCanonical), "its address's length");
    assert_eq!(changed(40, good[40] ^ 1), Err(OpenError::Unauthentic), "another sender");
}

/// A recipient takes nothing for a message that a sender could not have sealed as one.
#[test]
fn content_that_is_no_message_is_refused() {
    let scene = Scene::new(8);
    let opens = |bytes: &[u8]| {
        let padded = content(scene.alice.certificate.as_bytes(), MESSAGE, bytes);
        scene.bob.open(&scene.with_content(&padded)).map(drop)
    };
    let malformed = |error| Err(OpenError::Malformed(error));
    assert_eq!(opens(b""), malformed(DecodeError::Truncated));
    assert_eq!(opens(b"meet me at noon"), malformed(DecodeError::UnsupportedVersion));
    assert_eq!(opens(&[1, 3]), malformed(DecodeError::WrongKind), "a distribution");
    assert_eq!(opens(&[1, 0x10]), malformed(DecodeError::WrongKind));
    assert_eq!(opens(&[1, 2]), malformed(DecodeError::Truncated));
    assert_eq!(opens(&[1, 4]), Ok(()), "a group's message is looked at by the group");
}

/// An empty group message reaches the group, which refuses it.
#[test]
fn a_group_message_without_anything_is_refused_by_the_group() {
    use confidant::{GroupDecryptError, GroupId, GroupSession, Rotation, SealedError};
    let scene = Scene::new(9);
    let padded = content(scene.alice.certificate.as_bytes(), MESSAGE, &[1, 4]);
    let sealed = scene.bob.open(&scene.with_content(&padded)).unwrap();
    let sealed = sealed.verify(&scene.office.roots, NOW).unwrap();
    let members = [scene.alice.party(), scene.bob.party()];
    let id = GroupId::new("group").unwrap();
    let us = scene.bob.party();
    let mut group = GroupSession::new(id, us, 1, members, Rotation::default()).unwrap();
    let refused = GroupDecryptError::Malformed(DecodeError::Truncated);
    assert_eq!(group.decrypt_sealed(&sealed), Err(SealedError::Refused(refused)));
}
