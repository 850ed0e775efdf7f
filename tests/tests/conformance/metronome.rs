//! How late the machine is: a thread that wants to wake often, and notes how much too late it did.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const BEAT: Duration = Duration::from_millis(5);

/// Beats until it is dropped.
pub struct Metronome(Arc<AtomicU64>);

impl Metronome {
    /// Starts it.
    pub fn start() -> Self {
        let latest_us = Arc::new(AtomicU64::default());
        let noted = Arc::downgrade(&latest_us);
        thread::spawn(move || beat(&noted));
        Self(latest_us)
    }

    /// By how much its latest beat was too late since this was asked last, in milliseconds.
    pub fn lateness_ms(&self) -> f64 {
        self.0.swap(0, Ordering::Relaxed) as f64 / 1000.0
    }
}

fn beat(noted: &Weak<AtomicU64>) {
    loop {
        let start = Instant::now();
        thread::sleep(BEAT);
        let Some(latest_us) = noted.upgrade() else {
            return;
        };
        let late = start.elapsed().saturating_sub(BEAT);
        latest_us.fetch_max(late.as_micros() as u64, Ordering::Relaxed);
    }
}
