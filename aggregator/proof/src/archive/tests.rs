use super::*;
use proptest::prelude::*;
use std::io::{Cursor, Write as _};
use zip::{ZipWriter, write::SimpleFileOptions};

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new_stream(Vec::new());
    for (name, content) in files {
        zip.start_file(*name, options()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn unpacked(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, BadArchive> {
    let mut archive = Archive::open(Cursor::new(bytes))?;
    let names: Vec<_> = archive.files().map(|(name, _)| name.to_owned()).collect();
    names
        .into_iter()
        .map(|name| {
            let content = archive.read(&name, 4 << 20)?;
            Ok((name, content))
        })
        .collect()
}

/// What is said of an archive that cannot be read.
fn said(bytes: &[u8]) -> String {
    unpacked(bytes).unwrap_err().to_string()
}

/// Puts other bytes where these stand, `nth` time counted from the end.
fn put(bytes: &[u8], nth: usize, from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = (0..=bytes.len() - from.len())
        .rev()
        .filter(|at| bytes[*at..].starts_with(from))
        .nth(nth)
        .unwrap();
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn what_is_packed_is_unpacked() {
    let long = b"edgewatch ".repeat(20_000);
    let files: [(&str, &[u8]); 3] = [("a.json", b"{}"), ("batches/ü", &long), ("empty", b"")];
    let bytes = packed(&files);
    assert!(bytes.len() < 2_000, "{}", bytes.len());
    let expected: Vec<_> = files
        .iter()
        .map(|(name, content)| ((*name).to_owned(), content.to_vec()))
        .collect();
    assert_eq!(unpacked(&bytes).unwrap(), expected);
}

#[test]
fn a_file_is_no_longer_than_it_may_be() {
    let bytes = packed(&[("a", &[7; 100])]);
    let mut archive = Archive::open(Cursor::new(&bytes)).unwrap();
    assert!(matches!(archive.read("a", 99), Err(BadArchive::TooLarge(_))));
    assert_eq!(archive.read("a", 100).unwrap().len(), 100);
    assert!(matches!(archive.read("b", 9), Err(BadArchive::NoFile(_))));
    // The directory says 10: what is more is not handed out.
    let lying = put(&bytes, 0, &100_u32.to_le_bytes(), &10_u32.to_le_bytes());
    assert!(
        said(&lying).contains("larger than its declared"),
        "{}",
        said(&lying)
    );
    // It says more than is there.
    let lying = put(&bytes, 0, &100_u32.to_le_bytes(), &101_u32.to_le_bytes());
    assert_eq!(unpacked(&lying).unwrap()[0].1.len(), 100);
    // Another content than its check sum is of.
    let crc = crc_of(&[7; 100]).to_le_bytes();
    let lying = put(&bytes, 0, &crc, &[!crc[0]]);
    assert!(said(&lying).contains("checksum"), "{}", said(&lying));
}

/// The check sum as an archive has it.
fn crc_of(content: &[u8]) -> u32 {
    let bytes = packed(&[("a", content)]);
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    archive.by_index(0).unwrap().crc32()
}

#[test]
fn what_is_no_archive_is_refused() {
    for bytes in [&b""[..], b"PK", &[0; 22], &vec![b'x'; 70_000]] {
        assert!(matches!(unpacked(bytes), Err(BadArchive::NoArchive)));
    }
    let bytes = packed(&[("a", &b"abc".repeat(100)), ("b", b"x")]);
    for cut in 0..bytes.len() {
        assert!(unpacked(&bytes[..cut]).is_err(), "{cut}");
    }
    // Something before, or behind.
    assert!(unpacked(&[b"x", &bytes[..]].concat()).is_err());
    assert!(unpacked(&[&bytes[..], b"x"].concat()).is_err());
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    let size = 2_u32 << 20;
    let bomb = packed(&[("a", &vec![0; size as usize])]);
    let claims = put(&bomb, 0, &size.to_le_bytes(), &u32::MAX.to_le_bytes()[..3]);
    assert!(said(&claims).contains("length cannot be"), "{}", said(&claims));
    // One content under two names.
    let two = packed(&[("a", &vec![0; 4_000]), ("b", &vec![0; 4_000])]);
    let mut archive = ZipArchive::new(Cursor::new(&two)).unwrap();
    let second = archive.by_index(1).unwrap().header_start() as u32;
    let shared = put(&two, 0, &second.to_le_bytes(), &[0; 4]);
    assert_eq!(said(&shared), "the archive is damaged: two files share a place");
    // More files than there can be, or a directory that is longer.
    let end = two.len() - END_BYTES as usize;
    for (at, value) in [(10, &[0xff, 0xff][..]), (12, &[0xff; 4])] {
        let mut many = two.clone();
        many[end + at..end + at + value.len()].copy_from_slice(value);
        assert!(matches!(unpacked(&many), Err(BadArchive::TooLarge(_))), "{at}");
    }
}

#[test]
fn names_are_plain_and_each_is_there_once() {
    let one = packed(&[("aa", b"1"), ("ab", b"2")]);
    let twice = put(&one, 0, b"ab", b"aa");
    assert_eq!(
        said(&twice),
        "the archive is damaged: two files have the same name"
    );
    for name in [
        "../a", "/a", "a/../b", "a\\b", "a//b", "a/", "./a", "c:a", "a\nb", "",
    ] {
        let bytes = packed(&[(name, b"x")]);
        assert!(
            said(&bytes).contains("a name that none"),
            "{name}: {}",
            said(&bytes)
        );
    }
    let mut bytes = packed(&[("ab", b"1")]);
    bytes = put(&bytes, 0, b"ab", &[0xff]);
    assert!(said(&bytes).contains("a name that none"), "{}", said(&bytes));
}

#[test]
fn what_bundles_are_not_is_refused() {
    // Encrypted: the first bit of the flags in the directory.
    let bytes = packed(&[("a", b"1")]);
    let directory = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let mut secret = bytes.clone();
    secret[directory + 8] |= 1;
    assert!(said(&secret).contains("encrypted"), "{}", said(&secret));
    // Packed by another method.
    let mut other = bytes;
    other[directory + 10] = 12;
    assert!(said(&other).contains("packed in a way"), "{}", said(&other));
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
