//! What the probe has to do: pulled from the aggregator, kept for when it cannot be reached.

use crate::{
    aggregator::{Aggregator, CallError},
    outbox::RECORD_BYTES,
    platform::{Platform, Storage, StorageError, Transport},
};
use edgewatch_protocol::{
    assignment::{Assignments, AssignmentsPage, MAX_PAGE},
    digest::sha256_hex,
    name::MonitorId,
    path,
    version::decode,
};
use http::{StatusCode, header::ETAG};
use serde::{Deserialize, Serialize};

const HEAD_KEY: &str = "assignments";

/// How often the pages are asked for anew because the assignments changed between two of them.
const MAX_TRIES: usize = 3;

/// What is kept beside the document: how to ask for a newer one, and where its pieces are.
#[derive(Serialize, Deserialize)]
struct Head {
    etag: Option<String>,
    /// See [`AssignmentsPage::set`].
    #[serde(default)]
    set: String,
    pieces: usize,
    /// Of the whole document: pieces of two documents never pass for one.
    sha256: String,
}

/// The fields of an [`AssignmentsPage`] beside the assignments.
#[derive(Deserialize)]
struct PageFields {
    #[serde(default)]
    set: String,
    next: Option<MonitorId>,
}

/// The assignments that are kept, if any.
pub async fn kept(storage: &impl Storage) -> Result<Option<Assignments>, StorageError> {
    Ok(load(storage).await?.map(|(_, assignments)| assignments))
}

/// Pulls the assignments, page by page. An answer of `304`, or none at all, gives those that are kept; with the error in
/// the second case, so that the host can tell it.
pub async fn pull<H: Platform + Transport + Storage>(
    aggregator: &Aggregator<'_, H>,
    storage: &H,
) -> Result<(Option<Assignments>, Option<CallError>), StorageError> {
    let known = load(storage).await?;
    let (head, known) = known.unzip();
    match ask(aggregator, head.as_ref(), known.as_ref()).await {
        Ok(Some(pulled)) => {
            save(storage, head.map_or(0, |head| head.pieces), &pulled).await?;
            Ok((Some(pulled.assignments), None))
        }
        Ok(None) => Ok((known, None)),
        Err(error) => Ok((known, Some(error))),
    }
}

/// What was pulled.
struct Pulled {
    etag: Option<String>,
    set: String,
    assignments: Assignments,
}

/// Asks for the assignments; `None` when those that are known still hold.
async fn ask<H: Platform + Transport>(
    aggregator: &Aggregator<'_, H>,
    head: Option<&Head>,
    known: Option<&Assignments>,
) -> Result<Option<Pulled>, CallError> {
    let mut etag = head.and_then(|head| head.etag.as_deref());
    let mut tries = 1;
    loop {
        let Some((new_etag, first)) = page(aggregator, None, etag).await? else {
            return Ok(None);
        };
        let AssignmentsPage {
            set,
            mut next,
            mut assignments,
        } = first;
        let pulled = |assignments| Pulled {
            etag: new_etag.clone(),
            set: set.clone(),
            assignments,
        };
        // Only the test runs are others.
        if let Some(known) = known.filter(|_| !set.is_empty() && head.is_some_and(|head| head.set == set)) {
            assignments.monitors.clone_from(&known.monitors);
            return Ok(Some(pulled(assignments)));
        }
        let mut is_whole = true;
        while let Some(after) = next {
            let Some((_, more)) = page(aggregator, Some(after), None).await? else {
                break;
            };
            // Each page goes on behind the one before, or there would be no end.
            is_whole = more.set == set && more.next.is_none_or(|next| next > after);
            if !is_whole {
                break;
            }
            assignments.monitors.extend(more.assignments.monitors);
            next = more.next;
        }
        if is_whole {
            return Ok(Some(pulled(assignments)));
        }
        if tries == MAX_TRIES {
            let message = "the assignments changed while they were read".to_owned();
            return Err(CallError::Unreachable(message));
        }
        tries += 1;
        etag = None;
    }
}

/// Asks for one page, and its `ETag`; `None` when it is known.
async fn page<H: Platform + Transport>(
    aggregator: &Aggregator<'_, H>,
    after: Option<MonitorId>,
    etag: Option<&str>,
) -> Result<Option<(Option<String>, AssignmentsPage)>, CallError> {
    let query = match after {
        Some(after) => format!("after={after}&limit={MAX_PAGE}"),
        None => format!("limit={MAX_PAGE}"),
    };
    let response = aggregator.get_with_query(path::ASSIGNMENTS, &query, etag).await?;
    if response.status() == StatusCode::NOT_MODIFIED {
        return Ok(None);
    }
    let etag = response
        .headers()
        .get(ETAG)
        .and_then(|etag| etag.to_str().ok())
        .map(ToOwned::to_owned);
    let unreadable = |problem| CallError::Refused(Box::new(problem));
    // Read twice, and not as a whole: what serde derives for the flattened field would have all that reads checks in the
    // bundles of WASM hosts once more.
    let assignments = decode(response.body()).map_err(unreadable)?;
    let PageFields { set, next } = decode(response.body()).map_err(unreadable)?;
    let page = AssignmentsPage {
        set,
        next,
        assignments,
    };
    Ok(Some((etag, page)))
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
    Ok(decode(&document).ok().map(|assignments| (head, assignments)))
}

async fn save(storage: &impl Storage, known_pieces: usize, pulled: &Pulled) -> Result<(), StorageError> {
    let unwritable = |error: serde_json::Error| StorageError(error.to_string());
    let document = serde_json::to_vec(&pulled.assignments).map_err(unwritable)?;
    let mut pieces = 0;
    for piece in document.chunks(RECORD_BYTES) {
        storage.put(&piece_key(pieces), piece).await?;
        pieces += 1;
    }
    let head = Head {
        etag: pulled.etag.clone(),
        set: pulled.set.clone(),
        pieces,
        sha256: sha256_hex(&document),
    };
    let head = serde_json::to_vec(&head).map_err(unwritable)?;
    storage.put(HEAD_KEY, &head).await?;
    for index in pieces..known_pieces {
        storage.delete(&piece_key(index)).await?;
    }
    Ok(())
}
