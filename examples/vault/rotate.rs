//! `rotate`: a new root key; every row's key wrapped by it; the old root key destroyed. No file is touched.
//!
//! ```text
//! pending, stored ─► active, stored ─► rows, some at a time ─► the old one destroyed, stored
//! ```
//!
//! Each arrow is a transaction, and the vault is whole after each. Killed anywhere, the next `rotate` goes on from there.
//!
//! The first two are two for readers elsewhere, who have to know a root key before it is used. A keyring that one process alone has open, as
//! here, could take both at once by [`Keyring::rotate`](confidant::Keyring::rotate); after a theft it should, since whoever has the active
//! root key can read one that is stored while it is pending.

use confidant::{RootKeyId, RootKeyState, WrapWith};
use getrandom::SysRng;
use redb::{ReadableTable, WriteTransaction};

use crate::Result;
use crate::row::{self, RowId};
use crate::vault::{ROWS, SEALED, Vault, now, put_keyring, sealed_context};

/// Rows in one transaction.
const BATCH: usize = 16;

pub fn rotate(vault: &mut Vault) -> Result<()> {
    if in_state(vault, RootKeyState::Pending).is_empty() {
        if in_state(vault, RootKeyState::DecryptOnly).is_empty() {
            add(vault)?;
        } else {
            println!("going on with a rotation that was interrupted");
        }
    }
    for pending in in_state(vault, RootKeyState::Pending) {
        activate(vault, pending)?;
    }
    rewrap(vault)?;
    destroy(vault)
}

fn in_state(vault: &Vault, state: RootKeyState) -> Vec<RootKeyId> {
    let keys = vault.keyring.keys().filter(|key| key.state == state);
    keys.map(|key| key.id).collect()
}

/// Where several processes read, all of them open the keyring again between this and [`activate`].
fn add(vault: &mut Vault) -> Result<()> {
    let id = vault.keyring.add(now(), &mut SysRng)?;
    vault.change(|to| put_keyring(to, &vault.keyring))?;
    println!("root key {} is pending", id.number());
    Ok(())
}

fn activate(vault: &mut Vault, id: RootKeyId) -> Result<()> {
    let stretched = vault.keyring.wrapped().password_parameters().unwrap_or_default();
    let with = WrapWith::Passphrase(&vault.passphrase, stretched);
    vault.keyring.activate(id, with, &mut SysRng)?;
    vault.change(|to| put_keyring(to, &vault.keyring))?;
    println!("root key {} encrypts from now on", id.number());
    Ok(())
}

fn rewrap(vault: &Vault) -> Result<()> {
    vault.change(|to| rewrap_sealed(vault, to))?;
    let ids: Vec<RowId> = vault.ids()?.into_iter().collect();
    let (mut rewrapped, mut damaged) = (0_usize, 0_usize);
    for some in ids.chunks(BATCH) {
        vault.change(|to| {
            let mut rows = to.open_table(ROWS)?;
            for id in some {
                let new = rows.get(*id)?.map(|row| row::rewrap(&vault.keyring, *id, row.value()));
                match new {
                    Some(Ok(Some((key, record)))) => {
                        rows.insert(*id, (key.as_slice(), record.as_slice()))?;
                        rewrapped += 1;
                    }
                    Some(Err(error)) => {
                        eprintln!("row {id:032x} is damaged: {error}");
                        damaged += 1;
                    }
                    Some(Ok(None)) | None => {}
                }
            }
            Ok(())
        })?;
    }
    println!("rows wrapped again: {rewrapped} of {}, no file touched", ids.len());
    if damaged > 0 {
        let what = format!("damaged rows: {damaged}; the old root key is kept for them, see check");
        return Err(what.into());
    }
    Ok(())
}

fn rewrap_sealed(vault: &Vault, to: &WriteTransaction) -> Result<()> {
    let mut sealed = to.open_table(SEALED)?;
    let mut records = Vec::new();
    for entry in sealed.iter()? {
        let (what, record) = entry?;
        if vault.keyring.needs_rewrap(record.value()) {
            records.push((what.value().to_owned(), record.value().to_vec()));
        }
    }
    for (what, record) in records {
        let context = sealed_context(&what)?;
        let record = vault.keyring.rebind(&record, &context, &context, &mut SysRng)?;
        sealed.insert(what.as_str(), record.as_slice())?;
    }
    Ok(())
}

/// Nothing in the vault needs the old ones any more. What an older copy of the folder still holds, its passphrase still opens.
fn destroy(vault: &mut Vault) -> Result<()> {
    let old = in_state(vault, RootKeyState::DecryptOnly);
    for id in &old {
        vault.keyring.destroy(*id)?;
    }
    vault.change(|to| put_keyring(to, &vault.keyring))?;
    for id in old {
        println!("root key {} is destroyed", id.number());
    }
    Ok(())
}
