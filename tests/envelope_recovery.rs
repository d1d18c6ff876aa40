//! Recovery codes and their sets: R-104, and what must be refused.

mod common;
#[cfg(feature = "password")]
mod counting;
mod second;
mod vault;

use common::{NOW, TestRng};
use confidant::limits::MAX_RECOVERY_CODES;
use confidant::{
    ArchiveError, ArchiveHeader, DataContext, DecodeError, ExpectedArchive, KekType, NewArchive,
    OpenRecoveryError, Purpose, RecipientKey, Recovered, RecoveryCode, RecoveryCodeError,
    RecoveryCodeKey, RecoveryCodeState, RecoveryProfile, RecoverySet, RecoverySetError,
    RecoveryToken, RecoveryVerifier, Secret, Unauthenticated, UnwrapError, UnwrapWith, WrapWith,
    WrappedKey,
};
use vault::flips;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LONG: RecoveryProfile = RecoveryProfile::Long;

/// Where fields of a set of long codes begin.
const EPOCH: usize = 4 + 16;
const PROFILE: usize = EPOCH + 8;
const COUNT: usize = PROFILE + 1;
const ENTRIES: usize = COUNT + 1;
/// Index, state, verifier, public key, tag, length.
const WRAPPED: usize = 1 + 1 + 32 + 32 + 32 + 2;
const ENTRY: usize = WRAPPED + 13 + 17 + 32 + 72 + 32;

fn janes() -> DataContext {
    DataContext::new(Purpose::Archive).user(b"jane").unwrap()
}

fn made(count: u8, rng: &mut TestRng) -> (RecoverySet, Vec<RecoveryCode>) {
    RecoverySet::create(&janes(), LONG, count, rng).unwrap()
}

fn text(code: &RecoveryCode) -> String {
    code.to_text().expose().to_owned()
}

/// The letters without hyphens.
fn letters(code: &RecoveryCode) -> Vec<u8> {
    text(code).bytes().filter(|letter| *letter != b'-').collect()
}

fn parse(letters: &[u8]) -> Result<RecoveryCode, RecoveryCodeError> {
    RecoveryCode::parse(std::str::from_utf8(letters).unwrap())
}

/// Equal secrets, seen through the text.
fn same(a: &RecoveryCode, b: &RecoveryCode) -> bool {
    text(a) == text(b)
}

/// By what the set says of itself.
fn unlocked(bytes: &[u8], code: &RecoveryCode) -> Result<RecoveryCodeKey, OpenRecoveryError> {
    let (id, profile) = RecoverySet::claimed_in(bytes)?;
    Ok(code.unlock(&id, profile).unwrap())
}

fn recovered(
    bytes: &[u8],
    code: &RecoveryCode,
    min_epoch: u64,
) -> Result<Recovered, OpenRecoveryError> {
    let code = unlocked(bytes, code)?;
    RecoverySet::open(bytes, &janes(), &code, min_epoch).map(Unauthenticated::accept)
}

fn copy(key: &Secret<32>) -> Secret<32> {
    Secret::init_with(|copy| *copy = *key.expose())
}

fn opened(bytes: &[u8], code: &RecoveryCode) -> Result<Secret<32>, OpenRecoveryError> {
    recovered(bytes, code, 0).map(|recovered| copy(recovered.key()))
}

fn refused(bytes: &[u8], code: &RecoveryCode) -> OpenRecoveryError {
    opened(bytes, code).expect_err("it must not open")
}

fn malformed(error: DecodeError) -> OpenRecoveryError {
    OpenRecoveryError::Malformed(error)
}

/// Letters as bits, and back; and the remainder of a division of bits by a polynomial, done on paper.
mod bits {
    use super::ALPHABET;

    pub fn of_letters(letters: &[u8]) -> String {
        let value = |letter| ALPHABET.iter().position(|other| *other == letter).unwrap();
        letters.iter().map(|letter| format!("{:05b}", value(*letter))).collect()
    }

    pub fn to_letters(bits: &str) -> Vec<u8> {
        let five = |i: usize| usize::from_str_radix(&bits[i * 5..i * 5 + 5], 2).unwrap();
        (0..bits.len() / 5).map(|i| ALPHABET[five(i)]).collect()
    }

    pub fn to_bytes(bits: &str) -> Vec<u8> {
        let eight = |i: usize| u8::from_str_radix(&bits[i * 8..i * 8 + 8], 2).unwrap();
        (0..bits.len() / 8).map(eight).collect()
    }

    /// `bits` with `start` mixed into its beginning, and as many zeros behind it as the polynomial has bits.
    pub fn remainder(bits: &str, polynomial: &str, start: &str) -> String {
        let width = polynomial.len();
        let mut bits: Vec<u8> = bits.bytes().map(|bit| bit - b'0').collect();
        bits.extend(vec![0; width]);
        for (bit, start) in bits.iter_mut().zip(start.bytes()) {
            *bit ^= start - b'0';
        }
        for i in 0..bits.len() - width {
            if bits[i] == 1 {
                for (j, factor) in polynomial.bytes().enumerate() {
                    bits[i + 1 + j] ^= factor - b'0';
                }
            }
        }
        bits[bits.len() - width..].iter().map(|bit| char::from(b'0' + bit)).collect()
    }

    pub fn crc24(bits: &str) -> String {
        remainder(bits, &format!("{:024b}", 0x86_4c_fb), &format!("{:024b}", 0xb7_04_ce))
    }
}

#[test]
fn a_code_is_read_as_it_is_written() {
    let mut rng = TestRng::new(1);
    let (_, codes) = made(32, &mut rng);
    for (index, code) in codes.iter().enumerate() {
        let text = text(code);
        assert_eq!(text.len(), 39);
        assert!(text.split('-').all(|group| group.len() == 4), "{text}");
        assert!(letters(code).iter().all(|letter| ALPHABET.contains(letter)), "{text}");
        let read = RecoveryCode::parse(&text).unwrap();
        assert_eq!(usize::from(read.index()), index);
        assert!(same(code, &read));
    }
    assert!(!same(&codes[0], &codes[1]));
}

#[test]
fn case_and_hyphens_say_nothing() {
    let mut rng = TestRng::new(2);
    let (_, codes) = made(1, &mut rng);
    let text = text(&codes[0]);
    for spelled in [
        text.to_lowercase(),
        text.replace('-', ""),
        format!("-{}--", text.replace('-', "--")),
        text.chars().map(|letter| format!("{letter}-")).collect(),
    ] {
        assert!(same(&codes[0], &RecoveryCode::parse(&spelled).unwrap()), "{spelled}");
    }
}

