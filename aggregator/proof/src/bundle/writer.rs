//! Writing a bundle, file after file, without keeping any of it.

use super::{
    FORMAT, FileRecord, Manifest, file,
    record::{RecordHeader, write_record},
};
use edgewatch_protocol::identity::Fingerprint;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::io::{self, Write};
use zip::{
    CompressionMethod, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

/// How its files are packed. They have no time of their own, so that the same content makes the same bytes.
fn packing() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644)
}

/// Writes a bundle to whatever takes bytes.
pub struct BundleWriter<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    files: Vec<FileRecord>,
    open: Option<(String, u64, Sha256)>,
}

impl<W: Write> BundleWriter<W> {
    /// Before the first file.
    pub fn new(out: W) -> Self {
        Self {
            zip: ZipWriter::new_stream(out),
            files: Vec::new(),
            open: None,
        }
    }

    /// Writes a whole file.
    ///
    /// # Errors
    /// Those of the receiver.
    pub fn put(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.begin(name)?;
        self.write_all(content)?;
        self.end();
        Ok(())
    }

    /// Writes a file of JSON.
    ///
    /// # Errors
    /// Those of the receiver.
    pub fn put_json(&mut self, name: &str, content: &impl Serialize) -> io::Result<()> {
        self.put(name, &serde_json::to_vec_pretty(content)?)
    }

    /// Writes a batch into the file of its probe and the day on which it was received. A probe's batches come in the order of
    /// its chain, and those of one probe after those of the other.
    ///
    /// # Errors
    /// Those of the receiver.
    pub fn put_batch(&mut self, probe: &Fingerprint, header: &RecordHeader, body: &[u8]) -> io::Result<()> {
        let day = chrono::DateTime::from_timestamp_millis(header.received_ms).unwrap_or_default();
        let name = format!("{}{probe}/{}", file::BATCHES, day.format("%Y-%m-%d"));
        if self.open.as_ref().is_none_or(|(open, ..)| *open != name) {
            self.begin(&name)?;
        }
        write_record(self, header, body)
    }

    /// Ends the bundle with its manifest; returns the receiver.
    ///
    /// # Errors
    /// Those of the receiver.
    pub fn finish(mut self, mut manifest: Manifest) -> io::Result<W> {
        self.end();
        manifest.files = std::mem::take(&mut self.files);
        manifest.files.sort_by(|a, b| a.name.cmp(&b.name));
        FORMAT.clone_into(&mut manifest.format);
        self.zip.start_file(file::MANIFEST, packing())?;
        self.zip.write_all(&serde_json::to_vec_pretty(&manifest)?)?;
        let mut out = self.zip.finish()?.into_inner();
        out.flush()?;
        Ok(out)
    }

    fn begin(&mut self, name: &str) -> io::Result<()> {
        self.end();
        self.zip.start_file(name, packing())?;
        self.open = Some((name.to_owned(), 0, Sha256::new()));
        Ok(())
    }

    /// Notes what was written of the open file.
    fn end(&mut self) {
        if let Some((name, bytes, hash)) = self.open.take() {
            self.files.push(FileRecord {
                name,
                bytes,
                sha256: hex::encode(hash.finalize()),
            });
        }
    }
}

impl<W: Write> Write for BundleWriter<W> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        if let Some((_, bytes, hash)) = &mut self.open {
            *bytes += content.len() as u64;
            hash.update(content);
        }
        self.zip.write_all(content)?;
        Ok(content.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zip.flush()
    }
}
