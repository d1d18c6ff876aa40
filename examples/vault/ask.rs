//! Passphrase and recovery code, from the environment or from standard input; never from the command line, which everybody sees.
//!
//! What other processes of the same user can see is still there: the environment, and standard input's buffer. A real application asks
//! its platform for a field in which nothing is shown.

use std::env;
use std::io::{self, IsTerminal};

use confidant::{Passphrase, RecoveryCode};
use zeroize::Zeroizing;

use crate::Result;

/// Longer than any passphrase or code, so that the line is not copied while it grows.
const ROOM: usize = 2048;

/// White space at the ends is not part of it. A real application also normalises it (NFC): the same letters are typed as other bytes on
/// another keyboard.
pub fn passphrase(whose: &str) -> Result<Passphrase> {
    let text = secret("VAULT_PASSPHRASE", &format!("passphrase of {whose}"))?;
    let passphrase = Passphrase::new(text.trim().as_bytes().to_vec());
    Ok(passphrase.map_err(|error| format!("{error}: set VAULT_PASSPHRASE, or type it"))?)
}

pub fn code() -> Result<RecoveryCode> {
    let text = secret("VAULT_CODE", "recovery code")?;
    let code = RecoveryCode::parse(text.trim());
    Ok(code.map_err(|error| format!("{error}: compare it with the paper, letter by letter"))?)
}

fn secret(variable: &str, what: &str) -> Result<Zeroizing<String>> {
    if let Ok(value) = env::var(variable) {
        return Ok(Zeroizing::new(value));
    }
    if io::stdin().is_terminal() {
        eprint!("{what}, shown as you type it (or set {variable}): ");
    }
    let mut line = Zeroizing::new(String::with_capacity(ROOM));
    io::stdin().read_line(&mut line)?;
    Ok(line)
}
