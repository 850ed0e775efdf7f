//! Reading a bundle that a stranger hands in.

use super::{FORMAT, LogRecord, Manifest, ProbeRecord, Statements, file, record::RecordReader};
use crate::{
    archive::{Archive, BadArchive},
    checkpoint::SignedCheckpoint,
};
use edgewatch_domain::sla::{Exclusion, SlaFigures, SlaPolicy};
use edgewatch_protocol::identity::Fingerprint;
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    io::{self, Read, Seek},
};

/// The longest description, in bytes.
const MAX_DESCRIPTION_BYTES: u64 = 64 << 20;

/// The most checkpoints.
const MAX_CHECKPOINTS: usize = 5_000;

/// Why something cannot be read as a bundle. What can, may still be wrong.
#[derive(Debug, thiserror::Error)]
pub enum BadBundle {
    /// It is no archive, or a damaged one.
    #[error(transparent)]
    Archive(#[from] BadArchive),
    /// A file cannot be read as what it is.
    #[error("{name}: {detail}")]
    File {
        /// The file.
        name: String,
        /// What is wrong.
        detail: String,
    },
    /// It is of another version, or something else.
    #[error("it is a bundle of the format `{0}`, and `{FORMAT}` is known here")]
    Format(String),
}

fn bad(name: &str, detail: &impl ToString) -> BadBundle {
    BadBundle::File {
        name: name.to_owned(),
        detail: detail.to_string(),
    }
}

/// Of the report as much as is checked.
#[derive(Clone, Debug, Deserialize)]
pub struct ReportedFigures {
    /// Its title.
    #[serde(default)]
    pub title: Option<String>,
    /// Its figures.
    pub figures: SlaFigures,
}

/// A bundle, its descriptions read.
#[derive(Debug)]
pub struct Bundle<R> {
    archive: Archive<R>,
    /// The list of files.
    pub manifest: Manifest,
    /// The report.
    pub report: ReportedFigures,
    /// The policy.
    pub policy: SlaPolicy,
    /// What was left out by hand.
    pub exclusions: Vec<Exclusion>,
    /// What the installation says.
    pub statements: Statements,
    /// The probes.
    pub probes: Vec<ProbeRecord>,
    /// The log; absent if nothing of it is in the bundle.
    pub log: Option<LogRecord>,
    /// The log's checkpoints, the smallest first.
    pub checkpoints: Vec<SignedCheckpoint>,
    /// The hashes of what was read whole.
    hashes: BTreeMap<String, String>,
}

impl<R: Read + Seek> Bundle<R> {
    /// Reads all but the batches.
    ///
    /// # Errors
    /// See [`BadBundle`].
    pub fn open(source: R) -> Result<Self, BadBundle> {
        let mut archive = Archive::open(source)?;
        let mut hashes = BTreeMap::new();
        let manifest: Manifest = json(
            file::MANIFEST,
            &archive.read(file::MANIFEST, MAX_DESCRIPTION_BYTES)?,
        )?;
        if manifest.format != FORMAT {
            return Err(BadBundle::Format(manifest.format));
        }
        let mut read = |name: &str| -> Result<Vec<u8>, BadBundle> {
            let bytes = archive.read(name, MAX_DESCRIPTION_BYTES)?;
            hashes.insert(name.to_owned(), hex::encode(Sha256::digest(&bytes)));
            Ok(bytes)
        };
        let report = json(file::REPORT, &read(file::REPORT)?)?;
        let policy = json(file::POLICY, &read(file::POLICY)?)?;
        let exclusions = json(file::EXCLUSIONS, &read(file::EXCLUSIONS)?)?;
        let statements = json(file::MONITORS, &read(file::MONITORS)?)?;
        let probes = json(file::PROBES, &read(file::PROBES)?)?;
        let log = match read(file::LOG) {
            Ok(bytes) => Some(json(file::LOG, &bytes)?),
            Err(BadBundle::Archive(BadArchive::NoFile(_))) => None,
            Err(error) => return Err(error),
        };
        let names: Vec<_> = archive
            .files()
            .filter(|(name, _)| name.starts_with(file::CHECKPOINTS))
            .map(|(name, _)| name.to_owned())
            .collect();
        if names.len() > MAX_CHECKPOINTS {
            return Err(bad(file::CHECKPOINTS, &"there are too many"));
        }
        let mut checkpoints = Vec::new();
        for name in names {
            let bytes = archive.read(&name, 64 << 10)?;
            hashes.insert(name.clone(), hex::encode(Sha256::digest(&bytes)));
            let text = String::from_utf8(bytes).map_err(|error| bad(&name, &error))?;
            let checkpoint: SignedCheckpoint = text.parse().map_err(|error| bad(&name, &error))?;
            checkpoints.push(checkpoint);
        }
        checkpoints.sort_by_key(|signed| signed.checkpoint.size);
        Ok(Self {
            archive,
            manifest,
            report,
            policy,
            exclusions,
            statements,
            probes,
            log,
            checkpoints,
            hashes,
        })
    }

    /// The names of all files with their lengths as they are said to be, and, of those that were read whole, the lower-case hex
    /// SHA-256 of their content.
    pub fn files(&self) -> impl Iterator<Item = (&str, u64, Option<&str>)> {
        self.archive
            .files()
            .map(|(name, bytes)| (name, bytes, self.hashes.get(name).map(String::as_str)))
    }

    /// The names of the files with batches by probe, in the order of their days.
    pub fn batch_files(&self) -> BTreeMap<Fingerprint, Vec<String>> {
        let mut files = BTreeMap::<Fingerprint, Vec<String>>::new();
        for (name, _) in self.archive.files() {
            if let Some((probe, _)) = name
                .strip_prefix(file::BATCHES)
                .and_then(|rest| rest.split_once('/'))
            {
                files
                    .entry(Fingerprint(probe.to_owned()))
                    .or_default()
                    .push(name.to_owned());
            }
        }
        files
    }

    /// The records of a file with batches.
    ///
    /// # Errors
    /// See [`BadBundle`].
    pub fn batches(&mut self, name: &str) -> Result<RecordReader<HashingReader<impl Read + '_>>, BadBundle> {
        Ok(RecordReader::new(HashingReader {
            source: io::BufReader::with_capacity(64 << 10, self.archive.file(name)?),
            hash: Sha256::new(),
        }))
    }
}

fn json<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, BadBundle> {
    serde_json::from_slice(bytes).map_err(|error| bad(name, &error))
}

/// Hashes what is read through it.
#[derive(Debug)]
pub struct HashingReader<R> {
    source: R,
    hash: Sha256,
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

impl<R: Read> RecordReader<HashingReader<R>> {
    /// The lower-case hex SHA-256 of the whole file, whether or not all of its records were read.
    ///
    /// # Errors
    /// Those of reading.
    pub fn into_hash(self) -> io::Result<String> {
        let mut source = self.into_source();
        io::copy(&mut source, &mut io::sink())?;
        Ok(hex::encode(source.hash.finalize()))
    }
}
