//! Tests that need what the crate does not export. Compiled into the crate, in test builds only.

mod files;
mod fingerprint;
mod handshake;
mod people;
mod primitives;
mod vectors;
