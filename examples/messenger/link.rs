//! The way to the relay: frames, each behind its length(4), over one connection of the loopback interface.
//!
//! ```text
//! question = fields: what, and what it takes        answer = 1 ‖ fields, or 0 ‖ why not
//! ```
//!
//! A real one is under TLS, and its relay asks who somebody is before it gives out letters. Neither is needed for what is in them.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use confidant::limits::MAX_MESSAGE;

use crate::Result;
use crate::fields::pack;

/// A message of the longest kind, and what is around it.
const MAX_FRAME: usize = MAX_MESSAGE + (1 << 16);
const PATIENCE: Duration = Duration::from_secs(20);

pub fn write_frame(mut to: impl Write, frame: &[u8]) -> io::Result<()> {
    let len = u32::try_from(frame.len()).map_err(io::Error::other)?;
    to.write_all(&[len.to_be_bytes().as_slice(), frame].concat())
}

pub fn read_frame(mut from: impl Read) -> Result<Vec<u8>> {
    let mut len = [0; 4];
    from.read_exact(&mut len)?;
    let len = usize::try_from(u32::from_be_bytes(len))?;
    if len > MAX_FRAME {
        return Err("a frame is too long".into());
    }
    let mut frame = vec![0; len];
    from.read_exact(&mut frame)?;
    Ok(frame)
}

/// The relay, as a device sees it.
pub struct Link {
    port_file: PathBuf,
    stream: Option<TcpStream>,
}

impl Link {
    pub const fn new(port_file: PathBuf) -> Self {
        Self { port_file, stream: None }
    }

    /// The connection, made when it is first needed.
    pub fn stream(&mut self) -> Result<&mut TcpStream> {
        if self.stream.is_none() {
            let port = fs::read_to_string(&self.port_file).unwrap_or_default();
            let port = port.trim().parse::<u16>().map_err(|_| "the relay is not there")?;
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
            let stream = stream.map_err(|error| format!("the relay is not there: {error}"))?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            self.stream = Some(stream);
        }
        Ok(self.stream.as_mut().ok_or("the relay is not there")?)
    }

    /// Asks for something, and gives the fields of the answer.
    pub fn ask(&mut self, question: &[&[u8]]) -> Result<Vec<u8>> {
        let question = pack(question)?;
        write_frame(self.stream()?, &question)?;
        self.answer()
    }

    pub fn answer(&mut self) -> Result<Vec<u8>> {
        let mut answer = read_frame(self.stream()?)?;
        if answer.is_empty() {
            return Err("the relay has nothing to say".into());
        }
        let is_good = answer.remove(0) == 1;
        if is_good { Ok(answer) } else { Err(String::from_utf8_lossy(&answer).into()) }
    }
}

/// An object on its way to the relay: each piece is a frame, an empty one is the end.
pub struct Upload<'a>(pub &'a mut TcpStream);

impl Write for Upload<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if !piece.is_empty() {
            write_frame(&mut self.0, piece)?;
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
