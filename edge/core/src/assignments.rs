//! What the probe has to do: pulled from the aggregator, kept for when it cannot be reached.

use crate::{
    aggregator::{Aggregator, CallError},
    outbox::RECORD_BYTES,
    platform::{Platform, Storage, StorageError, Transport},
};
use edgewatch_protocol::{assignment::Assignments, digest::sha256_hex, path, version};
use http::{StatusCode, header::ETAG};
use serde::{Deserialize, Serialize};

const HEAD_KEY: &str = "assignments";

/// What is kept beside the document: how to ask for a newer one, and where its pieces are.
#[derive(Serialize, Deserialize)]
struct Head {
    etag: Option<String>,
    pieces: usize,
    /// Of the whole document: pieces of two documents never pass for one.
    sha256: String,
}

/// The assignments that are kept, if any.
pub async fn kept(storage: &impl Storage) -> Result<Option<Assignments>, StorageError> {
    Ok(load(storage).await?.map(|(_, assignments)| assignments))
}

/// Pulls the assignments. An answer of `304`, or none at all, gives those that are kept; with the error in the second
/// case, so that the host can tell it.
pub async fn pull<H: Platform + Transport + Storage>(
    aggregator: &Aggregator<'_, H>,
    storage: &H,
) -> Result<(Option<Assignments>, Option<CallError>), StorageError> {
    let known = load(storage).await?;
    let etag = known.as_ref().and_then(|(head, _)| head.etag.clone());
    let known = known.map(|(_, assignments)| assignments);
    let response = match aggregator.get(path::ASSIGNMENTS, etag.as_deref()).await {
        Ok(response) => response,
        Err(error) => return Ok((known, Some(error))),
    };
    if response.status() == StatusCode::NOT_MODIFIED {
        return Ok((known, None));
    }
    let etag = response
        .headers()
        .get(ETAG)
        .and_then(|etag| etag.to_str().ok())
        .map(ToOwned::to_owned);
    match version::decode::<Assignments>(response.body()) {
        Ok(assignments) => {
            save(storage, etag, response.body()).await?;
            Ok((Some(assignments), None))
        }
        Err(problem) => Ok((known, Some(CallError::Refused(Box::new(problem))))),
    }
}

/// Forgets what is kept: the probe has nothing to do any more.
pub async fn forget(storage: &impl Storage) -> Result<(), StorageError> {
    storage.delete(HEAD_KEY).await
}

fn piece_key(index: usize) -> String {
    format!("{HEAD_KEY}/{index:03}")
}

async fn load(storage: &impl Storage) -> Result<Option<(Head, Assignments)>, StorageError> {
    let Some(head) = storage.get(HEAD_KEY).await? else {
        return Ok(None);
    };
    let Ok(head) = serde_json::from_slice::<Head>(&head) else {
        return Ok(None);
    };
    let mut document = Vec::new();
    for index in 0..head.pieces {
        document.extend(storage.get(&piece_key(index)).await?.unwrap_or_default());
    }
    if sha256_hex(&document) != head.sha256 {
        return Ok(None);
    }
    Ok(version::decode(&document)
        .ok()
        .map(|assignments| (head, assignments)))
}

async fn save(storage: &impl Storage, etag: Option<String>, document: &[u8]) -> Result<(), StorageError> {
    let mut pieces = 0;
    for piece in document.chunks(RECORD_BYTES) {
        storage.put(&piece_key(pieces), piece).await?;
        pieces += 1;
    }
    let head = Head {
        etag,
        pieces,
        sha256: sha256_hex(document),
    };
    let head = serde_json::to_vec(&head).map_err(|error| StorageError(error.to_string()))?;
    storage.put(HEAD_KEY, &head).await
}
