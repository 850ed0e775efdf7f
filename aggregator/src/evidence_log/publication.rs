//! Carrying checkpoints out of reach: what strangers hold by now cannot be taken back. Each day's checkpoint is posted to a URL
//! and written to a directory, where the settings name them; the directory's files are short, are lines of text and hardly ever
//! change, as version control likes it.

use super::{proofs::prove_consistency, verifier_key, witness::ask_witnesses};
use crate::{
    ssrf_guard::SsrfGuard,
    state::AppState,
    store::{
        log::read_log,
        log_checkpoint::{
            StoredCheckpoint, Wanted, find_checkpoint, list_checkpoints, note_posted, take_to_post,
        },
    },
    subscription::webhook::post_plain,
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::json;
use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// How often it is looked for what is to be published.
const EVERY: Duration = Duration::from_mins(1);

/// A checkpoint that could not be posted for so long is given up: the ones after it vouch for it.
const POSTED_WITHIN: TimeDelta = TimeDelta::days(7);

/// Until when a checkpoint is one replica's to post: longer than that can take.
const TAKEN_FOR: TimeDelta = TimeDelta::minutes(2);

/// The longest pause before it is tried again.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(4);

/// Files of days before these are not looked at again: witnesses have cosigned by then.
const WITNESSED_WITHIN: TimeDelta = TimeDelta::days(10);

/// Checkpoints read at once.
const AT_ONCE: i64 = 500;

/// Publishes what is to be, again and again, until the process is asked to stop. Each replica does: files are its own, and posts
/// are shared out.
pub async fn run_publication(state: AppState) {
    let mut stopping = state.stopping.subscribe();
    let mut written: Option<(PathBuf, DateTime<Utc>)> = None;
    loop {
        let now = state.clock.now();
        let posted = post_due(&state).await;
        state.metrics.job_ran("log_posts", posted.is_ok());
        if let Err(error) = posted {
            tracing::error!(job = "log_posts", %error, "background work failed; it is tried again");
        }
        let asked = ask_witnesses(&state).await;
        state.metrics.job_ran("log_witnesses", asked.is_ok());
        if let Err(error) = asked {
            tracing::error!(job = "log_witnesses", %error, "background work failed; it is tried again");
        }
        if let Some(directory) = state.settings().log.publish_directory.clone() {
            // What a directory has from before is not looked at again.
            let since = written
                .take()
                .filter(|(known, _)| *known == directory)
                .map(|(_, at)| at);
            let outcome = write_files(&state, &directory, since.map(|at| at - WITNESSED_WITHIN)).await;
            state.metrics.job_ran("log_files", outcome.is_ok());
            match outcome {
                Ok(()) => written = Some((directory, now)),
                Err(error) => {
                    tracing::error!(job = "log_files", directory = %directory.display(), %error, "checkpoints cannot be written; it is tried again");
                }
            }
        }
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Posts the checkpoints that are due, the oldest first.
pub async fn post_due(state: &AppState) -> sqlx::Result<()> {
    let settings = state.settings();
    let Some(url) = &settings.log.publish_url else {
        return Ok(());
    };
    let guard = SsrfGuard {
        allow_private_targets: settings.allow_private_targets,
    };
    loop {
        let now = state.clock.now();
        let Some((id, attempts)) =
            take_to_post(&state.pool, now - POSTED_WITHIN, now, now + TAKEN_FOR).await?
        else {
            return Ok(());
        };
        let Some(checkpoint) = find_checkpoint(&state.pool, id).await? else {
            return Ok(());
        };
        let origin = read_log(&state.pool).await?.origin;
        let outcome = post_plain(url.as_str(), message(&origin, &checkpoint), guard).await;
        let now = state.clock.now();
        match outcome {
            Ok(()) => {
                note_posted(&state.pool, id, now, None).await?;
                tracing::info!(day = ?checkpoint.day, size = checkpoint.size, "a checkpoint of the log is published");
            }
            Err(error) => {
                let error = error.to_string();
                tracing::warn!(day = ?checkpoint.day, error, "a checkpoint of the log could not be posted; it is tried again");
                note_posted(&state.pool, id, now, Some((&error, now + pause(attempts)))).await?;
            }
        }
    }
}

/// How long after so many failures it is tried again.
pub(super) fn pause(attempts: i16) -> TimeDelta {
    let doublings = u32::from(attempts.unsigned_abs()).min(16);
    (TimeDelta::minutes(1) * (1_i32 << doublings)).min(LONGEST_PAUSE)
}

/// What is posted: the note says it all, the rest is for who does not read notes.
fn message(origin: &str, checkpoint: &StoredCheckpoint) -> String {
    let body = json!({
        "type": "log.checkpoint",
        "timestamp": checkpoint.signed_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "data": {
            "origin": origin,
            "day": checkpoint.day,
            "size": checkpoint.size,
            "note": checkpoint.cosigned_note(),
        },
    });
    body.to_string()
}

/// Why a directory could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The database cannot be read.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The directory cannot be written.
    #[error(transparent)]
    Files(#[from] io::Error),
}

/// Writes the log's key, and for each day (of those whose checkpoint was signed since a time) its checkpoint and the proof that
/// the checkpoint before it is its beginning. Files that are the same stay untouched.
pub async fn write_files(
    state: &AppState,
    directory: &Path,
    since: Option<DateTime<Utc>>,
) -> Result<(), PublishError> {
    let log = read_log(&state.pool).await?;
    let key = verifier_key(&log.origin, &state.secrets)?;
    write(&directory.join("key.txt"), &format!("{key}\n")).await?;
    let mut before = None;
    // From the newest to the oldest: of each, the next one that is read is the one before it.
    let mut later: Option<StoredCheckpoint> = None;
    loop {
        let wanted = Wanted {
            of_days: true,
            before,
            ..Wanted::default()
        };
        let checkpoints = list_checkpoints(&state.pool, wanted, AT_ONCE).await?;
        let Some(last) = checkpoints.last() else { break };
        before = Some(last.id);
        for checkpoint in checkpoints {
            if let Some(later) = later.replace(checkpoint.clone()) {
                write_consistency(state, directory, &checkpoint, &later).await?;
            }
            if since.is_some_and(|since| checkpoint.signed_at < since) {
                return Ok(());
            }
            if let Some(day) = checkpoint.day {
                let path = directory.join("checkpoints").join(format!("{day}.txt"));
                write(&path, &checkpoint.cosigned_note()).await?;
            }
        }
    }
    Ok(())
}

/// In the lines of C2SP tlog-witness: the earlier size, then the hashes.
async fn write_consistency(
    state: &AppState,
    directory: &Path,
    earlier: &StoredCheckpoint,
    later: &StoredCheckpoint,
) -> Result<(), PublishError> {
    let Some(day) = later.day else { return Ok(()) };
    let path = directory.join("consistency").join(format!("{day}.txt"));
    if tokio::fs::try_exists(&path).await? {
        return Ok(());
    }
    let proof = prove_consistency(
        &state.pool,
        earlier.size.unsigned_abs(),
        later.size.unsigned_abs(),
    )
    .await?;
    let mut lines = format!("old {}\n", earlier.size);
    for hash in proof {
        // Writing to a text cannot fail.
        let _ = writeln!(lines, "{hash}");
    }
    write(&path, &lines).await?;
    Ok(())
}

/// Writes a file as a whole, unless it says the same.
async fn write(path: &Path, text: &str) -> io::Result<()> {
    match tokio::fs::read(path).await {
        Ok(known) if known == text.as_bytes() => return Ok(()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if let Some(parent) = path.parent() {
        tokio::fs::create_dir_all(parent).await?;
    }
    // Another replica may write the same file.
    let new = path.with_extension(format!("{}.new", std::process::id()));
    tokio::fs::write(&new, text).await?;
    tokio::fs::rename(&new, path).await
}
