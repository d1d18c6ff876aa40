//! What was said, delivered and read: the part that knows who should have read what.

use std::collections::{BTreeMap, BTreeSet};

use confidant::GroupReceived;

use crate::world::{Name, Result, World};

#[derive(Default)]
pub struct Record {
    lines: Vec<Line>,
    /// Line and receiver: delivered whole at least once.
    delivered: BTreeSet<(usize, Name)>,
    /// How often each line was read by each, and whether it was right.
    read: BTreeMap<(usize, Name), (usize, bool)>,
}

struct Line {
    phase: usize,
    author: Name,
    /// Who should read it.
    readers: BTreeSet<Name>,
    text: Vec<u8>,
    message: Vec<u8>,
}

/// What became of lines for one device.
#[derive(Default)]
struct Tally {
    delivered: usize,
    read: usize,
    missing: usize,
    twice: usize,
    wrong: usize,
    /// Read by somebody who should not.
    leaked: usize,
}

impl Record {
    /// A new line: its number, and its text, which begins with the number.
    pub fn begin(
        &mut self,
        phase: usize,
        author: Name,
        members: &[Name],
    ) -> Result<(usize, Vec<u8>)> {
        let number = self.lines.len();
        let words = format!("line {number}, which {author} says in phase {phase}");
        let text = [&u32::try_from(number)?.to_be_bytes(), words.as_bytes()].concat();
        let readers = members.iter().copied().filter(|name| *name != author).collect();
        self.lines.push(Line { phase, author, readers, text: text.clone(), message: Vec::new() });
        Ok((number, text))
    }

    pub fn said(&mut self, line: usize, message: Vec<u8>) {
        self.lines[line].message = message;
    }

    pub fn delivered(&mut self, line: usize, to: Name) {
        self.delivered.insert((line, to));
    }

    pub fn read(&mut self, reader: Name, received: &GroupReceived, world: &World) -> Result<()> {
        let text = received.plaintext.as_bytes();
        let number = text.first_chunk::<4>().ok_or("a text without a number")?;
        let number = usize::try_from(u32::from_be_bytes(*number))?;
        let author = world.name_of(received.from().address())?;
        let line = self.lines.get(number).ok_or("a line that nobody said")?;
        let right = line.text == text && line.author == author;
        let (times, all_right) = self.read.entry((number, reader)).or_insert((0, true));
        *times += 1;
        *all_right &= right;
        Ok(())
    }

    /// Line, receiver, author and message: what has been delivered already, and what the receiver should never read.
    pub fn repetitions(&self, names: &[Name]) -> Vec<(usize, Name, Name, Vec<u8>)> {
        let mut all = Vec::new();
        for (number, line) in self.lines.iter().enumerate() {
            for to in names.iter().copied().filter(|to| *to != line.author) {
                if self.delivered.contains(&(number, to)) || !line.readers.contains(to) {
                    all.push((number, to, line.author, line.message.clone()));
                }
            }
        }
        all
    }

    /// Adds up the lines of one phase, or all, for one device.
    fn tally(&self, device: Name, phase: Option<usize>) -> Tally {
        let mut tally = Tally::default();
        for (number, line) in self.lines.iter().enumerate() {
            if line.author == device || phase.is_some_and(|phase| phase != line.phase) {
                continue;
            }
            let delivered = self.delivered.contains(&(number, device));
            let should = line.readers.contains(device);
            let (times, right) = self.read.get(&(number, device)).copied().unwrap_or((0, true));
            tally.delivered += usize::from(delivered);
            tally.read += usize::from(times > 0);
            tally.missing += usize::from(should && delivered && times == 0);
            tally.twice += usize::from(times > 1);
            tally.wrong += usize::from(!right);
            tally.leaked += usize::from(!should && times > 0);
        }
        tally
    }

    /// Who has read how much of what the relay delivered whole.
    pub fn print(&self, names: &[Name], phases: &[&str]) {
        print!("\n{:<8}", "read");
        phases.iter().for_each(|phase| print!("{phase:>18}"));
        println!();
        for name in names {
            print!("{name:<8}");
            for phase in 0..phases.len() {
                let tally = self.tally(name, Some(phase));
                print!("{:>18}", tally.cell());
            }
            println!();
        }
    }

    /// Prints the closing line.
    pub fn verdict(&self, names: &[Name]) -> bool {
        let all: Vec<_> = names.iter().map(|name| self.tally(name, None)).collect();
        let sum = |of: fn(&Tally) -> usize| all.iter().map(of).sum::<usize>();
        println!(
            "{} lines, {} times read; {} missing, {} read twice, {} wrong, {} read by others",
            self.lines.len(),
            sum(|tally| tally.read),
            sum(|tally| tally.missing),
            sum(|tally| tally.twice),
            sum(|tally| tally.wrong),
            sum(|tally| tally.leaked),
        );
        all.iter().all(Tally::is_right)
    }
}

impl Tally {
    fn cell(&self) -> String {
        let read = if self.read == 0 { "none".to_owned() } else { self.read.to_string() };
        let mark = if self.is_right() { "" } else { " !" };
        format!("{read} of {}{mark}", self.delivered)
    }

    const fn is_right(&self) -> bool {
        self.missing == 0 && self.twice == 0 && self.wrong == 0 && self.leaked == 0
    }
}
