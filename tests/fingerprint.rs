//! Safety numbers: what they are over, what a comparison takes, and what it refuses.

mod common;
mod forge;

use std::collections::BTreeSet;

use common::TestRng;
use confidant::{
    Address, CompareError, DecodeError, DeviceId, Identity, Party, Provider, PublicIdentity,
    SafetyNumber, UserId,
};
use sha2::{Digest, Sha512};

fn party(provider: &str, user: &str, device: u32, identity: PublicIdentity) -> Party {
    let (provider, user) = (Provider::new(provider).unwrap(), UserId::new(user).unwrap());
    Party::new(Address::new(provider, user, DeviceId::new(device)), identity)
}

fn identities<const N: usize>(seed: u64) -> [Identity; N] {
    let mut rng = TestRng::new(seed);
    std::array::from_fn(|_| Identity::generate(&mut rng).unwrap())
}

/// What Alice's device shows, and what Bob's.
fn both(seed: u64) -> (SafetyNumber, SafetyNumber) {
    let [alice, bob] = identities(seed);
    let alice = party("example.org", "alice", 1, alice.public());
    let bob = party("example.org", "bob", 1, bob.public());
    (SafetyNumber::new(&alice, &bob), SafetyNumber::new(&bob, &alice))
}

/// The 60 digits without spaces.
fn digits(number: &SafetyNumber) -> String {
    number.to_string().replace(' ', "")
}

/// both devices show the same, whoever is first in any order of the two.
#[test]
fn both_sides_show_the_same_number() {
    let mut first = BTreeSet::new();
    for seed in 0..8 {
        let (alice, bob) = both(seed);
        assert_eq!(alice.to_string(), bob.to_string());
        assert!(alice.compare(&bob.to_string()).is_ok());
        assert!(bob.compare(&alice.to_string()).is_ok());
        // Whose half of the number is the first: both happen.
        first.insert(alice.code() < bob.code());
    }
    assert_eq!(first.len(), 2);
}

/// the user, the provider and either half of the identity are in the number, on either side; the device is not.
#[test]
fn each_field_changes_the_number_but_the_device() {
    let [alice, bob, other] = identities(20);
    let ours = party("example.org", "alice", 1, alice.public());
    let number = SafetyNumber::new(&ours, &party("example.org", "bob", 1, bob.public()));
    let half = |signing, agreement| {
        PublicIdentity::from_bytes(&forge::spliced(signing, agreement)).unwrap()
    };
    let others = [
        party("example.org", "bobb", 1, bob.public()),
        party("example.org", "Bob", 1, bob.public()),
        party("example.com", "bob", 1, bob.public()),
        party("", "bob", 1, bob.public()),
        party("example.org", "bob", 1, half(&other, &bob)),
        party("example.org", "bob", 1, half(&bob, &other)),
        party("example.org", "bob", 1, other.public()),
    ];
    let mut seen = BTreeSet::from([digits(&number)]);
    for changed in &others {
        for changed in [SafetyNumber::new(&ours, changed), SafetyNumber::new(changed, &ours)] {
            assert_eq!(number.compare(&changed.to_string()), Err(CompareError::Different));
            assert_eq!(number.compare_code(&changed.code()), Err(CompareError::Different));
            seen.insert(digits(&changed));
        }
    }
    assert_eq!(seen.len(), 1 + others.len(), "each change gives another number");

    let theirs = party("example.org", "bob", 77, bob.public());
    assert_eq!(digits(&SafetyNumber::new(&ours, &theirs)), digits(&number));
    assert_eq!(SafetyNumber::new(&ours, &theirs).code(), number.code());
}

/// names that are the same bytes when they are strung together are other names.
#[test]
fn names_that_run_together_are_told_apart() {
    let [alice, bob] = identities(21);
    let ours = party("", "alice", 1, alice.public());
    let names = [
        ("ab", "c"),
        ("a", "bc"),
        ("", "abc"),
        ("a", "\u{2}\u{1}c"),
        ("a\u{2}\u{1}", "c"),
        ("", "a\u{2}\u{1}c"),
    ];
    let numbers: BTreeSet<String> = names
        .iter()
        .map(|(provider, user)| party(provider, user, 1, bob.public()))
        .map(|theirs| digits(&SafetyNumber::new(&ours, &theirs)))
        .collect();
    assert_eq!(numbers.len(), names.len());
}