/// I and L are 1, O is 0, in both cases; U is no letter, nor is anything else.
#[test]
fn letters_are_read_as_crockford_reads_them() {
    let mut rng = TestRng::new(3);
    let (_, codes) = made(32, &mut rng);
    let mut read = 0;
    for code in &codes {
        let text = text(code);
        for (from, to) in [('1', "I"), ('1', "l"), ('1', "L"), ('1', "i"), ('0', "O"), ('0', "o")] {
            read += usize::from(text.contains(from));
            assert!(same(code, &RecoveryCode::parse(&text.replace(from, to)).unwrap()));
        }
    }
    assert!(read > 60, "{read}");
    let text = text(&codes[0]);
    for other in (0..=0x7f).map(char::from).chain(['é', '０', '\u{2010}']) {
        let is_letter = other.is_ascii_alphanumeric() && !['U', 'u'].contains(&other);
        let changed = format!("{other}{}", &text[1..]);
        let expected =
            if is_letter || other == '-' { None } else { Some(RecoveryCodeError::NotALetter) };
        let error = RecoveryCode::parse(&changed).err();
        assert!(
            error == expected
                || (expected.is_none() && error != Some(RecoveryCodeError::NotALetter)),
            "{other:?}: {error:?}"
        );
    }
}

fn check_typos(code: &RecoveryCode) {
    let letters = letters(code);
    for at in 0..letters.len() {
        for other in ALPHABET.iter().filter(|other| **other != letters[at]) {
            let mut wrong = letters.clone();
            wrong[at] = *other;
            assert_eq!(parse(&wrong).unwrap_err(), RecoveryCodeError::Mistyped, "{at}: {other}");
        }
    }
    for at in 1..letters.len() {
        let mut swapped = letters.clone();
        swapped.swap(at - 1, at);
        if swapped != letters {
            assert_eq!(parse(&swapped).unwrap_err(), RecoveryCodeError::Mistyped, "{at}");
        }
    }
}

/// a code with one wrong letter, whichever, and with any two neighbours swapped, is caught by its check. Always: a CRC finds every
/// burst that is not longer than itself.
#[test]
fn one_wrong_letter_and_two_swapped_ones_are_caught() {
    let mut rng = TestRng::new(4);
    for _ in 0..4 {
        made(8, &mut rng).1.iter().for_each(check_typos);
    }
}

#[test]
fn other_lengths_are_no_codes() {
    let mut rng = TestRng::new(5);
    let (_, codes) = made(1, &mut rng);
    let letters = letters(&codes[0]);
    for len in (0..32).filter(|len| *len != 20) {
        assert_eq!(parse(&letters[..len]).unwrap_err(), RecoveryCodeError::WrongLength, "{len}");
    }
    let cut = if cfg!(feature = "password") {
        RecoveryCodeError::Mistyped
    } else {
        RecoveryCodeError::WrongLength
    };
    assert_eq!(parse(&letters[..20]).unwrap_err(), cut);
    for more in [1, 2, 8, 100_000] {
        let longer = [&letters[..], &vec![b'0'; more]].concat();
        assert_eq!(parse(&longer).unwrap_err(), RecoveryCodeError::WrongLength);
    }
    assert_eq!(parse(b"").unwrap_err(), RecoveryCodeError::WrongLength);
    assert_eq!(parse(&[b'0'; 32]).unwrap_err(), RecoveryCodeError::Mistyped);
    assert_eq!(parse(&[b'0'; 20]).unwrap_err(), cut);
}

/// By a second implementation: version, index, secret, and a check that was divided by hand.
#[test]
fn a_code_is_what_the_specification_says() {
    let mut rng = TestRng::new(6);
    for code in &made(32, &mut rng).1 {
        let all = bits::of_letters(&letters(code));
        assert_eq!(all.len(), 160);
        assert_eq!(all[..8], format!("001{:05b}", code.index()));
        assert_eq!(all[136..], bits::crc24(&all[..136]));
    }
    let payload = format!("001{:05b}{}", 21, "01".repeat(64));
    let spelled = bits::to_letters(&(payload.clone() + &bits::crc24(&payload)));
    assert_eq!(parse(&spelled).unwrap().index(), 21);
    for version in ["000", "010", "011", "100", "111"] {
        let other = format!("{version}{}", &payload[3..]);
        let spelled = bits::to_letters(&(other.clone() + &bits::crc24(&other)));
        assert_eq!(parse(&spelled).unwrap_err(), RecoveryCodeError::UnsupportedVersion);
    }
    // The check of RFC 9580: CRC-24 of "123456789" is 0x21cf02.
    let digits: String = b"123456789".iter().map(|byte| format!("{byte:08b}")).collect();
    assert_eq!(bits::crc24(&digits), format!("{:024b}", 0x21_cf_02));
}

/// What comes from a code, by a second implementation.
struct Derived {
    token: [u8; 32],
    secret: [u8; 32],
    roster: [u8; 32],
}

fn derived(code: &RecoveryCode, set: &[u8; 16]) -> Derived {
    let bytes = bits::to_bytes(&bits::of_letters(&letters(code)));
    let (prk, _) = hkdf::Hkdf::<sha2::Sha256>::extract(Some(set), &bytes[1..17]);
    let expand = |label| second::expand(&prk.into(), label, &[code.index()]);
    Derived {
        token: expand("code/token"),
        secret: expand("code/key"),
        roster: expand("code/roster"),
    }
}

struct Parts {
    id: [u8; 16],
    codes: Vec<Vec<u8>>,
}

fn parts(set: &[u8]) -> Parts {
    let mut rest = &set[ENTRIES..];
    let mut codes = Vec::new();
    for _ in 0..set[COUNT] {
        let len = WRAPPED + usize::from(u16::from_be_bytes([rest[WRAPPED - 2], rest[WRAPPED - 1]]));
        codes.push(rest[..len].to_vec());
        rest = &rest[len..];
    }
    assert_eq!(rest.len(), 32);
    Parts { id: set[4..20].try_into().unwrap(), codes }
}

fn roster(set: &[u8]) -> Vec<u8> {
    let mut roster = [&set[4..20], &set[PROFILE..COUNT], janes().as_bytes()].concat();
    for code in parts(set).codes {
        roster.extend(&code[2..66]);
    }
    roster
}

