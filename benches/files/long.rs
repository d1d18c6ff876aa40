//! A file of 1 GiB on the disk, written and read through the standard library's traits.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use confidant::{FileInfo, FileRangeReader, FileReader, FileWriter, Padding};

use crate::common::TestRng;
use crate::counting::peak;
use crate::{film, key};

pub const LEN: u64 = 1 << 30;

/// The file; it is removed when this is dropped.
pub struct Long {
    pub path: PathBuf,
    pub info: FileInfo,
    wrote: Cost,
}

/// Time, and the most bytes at a time.
struct Cost(Duration, i64);

fn cost<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let start = Instant::now();
    let (value, bytes) = peak(work);
    (value, Cost(start.elapsed(), bytes))
}

pub fn make() -> Long {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("files-bench-1g");
    let (info, wrote) = cost(|| {
        let (out, rng) = (File::create(&path).unwrap(), &mut TestRng::new(1));
        let mut writer = FileWriter::new(out, &key(), &film(), Padding::None, rng).unwrap();
        io::copy(&mut io::repeat(7).take(LEN), &mut writer).unwrap();
        writer.finish().unwrap().1
    });
    Long { path, info, wrote }
}

impl Long {
    /// The table of the adapters, beside copying the same bytes without encryption.
    pub fn print(&self) {
        let (read, reading) = cost(|| {
            let input = File::open(&self.path).unwrap();
            let mut reader = FileReader::new(input, &key(), &film(), &self.info).unwrap();
            io::copy(&mut reader, &mut io::sink()).unwrap()
        });
        let (ranged, ranging) = cost(|| {
            let input = File::open(&self.path).unwrap();
            let mut reader = FileRangeReader::new(input, &key(), &film(), &self.info).unwrap();
            io::copy(&mut reader, &mut io::sink()).unwrap()
        });
        assert_eq!((read, ranged), (LEN, LEN));
        let copy = self.path.with_extension("copy");
        let ((), copying) = cost(|| {
            let mut out = BufWriter::with_capacity(16_400, File::create(&copy).unwrap());
            io::copy(&mut io::repeat(7).take(LEN), &mut out).unwrap();
            out.flush().unwrap();
        });
        fs::remove_file(copy).unwrap();
        println!("\n{:<28}{:>12}{:>12}", "1 GiB, through the disk", "GB/s", "peak bytes");
        for (name, Cost(time, bytes)) in [
            ("FileWriter", &self.wrote),
            ("FileReader", &reading),
            ("FileRangeReader", &ranging),
            ("written in clear", &copying),
        ] {
            println!("{name:<28}{:>12.2}{bytes:>12}", LEN as f64 / 1e9 / time.as_secs_f64());
        }
    }
}

impl Drop for Long {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
