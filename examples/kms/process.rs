//! The second process, from outside.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use confidant::Secret;
use getrandom::SysRng;

use crate::Result;
use crate::kms::KEYS;

/// What a KMS keeps in hardware. Here the one who starts it keeps it, so that it can be started again.
struct Hardware {
    token: Secret<32>,
    keys: [Secret<32>; KEYS.len()],
}

pub struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
    hardware: Rc<Hardware>,
}

impl Process {
    pub fn start() -> Result<Self> {
        let rng = &mut SysRng;
        let keys = [Secret::random(rng)?, Secret::random(rng)?];
        Self::with(Rc::new(Hardware { token: Secret::random(rng)?, keys }))
    }

    /// With the same keys, somewhere else.
    pub fn start_again(&self) -> Result<Self> {
        Self::with(Rc::clone(&self.hardware))
    }

    fn with(hardware: Rc<Hardware>) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut input = child.stdin.take().ok_or("no input")?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        input.write_all(hardware.token.expose())?;
        for key in &hardware.keys {
            input.write_all(key.expose())?;
        }
        input.flush()?;
        let mut address = String::new();
        output.read_line(&mut address)?;
        let address = address.trim().parse().map_err(|_| "the KMS did not start")?;
        Ok(Self { child, input, output, address, hardware })
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it knows us by.
    pub fn token(&self) -> &Secret<32> {
        &self.hardware.token
    }

    /// Tells it something; it answers in lines.
    pub fn tell(&mut self, command: &str) -> Result<Vec<String>> {
        writeln!(self.input, "{command}")?;
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line)? == 0 {
                return Err("the KMS has ended".into());
            }
            match line.trim_end() {
                "ok" => return Ok(lines),
                said => lines.push(said.to_owned()),
            }
        }
    }

    pub fn stop(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have been stopped before.
        let _ = self.stop();
    }
}
