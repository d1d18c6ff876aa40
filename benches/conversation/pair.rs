//! Operations measured beside their floors, and the table of both.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use confidant::Suite;
use criterion::{Bencher, BenchmarkId, Criterion, SamplingMode};
use serde_json::Value;

/// Rounds in which an operation and its floor are measured by turns, so that both meet the same load.
const ROUNDS: usize = 5;

/// An operation above this many times its floor, by both ratios, is marked in the table.
const MARKED_ABOVE: f64 = 1.15;

/// What has been measured so far.
pub struct Pairs {
    criterion: Criterion,
    names: Vec<String>,
    began: SystemTime,
}

impl Pairs {
    pub fn new() -> Self {
        let criterion = Criterion::default()
            .output_directory(&results())
            .warm_up_time(Duration::from_millis(50))
            .measurement_time(Duration::from_millis(250))
            .sample_size(60)
            .nresamples(1_000)
            .configure_from_args();
        Self { criterion, names: Vec::new(), began: SystemTime::now() }
    }

    /// Measures an operation and its floor.
    pub fn pair(
        &mut self,
        name: &str,
        mut confidant: impl FnMut(&mut Bencher<'_>),
        mut floor: impl FnMut(&mut Bencher<'_>),
    ) {
        for round in 0..ROUNDS {
            self.measure(name, BenchmarkId::new("confidant", round), &mut confidant);
            self.measure(name, BenchmarkId::new("floor", round), &mut floor);
        }
        self.names.push(name.to_owned());
    }

    /// Measures an operation that no primitive is needed for.
    pub fn alone(&mut self, name: &str, mut confidant: impl FnMut(&mut Bencher<'_>)) {
        for round in 0..ROUNDS {
            self.measure(name, BenchmarkId::new("confidant", round), &mut confidant);
        }
        self.names.push(name.to_owned());
    }

    fn measure(&mut self, name: &str, id: BenchmarkId, routine: impl FnMut(&mut Bencher<'_>)) {
        let mut group = self.criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat).bench_function(id, routine);
        group.finish();
    }

    /// Prints the table of what this run has measured.
    pub fn finish(self) {
        self.criterion.final_summary();
        let rows: Vec<_> = self.names.iter().filter_map(|name| self.row(name)).collect();
        if !rows.is_empty() {
            let [name, confidant, floor] = ["operation", "confidant", "floor"];
            println!("\n{name:<28}{confidant:>12}{floor:>12}{:>9}{:>9}", "medians", "fastest");
            println!("{}", rows.join("\n"));
        }
    }

    fn row(&self, name: &str) -> Option<String> {
        let confidant = self.rounds(name, "confidant")?;
        let time = duration(median(confidant.iter().map(|round| round.median)));
        let Some(floor) = self.rounds(name, "floor") else {
            return Some(format!("{name:<28}{time:>12}{:>12}", "none"));
        };
        let floor_time = duration(median(floor.iter().map(|round| round.median)));
        let medians = median(confidant.iter().zip(&floor).map(|(a, b)| a.median / b.median));
        let fastest = fastest(&confidant) / fastest(&floor);
        let mark = if medians.min(fastest) > MARKED_ABOVE { " *" } else { "" };
        Some(format!("{name:<28}{time:>12}{floor_time:>12}{medians:>9.2}{fastest:>9.2}{mark}"))
    }

    /// What this run has measured; `None` where a filter left it out.
    fn rounds(&self, name: &str, function: &str) -> Option<Vec<Times>> {
        let folder = results().join(name.replace('/', "_")).join(function);
        (0..ROUNDS).map(|round| self.times(&folder.join(round.to_string()).join("new"))).collect()
    }

    fn times(&self, folder: &Path) -> Option<Times> {
        let estimates = folder.join("estimates.json");
        if fs::metadata(&estimates).and_then(|file| file.modified()).ok()? < self.began {
            return None;
        }
        let median = read(&estimates)?["median"]["point_estimate"].as_f64()?;
        let sample = read(&folder.join("sample.json"))?;
        let each = sample["times"].as_array()?.iter().zip(sample["iters"].as_array()?);
        let each = each.filter_map(|(time, count)| Some(time.as_f64()? / count.as_f64()?));
        Some(Times { median, fastest: each.reduce(f64::min)? })
    }
}

/// The samples of one round, in nanoseconds for one call.
struct Times {
    median: f64,
    fastest: f64,
}

fn fastest(rounds: &[Times]) -> f64 {
    rounds.iter().map(|round| round.fastest).fold(f64::INFINITY, f64::min)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn read(file: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

/// Where results are kept: in the target folder.
fn results() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("criterion")
}

fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.2} us", n / 1e3),
        n => format!("{:.2} ms", n / 1e6),
    }
}

/// The suite's part of an operation's name.
pub fn name(suite: Suite) -> &'static str {
    if suite.is_hybrid() { "pqxdh1024" } else { "x3dh" }
}
