//! What was said, and what of it has been shown.

use crate::Result;
use crate::account::{Messenger, name};
use crate::said::Line;
use crate::store::{HISTORY, OURS, number, numbered};

impl Messenger {
    pub fn line(&self, number: u64) -> Result<Line> {
        let line = self.store.get(&numbered(HISTORY, number))?;
        Line::decode(line.ok_or("there is no such line: see history")?.as_bytes())
    }

    /// Prints the lines of others that were not printed before, and remembers that they were. What is killed between prints them again.
    pub fn show_new(&self) -> Result<()> {
        let key = self.store.key(OURS, b"shown");
        let shown = self.store.get(&key)?.map(|it| number(it.as_bytes())).transpose()?.unwrap_or(0);
        let last = self.show(shown, |line| line.from != name(&self.state.me.address))?;
        if last == shown {
            return Ok(());
        }
        self.store.change(|rows| rows.put(&key, &last.to_be_bytes()))
    }

    pub fn history(&self) -> Result<()> {
        self.show(0, |_| true).map(drop)
    }

    fn show(&self, after: u64, which: impl Fn(&Line) -> bool) -> Result<u64> {
        let mut last = after;
        for (key, line) in self.store.all(HISTORY)? {
            let (number, line) = (number(&key)?, Line::decode(line.as_bytes())?);
            if number > after && which(&line) {
                println!("{number}  [{}] {}: {}", line.with, line.from, line.said);
            }
            last = last.max(number);
        }
        Ok(last)
    }
}