/// twelve groups of five digits, a space between two.
#[test]
fn a_number_is_shown_in_twelve_groups_of_five() {
    let shown = both(22).0.to_string();
    assert_eq!(shown.len(), 71);
    let groups: Vec<&str> = shown.split(' ').collect();
    assert_eq!(groups.len(), 12);
    for group in groups {
        assert!(group.len() == 5 && group.bytes().all(|byte| byte.is_ascii_digit()), "{shown}");
    }
}

/// what is typed may have white space anywhere, and every digit.
#[test]
fn white_space_does_not_matter() {
    let (alice, bob) = both(23);
    let plain = digits(&bob);
    let spaced: String = plain.chars().flat_map(|digit| [digit, ' ']).collect();
    let lines = bob.to_string().replace(' ', "\r\n\t");
    for typed in [&plain, &spaced, &lines, &format!("  {plain}\n"), &bob.to_string()] {
        let verified = alice.compare(typed).unwrap();
        assert_eq!(verified.party().address().user().as_bytes(), b"bob");
    }
}

/// one digit, anywhere, makes it another number; no part of it is enough.
#[test]
fn one_wrong_digit_is_a_different_number() {
    let (alice, bob) = both(24);
    let plain = digits(&bob);
    for at in 0..60 {
        let digit = plain.as_bytes()[at] - b'0';
        for wrong in (0..10).filter(|wrong| *wrong != digit) {
            let mut typed = plain.clone();
            typed.replace_range(at..=at, &wrong.to_string());
            assert_eq!(alice.compare(&typed), Err(CompareError::Different), "{at}");
        }
    }
    let halves = format!("{}{}", &plain[30..], &plain[..30]);
    assert_eq!(alice.compare(&halves), Err(CompareError::Different));
}

/// what is not exactly 60 ASCII digits is not compared at all.
#[test]
fn what_is_not_sixty_digits_is_not_a_number() {
    let (alice, bob) = both(25);
    let plain = digits(&bob);
    let prefixes = (0..60).map(|len| plain[..len].to_owned());
    let suffixes = (1..=60).map(|from| plain[from..].to_owned());
    let with = |at: usize, what: &str| format!("{}{what}{}", &plain[..at], &plain[at + 1..]);
    let wrong = [
        format!("{plain}0"),
        format!("0{plain}"),
        format!("{plain} 1"),
        format!("{plain}x"),
        format!("{plain}\0"),
        format!("{plain}\u{b}"),
        format!("{plain}\u{a0}"),
        with(0, "a"),
        with(59, "O"),
        with(17, "-"),
        with(30, "+"),
        with(30, "\u{664}"),
        with(30, "\u{ff14}"),
        with(30, "\u{1d7d2}"),
        with(30, "²"),
        " ".repeat(60),
    ];
    for typed in prefixes.chain(suffixes).chain(wrong) {
        assert_eq!(alice.compare(&typed), Err(CompareError::NotANumber), "{typed:?}");
    }
    // The same digits in another script, all of them.
    let arabic = plain.chars().map(|digit| char::from_u32(digit as u32 - 48 + 0x660).unwrap());
    assert_eq!(alice.compare(&arabic.collect::<String>()), Err(CompareError::NotANumber));
}

/// each side's code verifies at the other, and says whom it has verified.
#[test]
fn each_reads_the_others_code() {
    let (alice, bob) = both(26);
    let verified = alice.compare_code(&bob.code()).unwrap();
    assert_eq!(verified.party().address().user().as_bytes(), b"bob");
    let verified = bob.compare_code(&alice.code()).unwrap();
    assert_eq!(verified.party().address().user().as_bytes(), b"alice");
    assert_eq!(alice.code().len(), SafetyNumber::CODE_LEN);
    assert_eq!(alice.code()[..2], [0x01, 0x40]);
}

