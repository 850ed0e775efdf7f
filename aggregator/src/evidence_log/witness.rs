//! Asking witnesses to cosign the log's checkpoints (C2SP tlog-witness): each is sent the newest one, with the proof that it goes on
//! from the one that it saw last, and answers with its signature. A witness that signs wherever it pleases may post to
//! `/api/v1/log/cosignatures` instead.

use super::{checkpoint_now, proofs::prove_consistency, publication::pause};
use crate::{
    ssrf_guard::SsrfGuard,
    state::AppState,
    store::{
        log_checkpoint::{StoredCheckpoint, find_checkpoint, find_latest, insert_cosignature},
        log_witness::{note_refused, note_signed, take_to_ask},
    },
};
use chrono::{DateTime, TimeDelta};
use edgewatch_agent::HttpTransport;
use edgewatch_proof::{
    hash::Hash,
    note::{Note, VerifierKey},
};
use futures::future::join_all;
use std::{sync::Arc, time::Duration};
use url::Url;

/// Until when a witness is one replica's to ask: longer than that can take.
const TAKEN_FOR: TimeDelta = TimeDelta::minutes(2);

/// A witness may say of which checkpoint on it wants the proof; after so many requests it is tried again later.
const REQUESTS_AT_ONCE: usize = 3;

/// Who waits for a checkpoint waits no longer for its witnesses.
const WAITED_FOR: Duration = Duration::from_secs(10);

/// More of an answer is not read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// How far a witness's clock may be ahead.
const AHEAD_AT_MOST: TimeDelta = TimeDelta::minutes(5);

/// Asks those witnesses that have not cosigned the newest checkpoint and that the settings have an address of.
pub async fn ask_witnesses(state: &AppState) -> sqlx::Result<()> {
    let settings = state.settings();
    let asked = settings.log.asked_witnesses();
    if asked.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = asked.iter().map(|(key, _)| key.to_string()).collect();
    let now = state.clock.now();
    let mut transaction = state.pool.begin().await?;
    let due = take_to_ask(&mut transaction, &keys, now, now + TAKEN_FOR).await?;
    transaction.commit().await?;
    let newest = find_latest(&state.pool).await?;
    let Some(newest) = newest.filter(|_| !due.is_empty()) else {
        return Ok(());
    };
    let guard = SsrfGuard {
        allow_private_targets: settings.allow_private_targets,
    };
    let may_dial = Arc::new(move |address| guard.check(address).map_err(|refused| refused.to_string()));
    let transport = HttpTransport::guarded(may_dial, MAX_ANSWER_BYTES)
        .map_err(|error| sqlx::Error::Configuration(error.into()))?;
    let asking = due.iter().filter_map(|due| {
        let (key, url) = asked.iter().find(|(key, _)| key.to_string() == due.witness)?;
        let request = Request {
            state,
            transport: &transport,
            key,
            url,
            newest: &newest,
        };
        Some(async move { (due, request.ask(due.size).await) })
    });
    for (due, outcome) in join_all(asking).await {
        let now = state.clock.now();
        match outcome? {
            Ok(()) => {
                note_signed(&state.pool, &due.witness, newest.size, now).await?;
            }
            Err(error) => {
                tracing::warn!(
                    witness = due.witness,
                    size = newest.size,
                    error,
                    "a witness has not cosigned the log; it is asked again"
                );
                note_refused(&state.pool, &due.witness, &error, now, now + pause(due.attempts)).await?;
            }
        }
    }
    Ok(())
}

/// See [`checkpoint_now`]; with the cosignatures of witnesses that answer soon.
pub async fn witnessed_checkpoint_now(state: &AppState) -> sqlx::Result<Option<StoredCheckpoint>> {
    let Some(checkpoint) = checkpoint_now(state).await? else {
        return Ok(None);
    };
    if let Ok(asked) = tokio::time::timeout(WAITED_FOR, ask_witnesses(state)).await {
        asked?;
    }
    find_checkpoint(&state.pool, checkpoint.id).await
}

