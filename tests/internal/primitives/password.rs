//! Argon2id: RFC 9106, and answers of another implementation.

use argon2::{Algorithm, Argon2, AssociatedData, Block, ParamsBuilder, Version};

use super::hex;
use crate::primitives::password::argon2id;

/// RFC 9106, section 5.3, by the crate that we use: with a secret and associated data, which we never give.
#[test]
fn rfc_9106_argon2id() {
    let mut builder = ParamsBuilder::new();
    builder.m_cost(32).t_cost(3).p_cost(4).data(AssociatedData::new(&[4; 12]).unwrap());
    let params = builder.build().unwrap();
    let argon2 =
        Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
    let mut memory = [Block::new(); 32];
    let mut out = [0; 32];
    argon2.hash_password_into_with_memory(&[1; 32], &[2; 16], &mut out, &mut memory).unwrap();
    let expected = hex("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
    assert_eq!(out, expected);
}

/// Passphrase, salt, parameters, answer.
type Case<'a> = (&'a [u8], [u8; 16], [u32; 3], [u8; 32]);

/// OpenSSL 4.0's answers, for our function.
#[test]
fn openssl_argon2id() {
    let counting = core::array::from_fn(|i| i.try_into().unwrap());
    let cases: [Case<'_>; 4] = [
        (
            b"password",
            counting,
            [8192, 1, 1],
            hex("6708f1faf7314dfc009386f5258b181f70f6190926363475fadec630a1bde67a"),
        ),
        (
            b"correct horse",
            [0xff; 16],
            [8195, 2, 1],
            hex("0c835f5abb85e872fbf7cfbf48286acd0358c2b54abd556685dc8f9c7f87dc76"),
        ),
        (
            &[0],
            *b"sixteen byte slt",
            [9000, 3, 4],
            hex("e9a2d6aeff27a4aae572d961334bac8de8614a5d939880504ebc3a121700556a"),
        ),
        (
            &[b'x'; 1024],
            [0; 16],
            [8192, 1, 16],
            hex("8388362847791deacb10b14c70a494d5d08a8a5ad898d725595f6c43fe4510c3"),
        ),
    ];
    for (passphrase, salt, parameters, expected) in cases {
        let out = argon2id(passphrase, &salt, parameters).unwrap();
        assert_eq!(*out.expose(), expected, "{parameters:?}");
    }
}

/// What the primitive cannot compute is an error, not a panic.
#[test]
fn impossible_parameters_are_an_error() {
    for parameters in [[7, 1, 1], [8, 0, 1], [8, 1, 0], [u32::MAX, 1, u32::MAX]] {
        assert!(argon2id(b"x", &[0; 16], parameters).is_err(), "{parameters:?}");
    }
}
