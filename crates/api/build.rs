//! Packs the OpenAPI document that is checked in, so that the binary does not carry half a megabyte of text.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

const DOCUMENT: &str = "openapi.json";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={DOCUMENT}");
    let folder = std::env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    let mut packing = GzEncoder::new(File::create(folder.join("openapi.json.gz"))?, Compression::best());
    packing.write_all(&fs::read(DOCUMENT)?)?;
    packing.finish().map(|_file| ())
}
