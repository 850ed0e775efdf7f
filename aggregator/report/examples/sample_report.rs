//! Writes a made-up report in each format, to be looked at: `cargo run --example sample_report -- DIRECTORY [DAYS] [OUTAGES]`.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/formats/sample.rs"]
mod sample;

use edgewatch_report::{csv, html, json, pdf, xlsx};
use std::{path::PathBuf, time::Instant};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().unwrap_or_else(|| ".".to_owned()));
    let mut number = |default| arguments.next().map_or(default, |text| text.parse().unwrap());
    let document = sample::sample(number(31), number(9));
    let write = |name: &str, bytes: &dyn Fn() -> Vec<u8>| {
        let begun = Instant::now();
        let bytes = bytes();
        println!(
            "{name}: {} bytes in {} ms",
            bytes.len(),
            begun.elapsed().as_millis()
        );
        std::fs::write(directory.join(name), bytes).unwrap();
    };
    write("report.html", &|| html::render(&document).into_bytes());
    write("report.csv", &|| csv::render(&document).into_bytes());
    write("report.json", &|| json::render(&document).unwrap());
    write("report.xlsx", &|| xlsx::render(&document).unwrap());
    write("report.pdf", &|| pdf::render(&document, &[]).unwrap());
}