/// our own screen, which is the peer's code with its halves swapped, is not the peer's.
#[test]
fn our_own_code_is_refused() {
    let (alice, bob) = both(27);
    assert_eq!(alice.compare_code(&alice.code()), Err(CompareError::Different));
    let mut swapped = bob.code();
    swapped[2..].rotate_left(32);
    assert_eq!(swapped, alice.code());
    assert_eq!(alice.compare_code(&swapped), Err(CompareError::Different));
    // Of one right half, either, nothing follows.
    for half in [2..34, 34..66] {
        let mut code = bob.code();
        code[half].fill(7);
        assert_eq!(alice.compare_code(&code), Err(CompareError::Different));
    }
}

/// every bit of a code counts; version and type are looked at before the halves.
#[test]
fn every_flipped_bit_of_a_code_is_refused() {
    let (alice, bob) = both(28);
    for bit in 0..66 * 8 {
        let mut code = bob.code();
        code[bit / 8] ^= 1 << (bit % 8);
        let expected = match bit / 8 {
            0 => CompareError::Malformed(DecodeError::UnsupportedVersion),
            1 => CompareError::Malformed(DecodeError::WrongKind),
            _ => CompareError::Different,
        };
        assert_eq!(alice.compare_code(&code), Err(expected), "{bit}");
    }
}

/// a code has one length.
#[test]
fn a_code_of_another_length_is_refused() {
    let (alice, bob) = both(29);
    let code = bob.code();
    for len in 0..code.len() {
        let refused = Err(CompareError::Malformed(DecodeError::Truncated));
        assert_eq!(alice.compare_code(&code[..len]), refused, "{len}");
    }
    let longer = [&code[..], &[0]].concat();
    let refused = Err(CompareError::Malformed(DecodeError::TrailingBytes));
    assert_eq!(alice.compare_code(&longer), refused);
    let number = bob.to_string();
    assert!(matches!(alice.compare_code(number.as_bytes()), Err(CompareError::Malformed(_))));
}

/// what the user confirms by eye is the number that is shown, of that party.
#[test]
fn a_confirmation_is_of_the_party_that_is_shown() {
    let (alice, bob) = both(30);
    assert_eq!(alice.confirmed_by_user(), alice.compare(&bob.to_string()).unwrap());
    assert_ne!(alice.confirmed_by_user(), bob.confirmed_by_user());
}

/// the formula of the specification, by itself: 5,200 hashes over the whole identity and the tagged names.
#[test]
fn the_number_is_what_the_specification_says() {
    let [alice, bob] = identities(31);
    let ours = party("example.org", "alice", 1, alice.public());
    let theirs = party("", "bob", 2, bob.public());
    let (a, b) = (side("example.org", "alice", &alice), side("", "bob", &bob));
    let number = SafetyNumber::new(&ours, &theirs);
    let code = [&[1, 0x40], &a[..32], &b[..32]].concat();
    assert_eq!(number.code()[..], code);
    let mut halves = [half(&a), half(&b)];
    halves.sort();
    assert_eq!(digits(&number), halves.concat());
}

/// h(5,199).
fn side(provider: &str, user: &str, identity: &Identity) -> Vec<u8> {
    let key = [&[1], &identity.public().hash()[..]].concat();
    let mut id = vec![1, u8::try_from(provider.len()).unwrap()];
    id.extend(provider.bytes());
    id.extend([2, u8::try_from(user.len()).unwrap()]);
    id.extend(user.bytes());
    let first = Sha512::digest([&[0, 0], &key[..], &id, &key].concat());
    let last = (1..5_200)
        .fold(first, |hash, _| Sha512::new().chain_update(hash).chain_update(&key).finalize());
    last.to_vec()
}

fn half(side: &[u8]) -> String {
    let five = side[..30].chunks(5).map(|chunk| {
        let number = chunk.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{:05}", number % 100_000)
    });
    five.collect()
}
