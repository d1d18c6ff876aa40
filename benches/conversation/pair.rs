//! Operations measured beside their floors, and the table of both.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use confidant::Suite;
use criterion::{Bencher, Criterion, SamplingMode};
use serde_json::Value;

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
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1))
            .sample_size(100)
            .nresamples(2_000)
            .configure_from_args();
        Self { criterion, names: Vec::new(), began: SystemTime::now() }
    }

    /// Measures an operation, then its floor.
    pub fn pair(
        &mut self,
        name: &str,
        confidant: impl FnMut(&mut Bencher<'_>),
        floor: impl FnMut(&mut Bencher<'_>),
    ) {
        let mut group = self.criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat);
        group.bench_function("confidant", confidant);
        group.bench_function("floor", floor);
        group.finish();
        self.names.push(name.to_owned());
    }

    /// Measures an operation that no primitive is needed for.
    pub fn alone(&mut self, name: &str, confidant: impl FnMut(&mut Bencher<'_>)) {
        let mut group = self.criterion.benchmark_group(name);
        group.bench_function("confidant", confidant);
        group.finish();
        self.names.push(name.to_owned());
    }

    /// Prints the table of what this run has measured.
    pub fn finish(self) {
        self.criterion.final_summary();
        let rows: Vec<_> = self.names.iter().filter_map(|name| self.row(name)).collect();
        if !rows.is_empty() {
            let [name, confidant, floor] = ["operation", "confidant", "floor"];
            println!("\n{name:<32}{confidant:>12}{floor:>12}{:>9}{:>9}", "medians", "fastest");
            println!("{}", rows.join("\n"));
        }
    }

    fn row(&self, name: &str) -> Option<String> {
        let confidant = self.times(name, "confidant")?;
        Some(row(name, &confidant, self.times(name, "floor").as_ref()))
    }

    /// What this run has measured; `None` where a filter left it out.
    fn times(&self, name: &str, function: &str) -> Option<Times> {
        let folder = results().join(name.replace('/', "_")).join(function).join("new");
        let estimates = folder.join("estimates.json");
        if fs::metadata(&estimates).and_then(|file| file.modified()).ok()? < self.began {
            return None;
        }
        let median = read(&estimates)?["median"]["point_estimate"].as_f64()?;
        let sample = read(&folder.join("sample.json"))?;
        let (times, counts) = (sample["times"].as_array()?, sample["iters"].as_array()?);
        let each = times.iter().zip(counts);
        let each = each.filter_map(|(time, count)| Some(time.as_f64()? / count.as_f64()?));
        Some(Times { median, fastest: each.reduce(f64::min)? })
    }
}

/// Nanoseconds.
struct Times {
    median: f64,
    fastest: f64,
}

fn read(file: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

/// Where results are kept: in the target folder.
fn results() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("criterion")
}

fn row(name: &str, confidant: &Times, floor: Option<&Times>) -> String {
    let time = duration(confidant.median);
    let Some(floor) = floor else { return format!("{name:<32}{time:>12}{:>12}", "none") };
    let median = confidant.median / floor.median;
    let fastest = confidant.fastest / floor.fastest;
    let mark = if median.min(fastest) > MARKED_ABOVE { " *" } else { "" };
    format!("{name:<32}{time:>12}{:>12}{median:>9.2}{fastest:>9.2}{mark}", duration(floor.median))
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
