//! Many batches of one probe in the room that what differs between them takes. Pure functions; nothing is known here of
//! databases.
//!
//! A probe's batches repeat themselves: the same words, hosts, certificates and digests, minute by minute. What does not repeat
//! are times, and what is random: signatures and nonces. So a pack takes the texts apart ([`text`]): numbers that stand under a
//! word are told column by column ([`column`]), by their distance from what was to be expected there, through an adaptive
//! [`range_coder`]; strings of hexadecimal digits are told by their place among those that came before; what is left is one
//! text that hardly changes, and Zstandard makes little of it. The digest under which a batch names the one before it follows
//! from that one's bytes and is not told.
//!
//! Nothing of this has to understand what it reads. Whatever bytes are put in come out again, byte for byte; those of which
//! something else is known only come out larger.

mod column;
mod range_coder;
mod text;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use column::Expectation;
use sha2::{Digest as _, Sha256};
use std::io;
use text::{Joiner, Splitter};

/// A batch as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The bytes that were signed: JSON, or a Zstandard frame of JSON.
    pub bytes: Vec<u8>,
    /// The digest that it is kept under: SHA-256 of the bytes.
    pub digest: Vec<u8>,
    /// The `Signature-Input` field.
    pub signature_input: String,
    /// The `Signature` field.
    pub signature: String,
    /// What was signed as `@authority`.
    pub authority: String,
}

/// These bytes are no pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pack of batches cannot be read")]
pub struct Unreadable;

/// The form that is written: it leads the bytes, so that there may be others. Their SHA-256 is behind them.
const FORM: u8 = 1;

/// How hard the text is compressed, and how far back it is looked at, as a power of two.
const LEVEL: i32 = 15;
const WINDOW: u32 = 24;

/// The most that a text may be unpacked to.
const MOST_TEXT: usize = 1 << 30;

/// What bytes begin with that are a Zstandard frame: looking for words in it is in vain.
const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Around the signature itself in the `Signature` field.
const SIGNATURE: (&str, &str) = ("sig=:", ":");
const SIGNATURE_BYTES: usize = 64;

/// Numbers beside the text.
mod beside {
    /// How a batch's bytes are told: 0 as text, else as so many bytes less one.
    pub(super) const BYTES: &str = "bytes";
    /// How its digest is: 0 by its bytes, else as so many bytes less one.
    pub(super) const DIGEST: &str = "digest";
    /// How its signature is: 0 as text, 1 as bytes.
    pub(super) const SIGNATURE: &str = "signature";
}

fn signature_bytes(field: &str) -> Option<Vec<u8>> {
    let base64 = field.strip_prefix(SIGNATURE.0)?.strip_suffix(SIGNATURE.1)?;
    let bytes = STANDARD.decode(base64).ok()?;
    // What would not be written the same way is text.
    (bytes.len() == SIGNATURE_BYTES && STANDARD.encode(&bytes) == base64).then_some(bytes)
}

