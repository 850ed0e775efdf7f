use super::*;
use proptest::prelude::*;
use std::io::{Cursor, Read as _, Write as _};

fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Vec::new());
    for (name, content) in files {
        zip.begin(name).unwrap();
        for part in content.chunks(1_000) {
            zip.write_all(part).unwrap();
        }
    }
    zip.finish().unwrap()
}

fn unpacked(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, BadZip> {
    let mut archive = ZipArchive::open(Cursor::new(bytes))?;
    let names: Vec<_> = archive.files().map(|(name, _)| name.to_owned()).collect();
    names
        .into_iter()
        .map(|name| {
            let content = archive.read(&name, 1 << 20)?;
            Ok((name, content))
        })
        .collect()
}

#[test]
fn what_is_packed_is_unpacked() {
    let long = b"edgewatch ".repeat(20_000);
    let files: [(&str, &[u8]); 3] = [("a.json", b"{}"), ("batches/ü", &long), ("empty", b"")];
    let bytes = packed(&files);
    assert!(bytes.len() < 2_000, "{}", bytes.len());
    let read = unpacked(&bytes).unwrap();
    let expected: Vec<_> = files
        .iter()
        .map(|(name, content)| ((*name).to_owned(), content.to_vec()))
        .collect();
    assert_eq!(read, expected);
    assert_eq!(packed(&files), bytes);
}

#[test]
fn a_file_is_no_longer_than_it_may_be() {
    let bytes = packed(&[("a", &[7; 100])]);
    let mut archive = ZipArchive::open(Cursor::new(&bytes)).unwrap();
    assert!(matches!(archive.read("a", 99), Err(BadZip::TooLarge(_))));
    assert_eq!(archive.read("a", 100).unwrap().len(), 100);
    assert!(matches!(archive.read("b", 9), Err(BadZip::NoFile(_))));
    // The directory says 10.
    let at = bytes
        .windows(4)
        .rposition(|four| four == 100_u32.to_le_bytes())
        .unwrap();
    let mut lying = bytes.clone();
    lying[at..at + 4].copy_from_slice(&10_u32.to_le_bytes());
    let mut archive = ZipArchive::open(Cursor::new(&lying)).unwrap();
    let mut read = Vec::new();
    archive.file("a").unwrap().read_to_end(&mut read).unwrap();
    assert_eq!(read.len(), 10);
}

#[test]
fn what_is_no_archive_is_refused() {
    for bytes in [&b""[..], b"PK", &[0; 22], &vec![b'x'; 70_000]] {
        assert!(unpacked(bytes).is_err());
    }
    let bytes = packed(&[("a", &b"abc".repeat(100)), ("b", b"x")]);
    for cut in 0..bytes.len() {
        assert!(unpacked(&bytes[..cut]).is_err(), "{cut}");
    }
    let bomb = packed(&[("a", &vec![0; 2 << 20])]);
    let at = bomb
        .windows(4)
        .rposition(|four| four == (2_u32 << 20).to_le_bytes())
        .unwrap();
    let mut claims = bomb.clone();
    claims[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(unpacked(&claims), Err(BadZip::Damaged(_))));
    let twice = packed(&[("a", b"1"), ("a", b"2")]);
    assert!(matches!(unpacked(&twice), Err(BadZip::Damaged(_))));
}

proptest! {
    #[test]
    fn no_archive_makes_it_panic(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = packed(&[("a.json", b"{}"), ("b", &b"edgewatch ".repeat(300))]);
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = unpacked(&bytes);
    }
}
