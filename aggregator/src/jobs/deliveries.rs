//! Sending what waits: each replica takes its share. What was taken is nobody else's for a while, so a message is sent
//! once, unless its sender dies between the server's word and its own note of it; then it has the same id the second time.

use crate::{
    mail::Mailer,
    secret::random,
    state::AppState,
    store::{
        delivery::{TakenDelivery, What, delete_delivery, postpone_delivery, take_due},
        subscriber::{delete_subscriber, note_failure, note_success},
    },
    subscription::{
        FAILURES_AT_MOST,
        outgoing::{Outcome, Sender, channel_of},
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::subscriber::Channel;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::task::JoinSet;

/// How often it is looked for deliveries.
const EVERY: Duration = Duration::from_secs(2);

/// Deliveries taken at once.
const AT_ONCE: i64 = 60;

/// Until when they are this replica's: longer than sending them can take.
pub const TAKEN_FOR: TimeDelta = TimeDelta::minutes(20);

/// Sessions with the SMTP server at a time.
const MAIL_SESSIONS: usize = 4;

/// Posts at a time.
const POSTS: usize = 16;

/// The first pause before a delivery is tried again; each one after it is twice as long, up to the longest.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(4);

/// A delivery that was not taken for so long is given up.
pub const GIVEN_UP_AFTER: TimeDelta = TimeDelta::hours(48);

/// Sends what is due, again and again, until the process is asked to stop; what has begun is finished.
pub async fn run_deliveries(state: AppState) {
    let mut stopping = state.stopping.subscribe();
    loop {
        let outcome = deliver_due(&state).await;
        state.metrics.job_ran("deliveries", outcome.is_ok());
        if let Err(error) = &outcome {
            tracing::error!(job = "deliveries", %error, "background work failed; it is tried again");
        }
        let pause = match outcome {
            Ok(sent) if sent as i64 >= AT_ONCE => Duration::ZERO,
            _ => EVERY,
        };
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Sends what is due now, at most [`AT_ONCE`]; how many were tried.
pub async fn deliver_due(state: &AppState) -> sqlx::Result<usize> {
    let now = state.clock.now();
    let taken = take_due(&state.pool, now, now + TAKEN_FOR, AT_ONCE).await?;
    let count = taken.len();
    let (mails, posts): (Vec<_>, Vec<_>) = taken.into_iter().partition(|delivery| {
        channel_of(delivery, &state.secrets).unwrap_or(Channel::Email) == Channel::Email
    });
    let (mails, posts) = (Arc::new(Queue::new(mails)), Arc::new(Queue::new(posts)));
    let mut workers = JoinSet::new();
    for _ in 0..MAIL_SESSIONS {
        workers.spawn(send_mails(state.clone(), mails.clone(), now));
    }
    for _ in 0..POSTS {
        workers.spawn(send_posts(state.clone(), posts.clone(), now));
    }
    while let Some(ended) = workers.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a worker of deliveries ended; what it had is tried again later");
        }
    }
    Ok(count)
}

/// Deliveries that several workers share.
struct Queue(Mutex<Vec<TakenDelivery>>);

impl Queue {
    fn new(mut deliveries: Vec<TakenDelivery>) -> Self {
        deliveries.reverse();
        Self(Mutex::new(deliveries))
    }

    fn next(&self) -> Option<TakenDelivery> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// Sends mails one after the other, by one session.
async fn send_mails(state: AppState, queue: Arc<Queue>, now: DateTime<Utc>) {
    let settings = state.settings();
    let sender = Sender {
        secrets: &state.secrets,
        settings: &settings,
        now,
    };
    let mut session = None;
    while let Some(delivery) = queue.next() {
        if session.is_none() {
            session = state.mailer.as_ref().map(Mailer::session);
        }
        let outcome = sender.mail(&delivery, session.as_mut()).await;
        settle(&state, &delivery, outcome).await;
    }
    if let Some(session) = session {
        session.close().await;
    }
}

/// Posts messages one after the other.
async fn send_posts(state: AppState, queue: Arc<Queue>, now: DateTime<Utc>) {
    let settings = state.settings();
    let sender = Sender {
        secrets: &state.secrets,
        settings: &settings,
        now,
    };
    while let Some(delivery) = queue.next() {
        let outcome = sender.post(&delivery).await;
        settle(&state, &delivery, outcome).await;
    }
}

/// Notes what became of a delivery. Where even that fails, the delivery is tried again when its time comes.
async fn settle(state: &AppState, delivery: &TakenDelivery, outcome: Outcome) {
    let channel = channel_of(delivery, &state.secrets).unwrap_or(Channel::Email);
    let now = state.clock.now();
    let is_given_up = matches!(outcome, Outcome::Later(_)) && now - delivery.created_at > GIVEN_UP_AFTER;
    let word = match &outcome {
        Outcome::Sent => "sent",
        Outcome::Later(_) if !is_given_up => "postponed",
        Outcome::Later(_) | Outcome::Refused(_) | Outcome::Gone => "refused",
        Outcome::Hopeless(_) => "failed",
    };
    state.metrics.delivery_tried(channel, word);
    // Who it was for is not logged.
    match &outcome {
        Outcome::Later(why) | Outcome::Refused(why) | Outcome::Hopeless(why) => {
            tracing::warn!(
                delivery = delivery.id,
                channel = channel.as_str(),
                outcome = word,
                why,
                "not delivered"
            );
        }
        Outcome::Sent | Outcome::Gone => {}
    }
    if let Err(error) = write(state, delivery, &outcome, is_given_up, now).await {
        tracing::error!(delivery = delivery.id, %error, "what became of a delivery could not be noted");
    }
}

async fn write(
    state: &AppState,
    delivery: &TakenDelivery,
    outcome: &Outcome,
    is_given_up: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let subscriber = match &delivery.what {
        What::Notice { subscriber, .. } => Some(subscriber),
        What::Confirmation(_) => None,
    };
    if matches!(outcome, Outcome::Later(_)) && !is_given_up {
        return postpone_delivery(&state.pool, delivery.id, now + pause(delivery.attempts)).await;
    }
    let mut tx = state.pool.begin().await?;
    delete_delivery(&mut *tx, delivery.id).await?;
    match (outcome, subscriber) {
        (Outcome::Sent, Some(subscriber)) => note_success(&mut *tx, subscriber.id).await?,
        (Outcome::Gone, Some(subscriber)) => {
            delete_subscriber(&mut *tx, subscriber.page, subscriber.id).await?;
        }
        (Outcome::Refused(_) | Outcome::Later(_), Some(subscriber))
            if note_failure(&mut tx, subscriber.id, FAILURES_AT_MOST, now).await? =>
        {
            tracing::info!(
                subscriber = subscriber.id,
                "a subscription is suspended: it was refused too often"
            );
        }
        _ => {}
    }
    tx.commit().await
}

/// How long to wait before the next attempt: exponential, with a fifth of chance either way so that what failed together
/// is not tried together.
pub fn pause(attempts: i16) -> TimeDelta {
    let doublings = u32::from(attempts.unsigned_abs()).saturating_sub(1).min(16);
    let pause = (FIRST_PAUSE * (1_i32 << doublings)).min(LONGEST_PAUSE);
    let [chance] = random::<1>();
    pause * (80 + i32::from(chance) * 40 / 255) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_not_all_the_same() {
        for (attempts, seconds) in [(1, 30), (2, 60), (5, 480), (10, 14_400), (32_000, 14_400)] {
            for _ in 0..50 {
                let pause = pause(attempts).num_seconds();
                assert!(
                    (seconds * 8 / 10..=seconds * 12 / 10).contains(&pause),
                    "{attempts}: {pause}"
                );
            }
        }
        assert!(
            (0..50)
                .map(|_| pause(5))
                .collect::<std::collections::BTreeSet<_>>()
                .len()
                > 1
        );
    }
}
