//! The cron: Spin's cron trigger calls the component each minute, in an instance of its own.

use crate::{platform::now_ms, settings::Settings, turn};
use edgewatch_spin_cron::{Error, Guest, Metadata};

/// Who handles the events.
struct ChecksCron;

edgewatch_spin_cron::export!(ChecksCron);

impl Guest for ChecksCron {
    /// Makes a turn. An event is handled even if some of it went wrong: that is in the turn's log line.
    async fn handle_cron_event(_event: Metadata) -> Result<(), Error> {
        let began_ms = now_ms();
        let settings = Settings::read().await.map_err(Error::Other)?;
        let made = turn::make(settings, began_ms).await;
        made.map(|_| ()).map_err(Error::Other)
    }
}
