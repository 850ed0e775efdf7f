//! The time, and how it is shown. The only place here that asks the machine.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

/// Now, Unix milliseconds.
#[cfg(not(feature = "hydrate"))]
pub fn machine_now_ms() -> i64 {
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Now, Unix milliseconds.
#[cfg(feature = "hydrate")]
pub fn machine_now_ms() -> i64 {
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    let now = js_sys::Date::now();
    now as i64
}

/// The page's clock.
#[derive(Clone, Copy)]
pub struct Clock {
    now_ms: RwSignal<i64>,
    local: RwSignal<bool>,
}

/// How often the page's clock moves.
const TICK: std::time::Duration = std::time::Duration::from_secs(5);

impl Clock {
    /// Provides the clock. The server's moment holds until the page is taken over; then it ticks, and times are shown
    /// in the viewer's zone.
    pub fn provide() -> Self {
        let now_ms = SharedValue::new_str(machine_now_ms).into_inner();
        let clock = Self {
            now_ms: RwSignal::new(now_ms),
            local: RwSignal::new(false),
        };
        provide_context(clock);
        Effect::new(move || {
            clock.local.set(true);
            clock.now_ms.set(machine_now_ms());
            let _ = set_interval_with_handle(move || clock.now_ms.set(machine_now_ms()), TICK);
        });
        clock
    }

    /// Unix milliseconds; moves every few seconds.
    pub fn now_ms(self) -> i64 {
        self.now_ms.get()
    }

    /// Unix milliseconds as the page shows them now, not tracked.
    pub fn now_ms_untracked(self) -> i64 {
        self.now_ms.get_untracked()
    }

    /// Unix milliseconds, exact, not tracked. For event handlers.
    pub fn exact_ms(self) -> i64 {
        machine_now_ms()
    }

    /// Whether times are shown in the viewer's zone yet.
    pub fn is_local(self) -> bool {
        self.local.get()
    }

    /// A moment as the viewer's wall clock shows it, as if it were UTC; and UTC itself until the page is taken over.
    pub fn wall(self, at: DateTime<Utc>) -> DateTime<Utc> {
        if self.local.get() {
            at + chrono::Duration::minutes(zone_offset_minutes(at))
        } else {
            at
        }
    }
}

/// The page's clock.
pub fn use_clock() -> Clock {
    expect_context::<Clock>()
}

/// How far the viewer's zone is ahead of UTC at a moment.
#[cfg(feature = "hydrate")]
pub fn zone_offset_minutes(at: DateTime<Utc>) -> i64 {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at.timestamp_millis() as f64));
    -date.get_timezone_offset() as i64
}

/// How far the viewer's zone is ahead of UTC at a moment: not known here.
#[cfg(not(feature = "hydrate"))]
pub fn zone_offset_minutes(_at: DateTime<Utc>) -> i64 {
    0
}

/// The viewer's time zone by name.
#[cfg(feature = "hydrate")]
pub fn zone_name() -> Option<String> {
    let options = js_sys::Intl::DateTimeFormat::default().resolved_options();
    let name = js_sys::Reflect::get(&options, &"timeZone".into()).ok()?;
    name.as_string()
}

/// The viewer's time zone by name: not known here.
#[cfg(not(feature = "hydrate"))]
pub fn zone_name() -> Option<String> {
    None
}
