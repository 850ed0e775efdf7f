//! Live events: one stream for the whole page, handed to whoever listens.

use edgewatch_client::event::Event;
use leptos::prelude::*;
use std::sync::Arc;

/// How the stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Not yet open for the first time.
    Opening,
    /// Changes arrive as they happen.
    Live,
    /// Lost; it is being opened again.
    Reconnecting,
}

type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// The page's event stream.
#[derive(Clone, Copy)]
pub struct Live {
    connection: RwSignal<Connection>,
    listeners: StoredValue<(u32, Vec<(u32, Listener)>)>,
}

impl Live {
    /// Provides the stream and, in the browser, opens it. It is closed with the current owner.
    pub fn provide() -> Self {
        let live = Self {
            connection: RwSignal::new(Connection::Opening),
            listeners: StoredValue::new((0, Vec::new())),
        };
        provide_context(live);
        #[cfg(feature = "hydrate")]
        {
            let client = crate::api::use_client();
            Effect::new(move || source::Source::open(live, client.clone()));
        }
        live
    }

    /// How the stream stands; tracked.
    pub fn connection(self) -> Connection {
        self.connection.get()
    }

    /// Calls `listener` for each event until the current owner is cleaned up.
    pub fn listen(self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        let id = self.listeners.try_update_value(|(last, listeners)| {
            *last += 1;
            listeners.push((*last, Arc::new(listener) as Listener));
            *last
        });
        on_cleanup(move || {
            if let Some(id) = id {
                self.listeners
                    .try_update_value(|(_, listeners)| listeners.retain(|(other, _)| *other != id));
            }
        });
    }

    #[cfg(feature = "hydrate")]
    fn dispatch(self, event: &Event) {
        let listeners: Vec<Listener> = self
            .listeners
            .try_with_value(|(_, listeners)| listeners.iter().map(|(_, listener)| listener.clone()).collect())
            .unwrap_or_default();
        for listener in listeners {
            listener(event);
        }
    }
}

/// The page's event stream.
pub fn use_live() -> Live {
    expect_context::<Live>()
}

#[cfg(feature = "hydrate")]
mod source {
    use super::{Connection, Live};
    use edgewatch_client::{Client, event::Event, json};
    use leptos::{prelude::*, task::spawn_local};
    use send_wrapper::SendWrapper;
    use std::{cell::RefCell, rc::Rc, time::Duration};
    use wasm_bindgen::{JsCast as _, closure::Closure};
    use web_sys::{EventSource, MessageEvent};

    /// The names of the events, as their tag on the wire.
    const NAMES: [&str; 6] = ["results", "state", "monitors", "probes", "incidents", "resync"];

    /// The longest pause before the stream is opened again.
    const MAX_PAUSE: Duration = Duration::from_secs(30);

    /// The open stream. The browser reconnects by itself, with `Last-Event-ID`, after a network error; after an answer
    /// that is no stream (the session is over, the server restarts) it gives up, and the stream is opened anew here.
    pub(super) struct Source {
        live: Live,
        client: Client,
        stream: RefCell<Option<EventSource>>,
        failures: RefCell<u32>,
        closed: RefCell<bool>,
    }

    impl Source {
        pub(super) fn open(live: Live, client: Client) {
            let source = Rc::new(Self {
                live,
                client,
                stream: RefCell::default(),
                failures: RefCell::default(),
                closed: RefCell::default(),
            });
            source.connect();
            let kept = SendWrapper::new(source);
            on_cleanup(move || {
                *kept.closed.borrow_mut() = true;
                if let Some(stream) = kept.stream.borrow_mut().take() {
                    stream.close();
                }
            });
        }

        fn connect(self: &Rc<Self>) {
            if *self.closed.borrow() {
                return;
            }
            let Ok(stream) = EventSource::new("/api/v1/events") else {
                return;
            };
            let source = self.clone();
            let on_open = Closure::<dyn Fn()>::new(move || source.opened());
            stream.set_onopen(Some(on_open.as_ref().unchecked_ref()));
            on_open.forget();
            let source = self.clone();
            let on_error = Closure::<dyn Fn()>::new(move || source.failed());
            stream.set_onerror(Some(on_error.as_ref().unchecked_ref()));
            on_error.forget();
            let live = self.live;
            let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
                // An event that this build cannot read is of a newer one: everything is read anew instead.
                let event = message
                    .data()
                    .as_string()
                    .and_then(|data| json::from_str(&data).ok());
                live.dispatch(&event.unwrap_or(Event::Resync));
            });
            for name in NAMES {
                let _ = stream.add_event_listener_with_callback(name, on_message.as_ref().unchecked_ref());
            }
            on_message.forget();
            *self.stream.borrow_mut() = Some(stream);
        }

        fn opened(&self) {
            let reopened = std::mem::take(&mut *self.failures.borrow_mut()) > 0;
            let _ = self.live.connection.try_set(Connection::Live);
            if reopened {
                // A new stream has no `Last-Event-ID`: what was missed is not known.
                self.live.dispatch(&Event::Resync);
            }
        }

        fn failed(self: &Rc<Self>) {
            let _ = self.live.connection.try_set(Connection::Reconnecting);
            let gave_up = self
                .stream
                .borrow()
                .as_ref()
                .is_some_and(|stream| stream.ready_state() == EventSource::CLOSED);
            if !gave_up {
                return;
            }
            let failures = {
                let mut failures = self.failures.borrow_mut();
                *failures += 1;
                *failures
            };
            let pause = Duration::from_secs(1 << failures.min(5)).min(MAX_PAUSE);
            let source = self.clone();
            set_timeout(
                move || {
                    spawn_local(async move {
                        // Renews the session where that is why it failed; `connect` tells whether it helped.
                        let _ = source.client.get_session().await;
                        source.connect();
                    });
                },
                pause,
            );
        }
    }
}
