//! What goes over the connection, one request and one answer:
//!
//! ```text
//! frame   = length(2) ‖ body                                    at most 4,096 bytes of body
//! request = token(32) ‖ operation(1) ‖ aad(32) ‖ length(1) ‖ name of the key ‖ what to wrap or unwrap
//! answer  = status(1) ‖ what was wrapped or unwrapped
//! ```
//!
//! Bodies have keys in them, and are wiped.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use zeroize::Zeroizing;

pub const WRAP: u8 = 1;
pub const UNWRAP: u8 = 2;

/// Nothing is read, and no memory taken, for more than that.
const MAX_BODY: usize = 4_096;

#[derive(Clone, Copy)]
pub enum Status {
    Done,
    Denied,
    Invalid,
}

impl Status {
    pub const fn byte(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Denied => 1,
            Self::Invalid => 2,
        }
    }

    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Done),
            1 => Some(Self::Denied),
            2 => Some(Self::Invalid),
            _ => None,
        }
    }
}

pub struct Request<'a> {
    pub token: &'a [u8; 32],
    pub operation: u8,
    pub name: &'a [u8],
    pub aad: &'a [u8; 32],
    pub what: &'a [u8],
}

impl<'a> Request<'a> {
    /// The name has at most 255 bytes.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let Self { token, operation, name, aad, what } = self;
        let head = [*operation];
        let parts = [&token[..], &head, &aad[..], &[name.len() as u8], name, what];
        // In one piece, so that nothing is moved and left behind.
        Zeroizing::new(parts.concat())
    }

    pub fn decode(body: &'a [u8]) -> Option<Self> {
        let (token, rest) = body.split_first_chunk()?;
        let (operation, rest) = rest.split_first()?;
        let (aad, rest) = rest.split_first_chunk()?;
        let (len, rest) = rest.split_first()?;
        let (name, what) = rest.split_at_checked((*len).into())?;
        Some(Self { token, operation: *operation, name, aad, what })
    }
}

pub fn send(stream: &mut TcpStream, body: &[u8]) -> io::Result<()> {
    let len = u16::try_from(body.len()).ok().filter(|len| usize::from(*len) <= MAX_BODY);
    let len = len.ok_or(ErrorKind::InvalidInput)?;
    let frame = Zeroizing::new([&len.to_be_bytes(), body].concat());
    stream.write_all(&frame)
}

pub fn receive(stream: &mut TcpStream, until: Instant) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut len = [0; 2];
    fill(stream, &mut len, until)?;
    let len = usize::from(u16::from_be_bytes(len));
    if len > MAX_BODY {
        return Err(io::Error::new(ErrorKind::InvalidData, "longer than a request can be"));
    }
    let mut body = Zeroizing::new(vec![0; len]);
    fill(stream, &mut body, until)?;
    Ok(body)
}

/// `read_exact`, with one deadline for all of it.
fn fill(stream: &mut TcpStream, mut bytes: &mut [u8], until: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(bytes) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => bytes = &mut bytes[read..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
