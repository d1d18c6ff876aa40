//! One message for many: what each further recipient costs.

use std::hint::black_box;
use std::time::Instant;

use confidant::{Party, SealedContent, SealedSender};

use crate::common::TestRng;
use crate::formulas;
use crate::scene::{Scene, group_message, recipients};

const COUNTS: [usize; 4] = [1, 10, 100, 1_000];
/// Rounds in which all counts, and their floors, are measured by turns.
const ROUNDS: usize = 9;
/// Recipients for whom a count is measured in one round, at least.
const EACH_ROUND: usize = 200;

/// Microseconds for each of `COUNTS`.
type Times = [f64; COUNTS.len()];

/// Prints the table.
pub fn print() {
    let (scene, message, to) = (Scene::new(41), group_message(32), recipients(1_000));
    let mut sealing = Sealing { sender: scene.sender(), message, to, rng: TestRng::new(42) };
    let mut floor = Floor { content: [1; 1 << 10], out: [0; 1 << 10], rng: TestRng::new(42) };
    let rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let both = COUNTS.map(|count| {
                (time(count, || sealing.once(count)), time(count, || floor.once(count)))
            });
            (both.map(|(confidant, _)| confidant), both.map(|(_, floor)| floor))
        })
        .collect();
    let (confidant, floor): (Vec<_>, Vec<_>) = rounds.into_iter().unzip();
    table(&confidant, &floor);
}

struct Sealing<'a> {
    sender: SealedSender<'a>,
    message: Vec<u8>,
    to: Vec<Party>,
    rng: TestRng,
}

impl Sealing<'_> {
    fn once(&mut self, recipients: usize) {
        let (to, content) = (&self.to[..recipients], SealedContent::Message(&self.message));
        black_box(self.sender.seal_many(black_box(to), content, &mut self.rng).unwrap());
    }
}

struct Floor {
    content: [u8; 1 << 10],
    out: [u8; 1 << 10],
    rng: TestRng,
}

impl Floor {
    fn once(&mut self, recipients: usize) {
        formulas::seal(&self.content, &mut self.out, recipients, &mut self.rng);
    }
}

/// Microseconds for one call of `work`, which is for `count` recipients.
fn time(count: usize, mut work: impl FnMut()) -> f64 {
    let calls = EACH_ROUND.div_ceil(count);
    let start = Instant::now();
    (0..calls).for_each(|_| work());
    start.elapsed().as_secs_f64() * 1e6 / calls as f64
}

fn table(confidant: &[Times], floor: &[Times]) {
    println!(
        "\n{:<28}{:>12}{:>12}{:>9}{:>40}",
        "", "confidant", "floor", "medians", "each further"
    );
    for (place, count) in COUNTS.iter().enumerate() {
        let of = |rounds: &[Times]| median(rounds.iter().map(|times| times[place]));
        let ratios = confidant.iter().zip(floor).map(|(a, b)| a[place] / b[place]);
        print!("{:<28}", format!("sealed/seal for {count}"));
        print!("{:>9.1} us{:>9.1} us", of(confidant), of(floor));
        print!("{:>9.2}", median(ratios));
        if *count > 1 {
            let further = |times: &Times| (times[place] - times[0]) / (*count as f64 - 1.0);
            let of = |rounds: &[Times]| median(rounds.iter().map(further));
            print!("{:>17.1} us, floor {:>9.1} us", of(confidant), of(floor));
        }
        println!();
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
