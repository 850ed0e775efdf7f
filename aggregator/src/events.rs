//! The bus of live events: a ring of the latest ones with ids, and a broadcast to whoever listens now.
//!
//! An id is `<instance>-<number>`. A listener that comes back with the id of the last event it saw gets those after it,
//! or [`Event::Resync`] when they are no longer known here: too old, or another replica's.

use edgewatch_client::event::Event;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::broadcast;
use uuid::Uuid;

/// How many events are kept for listeners that come back.
const RING: usize = 1024;

/// An event with its number.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// What a listener passes as `Last-Event-ID`.
    pub id: String,
    /// The event.
    pub event: Arc<Event>,
}

/// The bus; clones share it.
#[derive(Clone, Debug)]
pub struct EventBus {
    instance: Uuid,
    ring: Arc<Mutex<Ring>>,
    sender: broadcast::Sender<Numbered>,
}

#[derive(Debug, Default)]
struct Ring {
    last: u64,
    events: VecDeque<Numbered>,
}

impl Default for EventBus {
    fn default() -> Self {
        Self {
            instance: Uuid::new_v4(),
            ring: Arc::default(),
            sender: broadcast::channel(RING).0,
        }
    }
}

impl EventBus {
    /// This process's name among the replicas.
    pub fn instance(&self) -> Uuid {
        self.instance
    }

    /// Tells an event to this process's listeners.
    pub fn publish(&self, event: Event) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.last += 1;
        let numbered = Numbered {
            id: format!("{}-{}", self.instance.simple(), ring.last),
            event: Arc::new(event),
        };
        if ring.events.len() == RING {
            ring.events.pop_front();
        }
        ring.events.push_back(numbered.clone());
        // Sent under the lock, so that a listener sees the numbers in order. Without listeners there is nobody to tell.
        let _ = self.sender.send(numbered);
    }

    /// How many listen now.
    pub fn listeners(&self) -> usize {
        self.sender.receiver_count()
    }

    /// Begins to listen: what was missed since `last_event_id`, and what comes from now on, without a gap between.
    pub fn subscribe(&self, last_event_id: Option<&str>) -> (Vec<Numbered>, broadcast::Receiver<Numbered>) {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.sender.subscribe();
        let Some(last_event_id) = last_event_id else {
            return (Vec::new(), receiver);
        };
        (self.missed(&ring, last_event_id), receiver)
    }

    fn missed(&self, ring: &Ring, last_event_id: &str) -> Vec<Numbered> {
        let known = last_event_id
            .split_once('-')
            .filter(|(instance, _)| *instance == self.instance.simple().to_string())
            .and_then(|(_, number)| number.parse::<u64>().ok())
            .filter(|&number| number <= ring.last);
        let kept = ring.events.len() as u64;
        match known.map(|number| ring.last - number) {
            Some(missed) if missed <= kept => ring
                .events
                .iter()
                .skip((kept - missed) as usize)
                .cloned()
                .collect(),
            _ => vec![Numbered {
                id: format!("{}-{}", self.instance.simple(), ring.last),
                event: Arc::new(Event::Resync),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_that_comes_back_gets_what_it_missed() {
        let bus = EventBus::default();
        let (_, mut live) = bus.subscribe(None);
        bus.publish(Event::Monitors);
        let first = live.try_recv().unwrap();
        bus.publish(Event::Probes);
        let (missed, _) = bus.subscribe(Some(&first.id));
        assert_eq!(missed.len(), 1);
        assert_eq!(*missed[0].event, Event::Probes);
        let (missed, _) = bus.subscribe(Some(&missed[0].id));
        assert!(missed.is_empty());
    }

    #[test]
    fn a_listener_that_missed_too_much_reads_everything_anew() {
        let bus = EventBus::default();
        bus.publish(Event::Monitors);
        let (_, mut live) = bus.subscribe(None);
        bus.publish(Event::Monitors);
        let seen = live.try_recv().unwrap().id;
        for _ in 0..=RING {
            bus.publish(Event::Probes);
        }
        for id in [seen.as_str(), "another-1", "", "x"] {
            let (missed, _) = bus.subscribe(Some(id));
            assert_eq!(missed.len(), 1, "{id}");
            assert_eq!(*missed[0].event, Event::Resync, "{id}");
        }
    }
}
