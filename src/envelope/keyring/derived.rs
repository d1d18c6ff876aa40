//! Keys for what does its own work with them: a database that encrypts itself, and an index over encrypted values.
//!
//! ```text
//! key(32) ‖ salt(16) = HKDF-Expand(root key, Label::AtRest(AtRest::Database) ‖ data context, 48)
//! index key          = HKDF-Expand(root key, Label::AtRest(AtRest::Index) ‖ data context, 32)
//! index(value)       = HMAC-SHA-256(index key, value)
//! ```
//!
//! Both belong to one root key by its number, and stay the same while that is not destroyed.

use super::{DataContext, Keyring, RootKeyId, Secret};
use crate::primitives::mac::hmac;

impl Keyring {
    /// The key of a database, under the root key of this number: keep the number beside the database, and change the database's key
    /// (SQLCipher's `PRAGMA rekey`) before that root key is destroyed. `None` if it is already, or never was.
    #[must_use]
    pub fn database_key(&self, id: RootKeyId, context: &DataContext) -> Option<DatabaseKey> {
        let (key, salt) = self.root(id)?.database(context).split::<32, 16>();
        Some(DatabaseKey { key: key.store(), salt: *salt.expose() })
    }

    /// What finds equal values without opening them, under the root key of this number. After a rotation an index is made anew from the
    /// opened values. `None` if the root key has been destroyed, or never was.
    #[must_use]
    pub fn blind_index(&self, id: RootKeyId, context: &DataContext) -> Option<BlindIndex> {
        Some(BlindIndex(self.root(id)?.index(context).store()))
    }
}

/// The key of a database that encrypts itself.
#[derive(Debug)]
pub struct DatabaseKey {
    key: Secret<32>,
    salt: [u8; 16],
}

impl DatabaseKey {
    /// The key.
    #[must_use]
    pub const fn key(&self) -> &Secret<32> {
        &self.key
    }

    /// SQLCipher's raw form, `x'…'` around 96 hexadecimal digits, key and salt: for `PRAGMA key = "…"`. It is used as it is, so a database opens
    /// without a passphrase's stretching.
    #[must_use]
    pub fn sqlcipher(&self) -> Secret<99> {
        Secret::init_with(|text| {
            let digits = self
                .key
                .expose()
                .iter()
                .chain(&self.salt)
                .flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]);
            let whole = [b'x', b'\''].into_iter().chain(digits).chain([b'\'']);
            for (to, from) in text.iter_mut().zip(whole) {
                *to = from;
            }
        })
    }
}

/// A hexadecimal digit, without a table and without a branch.
const fn digit(value: u8) -> u8 {
    // 39 lie between '9' and 'a'.
    let beyond_nine = 9_u8.wrapping_sub(value) >> 7;
    value.wrapping_add(b'0').wrapping_add(beyond_nine.wrapping_mul(b'a' - b'9' - 1))
}

/// Gives each value a number by which it is found, and which tells nothing else to whoever has no key: but **equal values have equal
/// numbers**, so how often each occurs is seen. Not for values of which there are few.
#[derive(Debug)]
pub struct BlindIndex(Secret<32>);

impl BlindIndex {
    /// The number of a value, normalised first, the same way each time. Fewer bytes of it tell less, and find more than was looked for.
    #[must_use]
    pub fn of(&self, value: &[u8]) -> [u8; 32] {
        hmac(self.0.expose(), value)
    }
}