/// The archive key in an entry.
fn unwrapped(entry: &[u8], id: &[u8; 16], index: u8, code: &Derived) -> [u8; 32] {
    let wrapped = &entry[WRAPPED..];
    assert_eq!(wrapped[..13], [0xb1, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(wrapped[13..30], [&id[..], &[index]].concat());
    let ephemeral: [u8; 32] = wrapped[30..62].try_into().unwrap();
    let public = second::public(code.secret);
    let about = [&ephemeral[..], &public, id, &[index]];
    let kek = second::agreed("code/wrap", code.secret, ephemeral, &about);
    second::unwrapped(wrapped, 62, &second::owned(janes().as_bytes(), id), &kek).unwrap()
}

fn mac(key: &[u8; 32], signed: &[u8]) -> [u8; 32] {
    second::hmac(&second::expand(key, "recovery/mac", janes().as_bytes()), signed)
}

fn check_set(bytes: &[u8], codes: &[RecoveryCode], key: &[u8; 32]) {
    let Parts { id, codes: entries } = parts(bytes);
    for (index, (entry, code)) in entries.iter().zip(codes).enumerate() {
        let index = index as u8;
        let code = derived(code, &id);
        assert_eq!(entry[0], index);
        assert_eq!(entry[2..34], second::sha256("code/verifier", &[&code.token]));
        assert_eq!(entry[34..66], second::public(code.secret));
        assert_eq!(entry[66..98], second::hmac(&code.roster, &roster(bytes)));
        if entry[1] == 1 {
            assert_eq!(unwrapped(entry, &id, index, &code), *key);
        } else {
            assert_eq!(entry.len(), WRAPPED);
        }
    }
    let (signed, stored) = bytes.split_last_chunk::<32>().unwrap();
    assert_eq!(*stored, mac(key, signed));
}

/// the bytes of a set are what the specification says, before and after a change.
#[test]
fn a_second_implementation_opens_sets() {
    let mut rng = TestRng::new(7);
    let (mut set, codes) = made(5, &mut rng);
    let bytes = set.encode();
    assert_eq!(bytes[..4], *b"ERS1");
    assert_eq!(bytes[4..20], set.id());
    assert_eq!(bytes[EPOCH..ENTRIES], [0, 0, 0, 0, 0, 0, 0, 0, 1, 5]);
    assert_eq!(bytes.len(), ENTRIES + 5 * ENTRY + 32);
    check_set(&bytes, &codes, set.key().expose());
    set.revoke(3, &mut rng).unwrap();
    let bytes = set.encode();
    assert_eq!(bytes[EPOCH..ENTRIES], [0, 0, 0, 0, 0, 0, 0, 1, 1, 5]);
    check_set(&bytes, &codes, set.key().expose());
}

/// What a set draws, in this order: its id, the secrets, the archive key, and 56 bytes for each code.
#[test]
fn making_and_changing_draw_what_is_documented() {
    let mut rng = TestRng::new(8);
    let (mut set, codes) = made(4, &mut rng);
    assert_eq!(rng.drawn, 16 + 4 * 16 + 32 + 4 * 56);
    let before = rng.drawn;
    set.revoke(0, &mut rng).unwrap();
    assert_eq!(rng.drawn - before, 32 + 3 * 56);
    let before = rng.drawn;
    set.renew(&mut rng).unwrap();
    assert_eq!(rng.drawn - before, 32 + 3 * 56);
    let before = rng.drawn;
    let recovered = recovered(&set.encode(), &codes[1], 0).unwrap();
    assert_eq!(rng.drawn, before);
    recovered.use_up(&mut rng).unwrap();
    assert_eq!(rng.drawn - before, 32 + 2 * 56);
}

/// Issue: any single code of a set opens it.
#[test]
fn every_code_opens_the_set() {
    let mut rng = TestRng::new(9);
    let (set, codes) = made(32, &mut rng);
    let bytes = set.encode();
    for code in &codes {
        assert_eq!(opened(&bytes, code).unwrap().expose(), set.key().expose());
    }
    assert!(set.codes().all(|code| code.state == RecoveryCodeState::Unused));
    assert_eq!(set.recipients().count(), MAX_RECOVERY_CODES);
    assert_eq!(set.profile(), LONG);
}

#[test]
fn a_set_has_one_to_thirty_two_codes() {
    let mut rng = TestRng::new(10);
    for count in [0, 33, 255] {
        let made = RecoverySet::create(&janes(), LONG, count, &mut rng);
        assert_eq!(made.err(), Some(RecoverySetError::InvalidCount));
    }
    assert_eq!(rng.drawn, 0);
}

/// After one code was used: it is refused, the others open another key, and nobody needed them for that.
#[test]
fn a_used_code_is_refused() {
    let mut rng = TestRng::new(11);
    let (set, codes) = made(3, &mut rng);
    let first = set.encode();
    let recovered = recovered(&first, &codes[1], 0).unwrap();
    assert_eq!(recovered.index(), 1);
    let (after, old) = recovered.use_up(&mut rng).unwrap();
    assert_eq!(old.expose(), set.key().expose());
    assert_ne!(after.key().expose(), set.key().expose());
    assert_eq!((after.epoch(), after.id()), (1, set.id()));
    let second = after.encode();
    assert_eq!(refused(&second, &codes[1]), OpenRecoveryError::Used);
    for other in [0, 2] {
        assert_eq!(opened(&second, &codes[other]).unwrap().expose(), after.key().expose());
    }
    let states: Vec<RecoveryCodeState> = after.codes().map(|code| code.state).collect();
    assert_eq!(
        states,
        [RecoveryCodeState::Unused, RecoveryCodeState::Used, RecoveryCodeState::Unused]
    );
    // What cannot be taken back: the old set, with the old code.
    assert_eq!(opened(&first, &codes[1]).unwrap().expose(), set.key().expose());
}

#[test]
fn codes_are_used_one_after_the_other_until_none_is_left() {
    let mut rng = TestRng::new(12);
    let (mut set, codes) = made(3, &mut rng);
    for (index, code) in codes.iter().enumerate() {
        let bytes = set.encode();
        let recovered = recovered(&bytes, code, index as u64).unwrap();
        set = recovered.use_up(&mut rng).unwrap().0;
    }
    assert_eq!((set.recipients().count(), set.epoch()), (0, 3));
    let bytes = set.encode();
    for code in &codes {
        assert_eq!(refused(&bytes, code), OpenRecoveryError::Used);
    }
    let set = RecoverySet::open_with_key(&bytes, &janes(), copy(set.key()), 3).unwrap();
    assert_eq!(set.epoch(), 3);
}

#[test]
fn a_revoked_code_is_refused() {
    let mut rng = TestRng::new(13);
    let (mut set, codes) = made(3, &mut rng);
    let old = set.revoke(2, &mut rng).unwrap();
    assert_ne!(old.expose(), set.key().expose());
    let bytes = set.encode();
    assert_eq!(refused(&bytes, &codes[2]), OpenRecoveryError::Revoked);
    assert_eq!(opened(&bytes, &codes[0]).unwrap().expose(), set.key().expose());
    assert_eq!(set.recipients().map(|code| code.index()).collect::<Vec<_>>(), [0, 1]);
    for index in [2, 3, 255] {
        let again = set.revoke(index, &mut rng);
        assert_eq!(again.err(), Some(RecoverySetError::NotUnused));
    }
    assert_eq!(set.epoch(), 1);
}

/// A code of another set, of the same or of another number, is not one that is wrong: it says so.
#[test]
fn a_code_of_another_set_is_refused() {
    let mut rng = TestRng::new(14);
    let (mut set, _) = made(3, &mut rng);
    let (_, others) = made(5, &mut rng);
    set.revoke(2, &mut rng).unwrap();
    let bytes = set.encode();
    for other in &others {
        assert_eq!(refused(&bytes, other), OpenRecoveryError::WrongSet, "{}", other.index());
    }
}

/// The archive key of before, put back with the set of before.
#[test]
fn a_stale_set_is_refused() {
    let mut rng = TestRng::new(15);
    let (mut set, codes) = made(2, &mut rng);
    let old = set.encode();
    let old_key = set.renew(&mut rng).unwrap();
    let stale = recovered(&old, &codes[0], set.epoch());
    assert_eq!(stale.err(), Some(OpenRecoveryError::Stale));
    let stale = RecoverySet::open_with_key(&old, &janes(), old_key, 1);
    assert_eq!(stale.err(), Some(OpenRecoveryError::Stale));
    assert!(recovered(&set.encode(), &codes[0], 1).is_ok());
    let early = recovered(&set.encode(), &codes[0], 2);
    assert_eq!(early.err(), Some(OpenRecoveryError::Stale));
}

#[test]
fn a_set_of_somebody_else_is_refused() {
    let mut rng = TestRng::new(16);
    let (set, codes) = made(2, &mut rng);
    let bytes = set.encode();
    let johns = DataContext::new(Purpose::Archive).user(b"john").unwrap();
    let records = DataContext::new(Purpose::Record).user(b"jane").unwrap();
    for context in [johns, records] {
        let code = unlocked(&bytes, &codes[0]).unwrap();
        let opened = RecoverySet::open(&bytes, &context, &code, 0);
        assert_eq!(opened.err(), Some(OpenRecoveryError::Unauthentic));
        let opened = RecoverySet::open_with_key(&bytes, &context, copy(set.key()), 0);
        assert_eq!(opened.err(), Some(OpenRecoveryError::Unauthentic));
    }
    let opened = RecoverySet::open_with_key(&bytes, &janes(), vault::secret(9), 0);
    assert_eq!(opened.err(), Some(OpenRecoveryError::Unauthentic));
}

/// A whole set that somebody made up from stored bytes and what is public: of these states and this epoch, with this archive key, wrapped to
/// each code that is unused. `fields` changes what stands in an entry before its wrapped key.
fn made_up(
    stored: &[u8],
    (states, epoch): (&[u8], u64),
    key: &[u8; 32],
    fields: impl Fn(u8, &mut [u8]),
) -> Vec<u8> {
    let Parts { id, codes } = parts(stored);
    let mut forged = stored[..ENTRIES].to_vec();
    forged[EPOCH..PROFILE].copy_from_slice(&epoch.to_be_bytes());
    for ((index, entry), state) in (0..).zip(&codes).zip(states) {
        let mut entry = entry[..WRAPPED].to_vec();
        entry[1] = *state;
        fields(index, &mut entry);
        let theirs: [u8; 32] = entry[34..66].try_into().unwrap();
        let wrapped = if *state == 1 { wrapped_to(theirs, &id, index, key) } else { Vec::new() };
        entry[WRAPPED - 2..].copy_from_slice(&(wrapped.len() as u16).to_be_bytes());
        forged.extend([entry, wrapped].concat());
    }
    let tag = mac(key, &forged);
    [forged, tag.to_vec()].concat()
}

/// An archive key as a set wraps it to one of its codes.
fn wrapped_to(theirs: [u8; 32], id: &[u8; 16], index: u8, key: &[u8; 32]) -> Vec<u8> {
    let (ephemeral, public) = ([8; 32], second::public([8; 32]));
    let kek = second::agreed("code/wrap", ephemeral, theirs, &[&public, &theirs, id, &[index]]);
    let head = second::head(3, 4, 0, &[], &[&id[..], &[index], &public].concat());
    second::wrap(&head, &second::owned(janes().as_bytes(), id), &kek, key)
}

/// A set that somebody made up opens with our public keys in it (and gives a key that opens nothing of ours); with a key of its maker among
/// them, or without the code's own tag over them, it does not: so the next archive key is wrapped to nobody who never had a code.
#[test]
fn a_made_up_set_has_nobody_elses_keys_in_it() {
    let mut rng = TestRng::new(17);
    let (set, codes) = made(2, &mut rng);
    let stored = set.encode();
    let forge = |fields: &dyn Fn(u8, &mut [u8])| made_up(&stored, (&[1, 1], 0), &[7; 32], fields);
    let forged = forge(&|_, _| {});
    assert_eq!(opened(&forged, &codes[0]).unwrap().expose(), &[7; 32]);
    let substituted = forge(&|index, entry| {
        if index == 1 {
            entry[34..66].copy_from_slice(&second::public([9; 32]));
        }
    });
    assert_eq!(refused(&substituted, &codes[0]), OpenRecoveryError::Unauthentic);
    assert_eq!(refused(&substituted, &codes[1]), OpenRecoveryError::WrongSet);
    let without_tag = forge(&|_, entry| entry[66] ^= 1);
    assert_eq!(refused(&without_tag, &codes[0]), OpenRecoveryError::Unauthentic);
}

/// what a set says of states, epoch and key is what somebody says, and opening it gives a claim, by its type. To make it takes the
/// stored bytes alone. Here it is somebody who has a code that was revoked: in their set the code is unused again, at an epoch above all
/// that the owner remembers, and the owner who recovers with it wraps the next archive key to them.
#[test]
fn a_made_up_set_brings_revoked_codes_back() {
    let mut rng = TestRng::new(31);
    let (mut set, codes) = made(3, &mut rng);
    set.revoke(1, &mut rng).unwrap();
    let (remembered, honest) = (set.epoch(), set.encode());
    assert_eq!(refused(&honest, &codes[1]), OpenRecoveryError::Revoked);
    let forged = made_up(&honest, (&[1, 1, 1], remembered + 1), &[7; 32], |_, _| {});
    let code = unlocked(&forged, &codes[0]).unwrap();
    let claim: Unauthenticated<Recovered> =
        RecoverySet::open(&forged, &janes(), &code, remembered).unwrap();
    let recovered = claim.accept();
    // What tells: it opens nothing of ours.
    assert_ne!(recovered.key().expose(), set.key().expose());
    let (next, _) = recovered.use_up(&mut rng).unwrap();
    assert_eq!(opened(&next.encode(), &codes[1]).unwrap().expose(), next.key().expose());
    // What helps: another set.
    let (another, _) = made(3, &mut rng);
    assert_eq!(refused(&another.encode(), &codes[1]), OpenRecoveryError::WrongSet);
}

/// The owner who has the archive key takes nothing else for it: there a set is no claim.
#[test]
fn a_made_up_set_does_not_open_with_our_key() {
    let mut rng = TestRng::new(32);
    let (set, _) = made(2, &mut rng);
    for (states, epoch) in [([1, 1], 0), ([1, 3], 1)] {
        let forged = made_up(&set.encode(), (&states, epoch), &[7; 32], |_, _| {});
        let opened = RecoverySet::open_with_key(&forged, &janes(), copy(set.key()), 0);
        assert_eq!(opened.err(), Some(OpenRecoveryError::Unauthentic));
    }
}

/// The last epoch has no next one, and is not read.
#[test]
fn a_made_up_set_does_not_end_all_epochs() {
    let mut rng = TestRng::new(33);
    let (set, codes) = made(3, &mut rng);
    let at = |epoch| made_up(&set.encode(), (&[1, 1, 1], epoch), &[7; 32], |_, _| {});
    assert_eq!(refused(&at(u64::MAX), &codes[0]), malformed(DecodeError::NotCanonical));
    let (mut next, _) =
        recovered(&at(u64::MAX - 9), &codes[0], 0).unwrap().use_up(&mut rng).unwrap();
    let before = next.encode();
    next.revoke(1, &mut rng).unwrap();
    let stale = recovered(&before, &codes[2], next.epoch()).map(drop);
    assert_eq!(stale, Err(OpenRecoveryError::Stale));
}

/// Whatever set was opened, what comes of a change can be opened too, or there is no change.
#[test]
fn a_change_does_not_make_a_set_that_is_not_read() {
    let mut rng = TestRng::new(34);
    let (set, codes) = made(2, &mut rng);
    let last = made_up(&set.encode(), (&[1, 1], u64::MAX - 1), &[7; 32], |_, _| {});
    let used = recovered(&last, &codes[0], 0).unwrap().use_up(&mut rng);
    assert_eq!(used.map(|_| ()), Err(RecoverySetError::Exhausted));
}

fn empty_archive(to: WrappedKey, mut archive: NewArchive, rng: &mut TestRng) -> ArchiveHeader {
    archive.add_wrapped(to).unwrap();
    let mut out = Vec::new();
    archive.seal(&mut out, rng).unwrap().finish(&mut out).unwrap();
    ArchiveHeader::decode(&out[..out.len() - 72]).unwrap()
}

/// What was wrapped to a code for an archive of the same context does not stand in a set in the place of the set's own key, nor the other
/// way round: who may read an archive makes up no set with its key.
#[test]
fn keys_of_archives_and_sets_are_told_apart() {
    let mut rng = TestRng::new(35);
    let (set, codes) = made(1, &mut rng);
    let code = codes[0].unlock(&set.id(), LONG).unwrap();
    let archive = NewArchive::first(&janes(), NOW, 0, &mut rng).unwrap();
    let known = *archive.key().expose();
    let to = WrapWith::Code(&code.recipient());
    let to = WrappedKey::new(archive.key(), &janes(), to, &mut rng).unwrap();
    let header = empty_archive(to.clone(), archive, &mut rng);
    let with = UnwrapWith::Code(&code);
    assert!(header.open(&janes(), with, ExpectedArchive::Any).is_ok());

    let stored = set.encode();
    assert_eq!(to.as_bytes().len(), ENTRY - WRAPPED);
    let forged = [&stored[..ENTRIES + WRAPPED], to.as_bytes()].concat();
    let forged = [&forged[..], &mac(&known, &forged)].concat();
    assert_eq!(refused(&forged, &codes[0]), OpenRecoveryError::Unauthentic);

    let sets_own = WrappedKey::decode(&parts(&stored).codes[0][WRAPPED..]).unwrap();
    let archive = NewArchive::first(&janes(), NOW, 0, &mut rng).unwrap();
    let header = empty_archive(sets_own, archive, &mut rng);
    let refused = header.open(&janes(), with, ExpectedArchive::Any).map(drop);
    assert_eq!(refused, Err(ArchiveError::Unwrap(UnwrapError::WrongKeyOrContext)));
}

/// What a server sees and keeps: it tells codes apart, and says nothing of the key.
#[test]
fn the_token_is_another_thing_than_the_key() {
    let mut rng = TestRng::new(18);
    let (set, codes) = made(2, &mut rng);
    let key = codes[0].unlock(&set.id(), LONG).unwrap();
    let token = RecoveryToken::from_bytes(key.token().expose());
    let stored = RecoveryVerifier::from_bytes(*set.verifier(0).unwrap().as_bytes());
    assert!(stored.accepts(&token));
    assert!(!set.verifier(1).unwrap().accepts(&token));
    assert!(set.verifier(2).is_none());
    let other = codes[0].unlock(&[0; 16], LONG).unwrap();
    assert!(!stored.accepts(&other.token()), "a token is of one set");
    assert!(!stored.accepts(&RecoveryToken::from_bytes(stored.as_bytes())));

    let derived = derived(&codes[0], &set.id());
    assert_eq!(token.expose(), &derived.token);
    assert_ne!(derived.token, derived.secret);
    assert_eq!(key.recipient(), set.recipients().next().unwrap());
    let bytes = set.encode();
    for secret in [derived.token, derived.secret, derived.roster, *set.key().expose()] {
        assert!(!bytes.windows(32).any(|window| window == secret));
    }
}

/// Other keys are wrapped to a code as to anybody, and opened with it alone.
#[test]
fn keys_are_wrapped_to_codes() {
    let mut rng = TestRng::new(19);
    let (set, codes) = made(2, &mut rng);
    let to = set.recipients().nth(1).unwrap();
    let key = vault::secret(5);
    let wrapped = WrappedKey::new(&key, &janes(), WrapWith::Code(&to), &mut rng).unwrap();
    let wrapped = WrappedKey::decode(wrapped.as_bytes()).unwrap();
    assert_eq!(wrapped.kek_type(), KekType::RecoveryCode);
    let with = |index: usize| codes[index].unlock(&set.id(), LONG).unwrap();
    let open = |index| wrapped.open(&janes(), UnwrapWith::Code(&with(index)));
    assert_eq!(open(1).unwrap().expose(), key.expose());
    assert_eq!(open(0).err(), Some(UnwrapError::WrongKek));
    let elsewhere = vault::email();
    let opened = wrapped.open(&elsewhere, UnwrapWith::Code(&with(1)));
    assert_eq!(opened.err(), Some(UnwrapError::WrongKeyOrContext));
    let other_set = codes[1].unlock(&[0; 16], LONG).unwrap();
    let opened = wrapped.open(&janes(), UnwrapWith::Code(&other_set));
    assert_eq!(opened.err(), Some(UnwrapError::WrongKek));
    // Not even by the pair as such.
    let pair = RecipientKey::from_secret(Secret::init_with(|secret| {
        *secret = derived(&codes[1], &set.id()).secret;
    }));
    assert_eq!(pair.public().to_bytes(), parts(&set.encode()).codes[1][34..66]);
    let opened = wrapped.open(&janes(), UnwrapWith::Recipient(&pair));
    assert_eq!(opened.err(), Some(UnwrapError::WrongKek));
}

/// Whatever is changed in what was wrapped to a code, the code does not open it.
#[test]
fn a_key_for_a_code_is_bound_to_all_that_it_says() {
    let mut rng = TestRng::new(36);
    let (set, codes) = made(1, &mut rng);
    let code = codes[0].unlock(&set.id(), LONG).unwrap();
    let to = WrapWith::Code(&code.recipient());
    let wrapped = WrappedKey::new(&vault::secret(5), &janes(), to, &mut rng).unwrap();
    assert_eq!(wrapped.as_bytes().len(), 13 + 49 + 104);
    for (bit, changed) in flips(wrapped.as_bytes()) {
        let opened = WrappedKey::decode(&changed)
            .map(|wrapped| wrapped.open(&janes(), UnwrapWith::Code(&code)).map(drop));
        let is_expected = match bit / 8 {
            0..13 => opened.is_err() || opened == Ok(Err(UnwrapError::WrongKeyOrContext)),
            13..30 => opened == Ok(Err(UnwrapError::WrongKek)),
            30..62 => {
                let no_key = opened == Err(DecodeError::InvalidKey);
                no_key || opened == Ok(Err(UnwrapError::WrongKeyOrContext))
            }
            _ => opened == Ok(Err(UnwrapError::WrongKeyOrContext)),
        };
        assert!(is_expected, "{bit}: {opened:?}");
    }
}

/// To unlock a code before anything is opened, a set says whose it is and how its codes are stretched. That is a claim: only bytes that are
/// no set are refused.
#[test]
fn a_set_says_by_what_its_codes_are_unlocked() {
    let mut rng = TestRng::new(37);
    let (set, codes) = made(2, &mut rng);
    let mut bytes = set.encode();
    assert_eq!(RecoverySet::claimed_in(&bytes), Ok((set.id(), LONG)));
    let key = unlocked(&bytes, &codes[1]).unwrap();
    assert_eq!(key.recipient(), set.recipients().nth(1).unwrap());
    *bytes.last_mut().unwrap() ^= 1;
    assert_eq!(RecoverySet::claimed_in(&bytes), Ok((set.id(), LONG)));
    let refused = RecoverySet::open(&bytes, &janes(), &key, 0).map(drop);
    assert_eq!(refused, Err(OpenRecoveryError::Unauthentic));
    let cut = RecoverySet::claimed_in(&bytes[..bytes.len() - 1]);
    assert_eq!(cut, Err(malformed(DecodeError::Truncated)));
}

#[test]
fn truncation_is_found_everywhere() {
    let mut rng = TestRng::new(20);
    let (mut set, codes) = made(2, &mut rng);
    set.revoke(1, &mut rng).unwrap();
    let bytes = set.encode();
    for len in 0..bytes.len() {
        let expected = malformed(DecodeError::Truncated);
        assert_eq!(refused(&bytes[..len], &codes[0]), expected, "{len}");
    }
    for more in [1, 32, 70_000] {
        let longer = [&bytes[..], &vec![0; more]].concat();
        assert_eq!(refused(&longer, &codes[0]), malformed(DecodeError::TrailingBytes));
    }
}

/// Any bit of a set: it does not open, with the error of the field that it stands in.
#[test]
fn a_flipped_bit_is_found_everywhere() {
    let mut rng = TestRng::new(21);
    let (set, codes) = made(2, &mut rng);
    let bytes = set.encode();
    let code = unlocked(&bytes, &codes[0]).unwrap();
    for (bit, changed) in flips(&bytes) {
        let error = RecoverySet::open(&changed, &janes(), &code, 0).unwrap_err();
        let is_invalid = error == malformed(DecodeError::InvalidKey);
        let is_malformed = matches!(error, OpenRecoveryError::Malformed(_));
        let at = bit / 8;
        let (own, other) = (ENTRIES, ENTRIES + ENTRY);
        let is_expected = match at {
            0..3 => error == malformed(DecodeError::WrongKind),
            3 => error == malformed(DecodeError::UnsupportedVersion),
            // The wrapped keys name the set too.
            4..EPOCH => error == malformed(DecodeError::NotCanonical),
            EPOCH..PROFILE => error == OpenRecoveryError::Unauthentic,
            PROFILE..ENTRIES => is_malformed || error == OpenRecoveryError::OutOfBounds,
            _ if (own + 2..own + 66).contains(&at) => {
                error == OpenRecoveryError::WrongSet || is_invalid
            }
            _ if (other + 2..other + 66).contains(&at) => {
                error == OpenRecoveryError::Unauthentic || is_invalid
            }
            _ => error == OpenRecoveryError::Unauthentic || is_malformed,
        };
        assert!(is_expected, "byte {at}: {error:?}");
    }
}

#[test]
fn encodings_that_are_not_canonical_are_refused() {
    let mut rng = TestRng::new(22);
    let (mut set, codes) = made(3, &mut rng);
    set.revoke(2, &mut rng).unwrap();
    let bytes = set.encode();
    let changed = |at: usize, byte: u8| {
        let mut changed = bytes.clone();
        changed[at] = byte;
        refused(&changed, &codes[0])
    };
    let not_canonical = malformed(DecodeError::NotCanonical);
    // Index of the second code; the state of an unused code, and of a revoked one that would need a key.
    assert_eq!(changed(ENTRIES + ENTRY, 0), not_canonical);
    assert_eq!(changed(ENTRIES + ENTRY, 2), not_canonical);
    assert_eq!(changed(ENTRIES + 1, 2), not_canonical);
    assert_eq!(changed(ENTRIES + 1, 3), not_canonical);
    assert_eq!(changed(ENTRIES + 1, 0), malformed(DecodeError::UnsupportedVersion));
    assert_eq!(changed(ENTRIES + 1, 4), malformed(DecodeError::UnsupportedVersion));
    assert_eq!(changed(ENTRIES + 2 * ENTRY + 1, 1), not_canonical);
    // A wrapped key of another type, with a key id, with an epoch.
    assert_eq!(changed(ENTRIES + WRAPPED + 1, 9), malformed(DecodeError::UnsupportedVersion));
    assert_eq!(changed(ENTRIES + WRAPPED + 7, 1), not_canonical);
    assert_eq!(changed(ENTRIES + WRAPPED + 11, 1), not_canonical);
    assert_eq!(changed(PROFILE, 0), malformed(DecodeError::UnsupportedVersion));
    // No codes at all.
    let empty = [&bytes[..COUNT], &[0], &bytes[bytes.len() - 32..]].concat();
    assert_eq!(refused(&empty, &codes[0]), not_canonical);
    // A used code that was made a revoked one, and back: the MAC.
    let states = [
        (ENTRIES + 2 * ENTRY + 1, 2, OpenRecoveryError::Used),
        (ENTRIES + 2 * ENTRY + 1, 3, OpenRecoveryError::Revoked),
    ];
    for (at, state, expected) in states {
        let mut changed = bytes.clone();
        changed[at] = state;
        assert_eq!(refused(&changed, &codes[2]), expected);
    }
    assert_eq!(changed(ENTRIES + 2 * ENTRY + 1, 2), OpenRecoveryError::Unauthentic);
}

#[test]
fn claimed_codes_are_refused() {
    let mut rng = TestRng::new(23);
    let (set, codes) = made(2, &mut rng);
    let mut bytes = set.encode();
    // The MAC is read as one more code, and then there is nothing left.
    bytes[COUNT] = 3;
    assert_eq!(refused(&bytes, &codes[0]), malformed(DecodeError::NotCanonical));
    bytes[COUNT] = 32;
    assert_eq!(refused(&bytes, &codes[0]), malformed(DecodeError::Truncated));
    for claimed in [33, 255] {
        bytes[COUNT] = claimed;
        assert_eq!(refused(&bytes, &codes[0]), malformed(DecodeError::TooMany));
    }
}

/// Nothing changes when the generator fails, wherever in a change that is.
#[test]
fn a_generator_that_fails_changes_nothing() {
    let mut rng = TestRng::new(24);
    let (mut set, codes) = made(2, &mut rng);
    let before = set.encode();
    for draw in 0..3 {
        rng.fail_at = Some(rng.draws + draw);
        assert_eq!(set.revoke(0, &mut rng).err(), Some(RecoverySetError::Randomness));
        assert_eq!(set.encode(), before);
    }
    for draw in 0..5 {
        rng.fail_at = Some(rng.draws + draw);
        assert_eq!(set.renew(&mut rng).err(), Some(RecoverySetError::Randomness));
        assert_eq!(set.encode(), before);
    }
    for draw in 0..8 {
        let mut rng = TestRng::new(25);
        rng.fail_at = Some(draw);
        let made = RecoverySet::create(&janes(), LONG, 2, &mut rng);
        assert_eq!(made.err(), Some(RecoverySetError::Randomness), "{draw}");
    }
    let recovered = recovered(&before, &codes[1], 0).unwrap();
    rng.fail_at = Some(rng.draws);
    assert_eq!(recovered.use_up(&mut rng).err(), Some(RecoverySetError::Randomness));
}

#[test]
fn nothing_secret_is_printed() {
    let mut rng = TestRng::new(26);
    let (set, codes) = made(1, &mut rng);
    let key = codes[0].unlock(&set.id(), LONG).unwrap();
    let claim = RecoverySet::open(&set.encode(), &janes(), &key, 0).unwrap();
    assert_eq!(format!("{:?}", codes[0]), "RecoveryCode(0, ..)");
    assert_eq!(format!("{:?}", codes[0].to_text()), "SecretText(39 bytes)");
    assert_eq!(format!("{key:?}"), "RecoveryCodeKey(0, ..)");
    assert_eq!(format!("{:?}", key.token()), "RecoveryToken(..)");
    let id = set.id();
    let told = format!(
        "RecoverySet {{ id: {id:?}, epoch: 0, profile: Long, codes: [RecoveryCodeStatus {{ index: 0, state: Unused }}], .. }}"
    );
    assert_eq!(format!("{set:?}"), told);
    let told = format!("Recovered {{ set: {told}, index: 0 }}");
    assert_eq!(format!("{claim:?}"), format!("Unauthenticated({told})"));
    assert_eq!(format!("{:?}", claim.accept()), told);
}

#[cfg(not(feature = "password"))]
#[test]
fn short_codes_are_another_version_without_argon2() {
    let mut rng = TestRng::new(27);
    let (set, codes) = made(1, &mut rng);
    let mut bytes = set.encode();
    bytes[PROFILE] = 2;
    assert_eq!(refused(&bytes, &codes[0]), malformed(DecodeError::UnsupportedVersion));
}

/// Codes of 20 letters.
#[cfg(feature = "password")]
mod short {
    use super::*;
    use confidant::{PasswordParameters, UnlockError};
    use counting::peak;

    const MOBILE: RecoveryProfile = RecoveryProfile::Short(PasswordParameters::MOBILE);

    fn made(count: u8, rng: &mut TestRng) -> (RecoverySet, Vec<RecoveryCode>) {
        RecoverySet::create(&janes(), MOBILE, count, rng).unwrap()
    }

    fn crc15(all: &str) -> String {
        bits::remainder(all, &format!("{:015b}", 0x45_99), &"1".repeat(15))
    }

    #[test]
    fn a_short_code_is_what_the_specification_says() {
        let mut rng = TestRng::new(50);
        let (set, codes) = made(2, &mut rng);
        assert_eq!(rng.drawn, 16 + 2 * 10 + 32 + 2 * 56);
        for code in &codes {
            assert_eq!(text(code).len(), 24);
            let all = bits::of_letters(&letters(code));
            assert_eq!(all[..5], format!("{:05b}", code.index()));
            assert_eq!(all[85..], crc15(&all[..85]));
        }
        // Stretched with a salt of its own, by a second implementation.
        let secret = bits::to_bytes(&bits::of_letters(&letters(&codes[1]))[5..85]);
        let salt = second::sha256("code/salt", &[&set.id(), &[1]]);
        let params = argon2::Params::new(19 << 10, 2, 1, Some(32)).unwrap();
        let argon2 =
            argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let mut stretched = [0; 32];
        let mut memory = vec![argon2::Block::new(); 19 << 10];
        argon2
            .hash_password_into_with_memory(&secret, &salt[..16], &mut stretched, &mut memory)
            .unwrap();
        let (prk, _) = hkdf::Hkdf::<sha2::Sha256>::extract(Some(&set.id()), &stretched);
        let token: [u8; 32] = second::expand(&prk.into(), "code/token", &[1]);
        assert_eq!(codes[1].unlock(&set.id(), MOBILE).unwrap().token().expose(), &token);
    }

    /// the same for short codes, whose check is shorter and still longer than two letters.
    #[test]
    fn one_wrong_letter_and_two_swapped_ones_are_caught() {
        let mut rng = TestRng::new(51);
        for _ in 0..4 {
            made(2, &mut rng).1.iter().for_each(check_typos);
        }
    }

    #[test]
    fn a_short_code_opens_its_set_once() {
        let mut rng = TestRng::new(52);
        let (set, codes) = made(2, &mut rng);
        let bytes = set.encode();
        assert_eq!(bytes[PROFILE..PROFILE + 12], [2, 0x13, 0, 0, 0x4c, 0, 0, 0, 0, 2, 1, 2]);
        assert_eq!(RecoverySet::claimed_in(&bytes), Ok((set.id(), MOBILE)));
        let typed = RecoveryCode::parse(&text(&codes[0]).to_lowercase()).unwrap();
        let recovered = recovered(&bytes, &typed, 0).unwrap();
        assert_eq!(recovered.key().expose(), set.key().expose());
        let (set, _) = recovered.use_up(&mut rng).unwrap();
        let bytes = set.encode();
        assert_eq!(refused(&bytes, &codes[0]), OpenRecoveryError::Used);
        assert_eq!(opened(&bytes, &codes[1]).unwrap().expose(), set.key().expose());
    }

    #[test]
    fn long_and_short_codes_are_of_different_sets() {
        let mut rng = TestRng::new(53);
        let (short, short_codes) = made(1, &mut rng);
        let (long, long_codes) = super::made(1, &mut rng);
        for (set, code) in [(&short, &long_codes[0]), (&long, &short_codes[0])] {
            let (id, profile) = RecoverySet::claimed_in(&set.encode()).unwrap();
            assert_eq!(code.unlock(&id, profile).err(), Some(UnlockError::WrongForm));
        }
        let keys =
            [short_codes[0].unlock(&short.id(), MOBILE), long_codes[0].unlock(&long.id(), LONG)];
        for (set, key) in [&long, &short].into_iter().zip(keys) {
            let opened = RecoverySet::open(&set.encode(), &janes(), &key.unwrap(), 0);
            assert_eq!(opened.err(), Some(OpenRecoveryError::WrongSet));
        }
    }

    /// parameters are authenticated, by the code's own tag too, and refused out of bounds before anything is computed.
    #[test]
    fn parameters_that_were_changed_are_found() {
        let mut rng = TestRng::new(54);
        let (set, codes) = made(1, &mut rng);
        let bytes = set.encode();
        let code = unlocked(&bytes, &codes[0]).unwrap();
        let with = |at: usize, with: &[u8]| {
            let mut changed = bytes.clone();
            changed[at..at + with.len()].copy_from_slice(with);
            changed
        };
        let parameters = PROFILE + 2;
        let more = with(parameters + 4, &3_u32.to_be_bytes());
        assert_eq!(refused(&more, &codes[0]), OpenRecoveryError::WrongSet);
        let opened = RecoverySet::open(&more, &janes(), &code, 0);
        assert_eq!(opened.err(), Some(OpenRecoveryError::Unauthentic));
        let changed = |at, bytes: &[u8]| {
            let changed = with(at, bytes);
            let claimed = RecoverySet::claimed_in(&changed).unwrap_err();
            let opened = RecoverySet::open(&changed, &janes(), &code, 0).unwrap_err();
            assert_eq!(claimed, opened);
            opened
        };
        for kib in [0, (8 << 10) - 1, 8 << 10, (19 << 10) - 1, (2 << 20) + 1, u32::MAX] {
            let error = changed(parameters, &kib.to_be_bytes());
            assert_eq!(error, OpenRecoveryError::OutOfBounds, "{kib}");
        }
        for passes in [0, 1, 65, u32::MAX] {
            let error = changed(parameters + 4, &passes.to_be_bytes());
            assert_eq!(error, OpenRecoveryError::OutOfBounds, "{passes}");
        }
        for lanes in [0, 17, 255] {
            assert_eq!(changed(parameters + 8, &[lanes]), OpenRecoveryError::OutOfBounds);
        }
        let version = changed(PROFILE + 1, &[0x10]);
        assert_eq!(version, malformed(DecodeError::UnsupportedVersion));
    }

    /// whoever stores a set, or is shown a token, may not choose how little a short code is stretched: a weak profile is refused
    /// before anything is computed, and with it before there is a token.
    #[test]
    fn weak_profiles_are_refused_before_anything_is_stretched() {
        let mut rng = TestRng::new(55);
        let (set, codes) = made(1, &mut rng);
        let weak = [(8 << 10, 1), ((19 << 10) - 1, 64), (19 << 10, 1), (2 << 20, 1)];
        for (kib, passes) in weak {
            let weak = RecoveryProfile::Short(PasswordParameters::new(kib, passes, 1).unwrap());
            let (unlocked, held) = peak(|| codes[0].unlock(&set.id(), weak).map(drop));
            assert_eq!(unlocked, Err(UnlockError::TooWeak), "{kib} {passes}");
            let (made, by_making) = peak(|| RecoverySet::create(&janes(), weak, 1, &mut rng));
            assert_eq!(made.err(), Some(RecoverySetError::TooWeak), "{kib} {passes}");
            assert!(held.max(by_making) < 1_000, "{held} {by_making}");
        }
        let lanes = PasswordParameters::new(19 << 10, 2, 2).unwrap();
        assert!(codes[0].unlock(&set.id(), RecoveryProfile::Short(lanes)).is_ok());
    }
}
