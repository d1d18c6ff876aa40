//! What one side has read, and what it has refused.

use std::collections::BTreeMap;

use crate::Result;
use crate::relay::more;

#[derive(Default)]
pub struct Record {
    /// How often each line was read, and whether it was right.
    read: BTreeMap<usize, (usize, bool)>,
    /// In the order of reading.
    order: Vec<usize>,
    refused: BTreeMap<String, usize>,
}

/// A line behind its number, or a greeting behind none.
pub fn text(number: Option<usize>, line: &[u8]) -> Result<Vec<u8>> {
    let number = number.map_or(Ok(u32::MAX), u32::try_from)?;
    Ok([&number.to_be_bytes()[..], line].concat())
}

impl Record {
    /// A text that was read.
    pub fn note(&mut self, text: &[u8], lines: &[Vec<u8>]) -> Result<()> {
        let (number, line) = text.split_first_chunk::<4>().ok_or("a text without a number")?;
        let number = u32::from_be_bytes(*number);
        if number == u32::MAX {
            return Ok(());
        }
        let number = usize::try_from(number)?;
        let right = lines.get(number).is_some_and(|expected| expected == line);
        let (times, all_right) = self.read.entry(number).or_insert((0, true));
        *times += 1;
        *all_right &= right;
        self.order.push(number);
        Ok(())
    }

    pub fn refuse(&mut self, why: String) {
        *self.refused.entry(why).or_default() += 1;
    }

    pub fn lines(&self) -> usize {
        self.read.len()
    }

    pub fn has(&self, number: usize) -> bool {
        self.read.contains_key(&number)
    }

    pub fn twice(&self) -> usize {
        self.read.values().filter(|(times, _)| *times > 1).count()
    }

    pub fn wrong(&self) -> usize {
        self.read.values().filter(|(_, right)| !right).count()
    }

    pub fn print(&self, name: &str, lines: &[Vec<u8>], shown: usize) {
        println!("\n{name} read {} lines:", self.order.len());
        for number in self.order.iter().take(shown) {
            let text = lines.get(*number).map(|line| String::from_utf8_lossy(line));
            println!("  {:>6}  {}", number + 1, text.unwrap_or_default());
        }
        more(self.order.len(), shown);
        for (error, times) in &self.refused {
            println!("  refused {times:>5} × {error}");
        }
    }
}
