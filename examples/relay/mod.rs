//! A relay that nobody should trust: it loses, duplicates, reorders and corrupts what it carries.

use std::fmt;

/// Something on its way.
pub struct Parcel<L> {
    /// The sender, if the envelope says.
    pub from: Option<&'static str>,
    pub to: &'static str,
    /// What stands on the envelope besides, or is for the record alone.
    pub label: L,
    pub bytes: Vec<u8>,
    pub whole: bool,
    wait: u64,
}

/// What the relay could write down of one message.
pub struct Seen {
    pub from: Option<&'static str>,
    pub to: &'static str,
    pub bytes: Vec<u8>,
}

/// Carries messages, badly. It sees how much is sent to whom, by whom if the envelope says, and nothing else.
pub struct Relay<L> {
    random: u64,
    in_flight: Vec<Parcel<L>>,
    seen: Vec<Seen>,
    lost: usize,
    corrupted: usize,
    duplicated: usize,
    delayed: usize,
}

impl<L: Copy> Relay<L> {
    pub const fn new(seed: u64) -> Self {
        Self {
            random: seed,
            in_flight: Vec::new(),
            seen: Vec::new(),
            lost: 0,
            corrupted: 0,
            duplicated: 0,
            delayed: 0,
        }
    }

    /// SplitMix64: the relay's mischief is the same in every run.
    fn below(&mut self, n: usize) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize % n
    }

    /// Loses one message in ten, corrupts one, doubles one, and makes every fifth wait.
    pub fn take(
        &mut self,
        from: impl Into<Option<&'static str>>,
        to: &'static str,
        label: L,
        mut bytes: Vec<u8>,
    ) {
        let from = from.into();
        self.seen.push(Seen { from, to, bytes: bytes.clone() });
        let (fate, mut wait, mut whole) = (self.below(100), self.below(4) as u64, true);
        match fate {
            0..10 => {
                self.lost += 1;
                return;
            }
            10..20 => {
                let bit = self.below(bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
                whole = false;
                self.corrupted += 1;
            }
            20..30 => {
                let (bytes, wait) = (bytes.clone(), wait + 5);
                self.in_flight.push(Parcel { from, to, label, bytes, whole, wait });
                self.duplicated += 1;
            }
            30..50 => {
                wait += 10;
                self.delayed += 1;
            }
            _ => {}
        }
        self.in_flight.push(Parcel { from, to, label, bytes, whole, wait });
    }

    /// Hands over what is due, in any order.
    pub fn due(&mut self) -> Vec<Parcel<L>> {
        let parcels = std::mem::take(&mut self.in_flight).into_iter();
        let (mut due, rest): (Vec<_>, Vec<_>) = parcels.partition(|parcel| parcel.wait == 0);
        self.in_flight = rest;
        self.in_flight.iter_mut().for_each(|parcel| parcel.wait -= 1);
        let mut parcels = Vec::new();
        while !due.is_empty() {
            let pick = self.below(due.len());
            parcels.push(due.swap_remove(pick));
        }
        parcels
    }

    pub const fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    #[allow(dead_code, reason = "not every example looks at it")]
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    pub fn print(&self, shown: usize) {
        println!("The relay saw {} messages:", self.seen.len());
        self.seen.iter().take(shown).for_each(|seen| println!("  {seen}"));
        more(self.seen.len(), shown);
    }

    /// For the closing line.
    pub fn mischief(&self) -> String {
        let Self { lost, corrupted, duplicated, delayed, .. } = self;
        format!(
            "the relay lost {lost}, corrupted {corrupted}, duplicated {duplicated}, delayed {delayed}"
        )
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, bytes } = self;
        match from {
            Some(from) => write!(f, "{from:>5} sends {:>5} bytes  ", bytes.len())?,
            None => write!(f, "for {to:>5}: {:>5} bytes  ", bytes.len())?,
        }
        bytes.iter().take(20).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…")
    }
}

pub fn more(len: usize, shown: usize) {
    if len > shown {
        println!("  … and {} more (--all shows them)", len - shown);
    }
}
