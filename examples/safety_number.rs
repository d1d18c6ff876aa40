//! Two people make sure that nobody stands between them.
//!
//! `cargo run --example safety_number [-- FILE.svg]`
//!
//! Prints Alice's and Bob's safety number, draws Bob's code in the terminal and into an SVG file, reads the code and the
//! picture back as Alice's camera would, and remembers that Bob is verified. Then it does the same with somebody in between, and the comparison
//! fails. The exit code is 1 when anything else happens.

use std::error::Error;
use std::process::ExitCode;

use confidant::{
    Address, CompareError, DeviceId, Identity, Party, Provider, SafetyNumber, Trust, TrustStore,
    UserId,
};
use getrandom::SysRng;
use qrcode::render::{svg, unicode};
use qrcode::{Color, EcLevel, QrCode};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let file = std::env::args().nth(1);
    let file = file.map_or_else(|| std::env::temp_dir().join("safety_number.svg"), Into::into);
    let (alice, bob) = (device("alice")?, device("bob")?);

    // Each device computes the number from its own identity and the one that it talks to.
    let alice_sees = SafetyNumber::new(&alice, &bob);
    let bob_sees = SafetyNumber::new(&bob, &alice);
    println!("Alice's screen: {alice_sees}\nBob's screen:   {bob_sees}\n");
    ensure(alice_sees.to_string() == bob_sees.to_string(), "the numbers differ")?;

    let code = QrCode::with_error_correction_level(bob_sees.code(), EcLevel::M)?;
    println!("{}\n", code.render::<unicode::Dense1x2>().build());
    let picture = code.render::<svg::Color>().min_dimensions(400, 400).build();
    std::fs::write(&file, &picture)?;
    println!("The same as a picture: {}", file.display());

    // Alice scans what Bob shows, and remembers.
    let mut trust = TrustStore::new();
    for (what, scanned) in
        [("code", scan(&pixels(&code))?), ("picture", scan(&svg_pixels(&picture)?)?)]
    {
        let verified = alice_sees.compare_code(&scanned)?;
        trust.verify(&verified)?;
        println!("Scanned from the {what}: verified.");
    }
    // A real application stores `trust.snapshot()`, sealed, here.
    ensure(trust.status(&bob) == Trust::Verified, "Bob is not verified")?;

    // Mallory has told each that her identity is the other's.
    let mallory = device("mallory")?;
    let as_alice = Party::new(alice.address().clone(), *mallory.identity());
    let as_bob = Party::new(bob.address().clone(), *mallory.identity());
    let alice_sees = SafetyNumber::new(&alice, &as_bob);
    let bob_sees = SafetyNumber::new(&bob, &as_alice);
    let code = QrCode::with_error_correction_level(bob_sees.code(), EcLevel::M)?;
    let compared = alice_sees.compare_code(&scan(&pixels(&code))?);
    ensure(compared == Err(CompareError::Different), "Mallory was not noticed")?;
    ensure(
        trust.status(&as_bob) == Trust::Changed { was_verified: true },
        "the change was not noticed",
    )?;
    println!(
        "With Mallory in between: {}; and Alice's device knows another Bob.",
        CompareError::Different
    );
    Ok(())
}

/// A device with an identity of its own. A real application has one, and takes the other's from a session's peer.
fn device(user: &str) -> Result<Party> {
    let address = Address::new(Provider::new("example.org")?, UserId::new(user)?, DeviceId::new(1));
    Ok(Party::new(address, Identity::generate(&mut SysRng)?.public()))
}

fn ensure(right: bool, otherwise: &'static str) -> Result<()> {
    if right { Ok(()) } else { Err(otherwise.into()) }
}

/// A picture: rows of pixels, dark or not.
type Pixels = Vec<Vec<bool>>;

/// What a camera sees of the code: four pixels for each module, and a light margin.
fn pixels(code: &QrCode) -> Pixels {
    let (width, colors) = (code.width(), code.to_colors());
    let dark = |x: usize, y: usize| {
        let (x, y) = ((x / 4).checked_sub(4)?, (y / 4).checked_sub(4)?);
        (x < width).then(|| colors.get(y * width + x).copied()).flatten()
    };
    let side = (width + 8) * 4;
    let row = |y| (0..side).map(|x| dark(x, y) == Some(Color::Dark)).collect();
    (0..side).map(row).collect()
}

/// The same from the SVG: its path is made of squares, `M x y h w v h H x V y`.
fn svg_pixels(picture: &str) -> Result<Pixels> {
    let number = |text: &str| text.parse::<usize>();
    let size = picture.split("width=\"").nth(1).and_then(|rest| rest.split('"').next());
    let size = number(size.ok_or("no width")?)?;
    let mut pixels = vec![vec![false; size]; size];
    let path = picture.split(" d=\"").nth(1).and_then(|rest| rest.split('"').next());
    for square in path.ok_or("no path")?.split('M').skip(1) {
        let parts: Vec<&str> =
            square.split(|c: char| !c.is_ascii_digit()).filter(|it| !it.is_empty()).collect();
        let [x, y, w, h, ..] = parts[..] else { return Err("not a square".into()) };
        let (x, y, w, h) = (number(x)?, number(y)?, number(w)?, number(h)?);
        for row in pixels.iter_mut().skip(y).take(h) {
            row.iter_mut().skip(x).take(w).for_each(|pixel| *pixel = true);
        }
    }
    Ok(pixels)
}

/// Finds the code in a picture, and reads it.
fn scan(pixels: &Pixels) -> Result<Vec<u8>> {
    let width = pixels.first().map_or(0, Vec::len);
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, pixels.len(), |x, y| {
        if pixels.get(y).and_then(|row| row.get(x)) == Some(&true) { 0 } else { 255 }
    });
    let grid = picture.detect_grids().into_iter().next().ok_or("no code in the picture")?;
    let mut bytes = Vec::new();
    grid.decode_to(&mut bytes)?;
    Ok(bytes)
}