/// What one witness is asked.
struct Request<'a> {
    state: &'a AppState,
    transport: &'a HttpTransport,
    key: &'a VerifierKey,
    url: &'a Url,
    newest: &'a StoredCheckpoint,
}

impl Request<'_> {
    /// Asks with the proof from a size on, or from where the witness says; why it has not signed, in one line.
    async fn ask(&self, from: i64) -> sqlx::Result<Result<(), String>> {
        let (mut old, size) = (from, self.newest.size);
        for _ in 0..REQUESTS_AT_ONCE {
            if old > size {
                return Ok(Err(format!(
                    "it has signed the log at {old} leaves, and the log has {size}: an older one was restored"
                )));
            }
            let proof = prove_consistency(&self.state.pool, old.unsigned_abs(), size.unsigned_abs()).await?;
            let (status, answer) = match self.send(body(old, &proof, &self.newest.note)).await {
                Ok(answer) => answer,
                Err(error) => return Ok(Err(error)),
            };
            let why = match status {
                200 => return self.keep(&answer).await,
                409 => match answer.trim_end().parse() {
                    Ok(told) if told != old => {
                        old = told;
                        continue;
                    }
                    _ => format!("it has signed another log of {size} leaves"),
                },
                403 => "it does not take the log's key".to_owned(),
                404 => "it does not know the log".to_owned(),
                422 => format!(
                    "it says that the log of {size} leaves does not begin with the {old} that it has signed"
                ),
                status => format!("it answered with {status}"),
            };
            return Ok(Err(why));
        }
        Ok(Err(
            "it says something else each time of where it stands".to_owned()
        ))
    }

    async fn send(&self, body: String) -> Result<(u16, String), String> {
        let url = format!("{}/add-checkpoint", self.url.as_str().trim_end_matches('/'));
        let request = axum::http::Request::post(url)
            .header("content-type", "text/plain; charset=utf-8")
            .body(body.into_bytes())
            .map_err(|error| error.to_string())?;
        let answer = self.transport.send(request).await?;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        Ok((answer.status().as_u16(), text))
    }

    /// Keeps what it signed.
    async fn keep(&self, answer: &str) -> sqlx::Result<Result<(), String>> {
        let note = format!("{}{answer}", self.newest.note);
        let Ok(note) = note.parse::<Note>() else {
            return Ok(Err("it answered with something else than signatures".to_owned()));
        };
        let kept = keep_cosignatures(
            self.state,
            self.newest.size,
            &note,
            std::slice::from_ref(self.key),
        )
        .await?;
        Ok(if kept {
            Ok(())
        } else {
            Err("its answer has no signature of its key that holds".to_owned())
        })
    }
}

/// The lines of a request: where the proof begins, the proof, and the checkpoint.
fn body(old: i64, proof: &[Hash], note: &str) -> String {
    let mut body = format!("old {old}\n");
    for hash in proof {
        body.push_str(&String::from(*hash));
        body.push('\n');
    }
    body.push('\n');
    body.push_str(note);
    body
}

/// Keeps the cosignatures of a checkpoint that hold and are by these keys, the first of each; whether there is any.
pub async fn keep_cosignatures(
    state: &AppState,
    size: i64,
    note: &Note,
    keys: &[VerifierKey],
) -> sqlx::Result<bool> {
    let latest = state.clock.now() + AHEAD_AT_MOST;
    let mut is_any = false;
    for key in keys {
        for line in &note.signatures {
            let verified = key.verify(&note.text, line);
            let at_s = verified.and_then(|verified| verified.at_s);
            let at = at_s.and_then(|at_s| DateTime::from_timestamp(at_s, 0));
            let Some(at) = at.filter(|&at| at <= latest) else {
                continue;
            };
            is_any = true;
            if insert_cosignature(&state.pool, size, &key.to_string(), at, &line.to_string()).await? {
                tracing::info!(witness = key.name(), size, "a witness has cosigned the log");
            }
        }
    }
    Ok(is_any)
}

#[cfg(test)]
mod tests;