/// Packs batches that follow one another.
///
/// # Errors
/// There is no room for it.
pub fn pack(batches: &[Signed]) -> io::Result<Vec<u8>> {
    let mut splitter = Splitter::default();
    for batch in batches {
        let digest = Sha256::digest(&batch.bytes);
        if batch.bytes.starts_with(&FRAME) {
            splitter.put_number(beside::BYTES, batch.bytes.len() as i64 + 1);
            splitter.plain.extend_from_slice(&batch.bytes);
        } else {
            splitter.put_number(beside::BYTES, 0);
            splitter.put_text(&batch.bytes);
        }
        if digest[..] == batch.digest {
            splitter.put_number(beside::DIGEST, 0);
        } else {
            splitter.put_number(beside::DIGEST, batch.digest.len() as i64 + 1);
            splitter.plain.extend_from_slice(&batch.digest);
        }
        splitter.expect(digest.to_vec());
        splitter.put_text(batch.signature_input.as_bytes());
        if let Some(bytes) = signature_bytes(&batch.signature) {
            splitter.put_number(beside::SIGNATURE, 1);
            splitter.plain.extend(bytes);
        } else {
            splitter.put_number(beside::SIGNATURE, 0);
            splitter.put_text(batch.signature.as_bytes());
        }
        splitter.put_text(batch.authority.as_bytes());
    }
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    compressor.set_parameter(zstd::zstd_safe::CParameter::WindowLog(WINDOW))?;
    let text = compressor.compress(&splitter.text)?;
    let (expectations, numbers) = splitter.numbers();
    let mut pack = vec![FORM];
    let sizes = [
        batches.len(),
        splitter.text.len(),
        text.len(),
        splitter.plain.len(),
        expectations.len(),
    ];
    for size in sizes {
        pack.extend_from_slice(&u32::try_from(size).map_err(io::Error::other)?.to_be_bytes());
    }
    pack.extend_from_slice(&text);
    pack.extend_from_slice(&splitter.plain);
    pack.extend(expectations.iter().map(|&by| by as u8));
    pack.extend_from_slice(&numbers);
    let sum = Sha256::digest(&pack);
    pack.extend_from_slice(&sum);
    Ok(pack)
}

/// The batches of a pack, in order.
///
/// # Errors
/// It is none.
pub fn unpack(pack: &[u8]) -> Result<Vec<Signed>, Unreadable> {
    let (told, sum) = pack.split_last_chunk::<32>().ok_or(Unreadable)?;
    let (&form, mut rest) = told.split_first().ok_or(Unreadable)?;
    if form != FORM || Sha256::digest(told)[..] != sum[..] {
        return Err(Unreadable);
    }
    let mut sizes = [0; 5];
    for size in &mut sizes {
        let (bytes, behind) = rest.split_first_chunk().ok_or(Unreadable)?;
        *size = u32::from_be_bytes(*bytes) as usize;
        rest = behind;
    }
    let [count, text_size, compressed, plain, columns] = sizes;
    let mut part = |size| -> Result<&[u8], Unreadable> {
        let (part, behind) = rest.split_at_checked(size).ok_or(Unreadable)?;
        rest = behind;
        Ok(part)
    };
    let (text, plain, expectations) = (part(compressed)?, part(plain)?, part(columns)?);
    if text_size > MOST_TEXT {
        return Err(Unreadable);
    }
    let text = zstd::bulk::decompress(text, text_size).map_err(|_| Unreadable)?;
    let expectations: Vec<Expectation> = expectations
        .iter()
        .map(|&by| Expectation::ALL.get(usize::from(by)).copied().ok_or(Unreadable))
        .collect::<Result<_, _>>()?;
    let mut joiner = Joiner::new(&text, plain, &expectations, rest);
    (0..count).map(|_| take_batch(&mut joiner)).collect()
}

fn take_batch(joiner: &mut Joiner<'_>) -> Result<Signed, Unreadable> {
    let bytes = match joiner.take_number(beside::BYTES)? {
        0 => joiner.take_text()?,
        count => joiner.take_plain(count - 1)?.to_vec(),
    };
    let digest = Sha256::digest(&bytes).to_vec();
    let kept = match joiner.take_number(beside::DIGEST)? {
        0 => digest.clone(),
        count => joiner.take_plain(count - 1)?.to_vec(),
    };
    joiner.expect(digest);
    let signature_input = field(joiner)?;
    let signature = if joiner.take_number(beside::SIGNATURE)? == 0 {
        field(joiner)?
    } else {
        let bytes = joiner.take_plain(SIGNATURE_BYTES as i64)?;
        [SIGNATURE.0, &STANDARD.encode(bytes), SIGNATURE.1].concat()
    };
    Ok(Signed {
        bytes,
        digest: kept,
        signature_input,
        signature,
        authority: field(joiner)?,
    })
}

fn field(joiner: &mut Joiner<'_>) -> Result<String, Unreadable> {
    String::from_utf8(joiner.take_text()?).map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests;
