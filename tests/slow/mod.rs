//! Inputs and outputs that are slow, interrupted, and fail.

use std::io::{self, ErrorKind, Read, Write};

/// Moves a few bytes at a time, is interrupted, and fails for good when it has moved so many.
#[derive(Debug)]
pub struct Slow<T> {
    pub inner: T,
    left: usize,
    calls: usize,
    pub flushed: usize,
}

impl<T> Slow<T> {
    pub const fn new(inner: T, left: usize) -> Self {
        Self { inner, left, calls: 0, flushed: 0 }
    }

    fn next(&mut self, len: usize) -> io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(5) {
            return Err(ErrorKind::Interrupted.into());
        }
        if self.left == 0 && len > 0 {
            return Err(ErrorKind::ConnectionReset.into());
        }
        let len = len.min(1 + self.calls % 4_000).min(self.left);
        self.left -= len;
        Ok(len)
    }
}

impl<T: Read> Read for Slow<T> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.next(out.len())?;
        self.inner.read(&mut out[..len])
    }
}

impl<T: Write> Write for Slow<T> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let len = self.next(data.len())?;
        self.inner.write(&data[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushed += 1;
        self.inner.flush()
    }
}
