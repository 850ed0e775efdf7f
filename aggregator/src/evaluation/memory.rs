//! What results are judged by, remembered from batch to batch, so that it is not read again for each.

use super::vantage::Vantage;
use crate::store::{
    evaluation_queue::Versions,
    maintenance::list_maintenance,
    policy::{MonitorRules, list_rules},
    vote::{Pair, StoredVotes, list_votes},
};
use edgewatch_domain::{
    maintenance::{Scope, Version, occurrences},
    span::Span,
    verdict::Verdict,
    vote::VoteFold,
    vote_log::VoteLog,
};
use sqlx::PgConnection;
use std::collections::HashMap;

/// What is known of monitors and of regions' votes on them, of one state of the database.
#[derive(Debug, Default)]
pub struct Memory {
    versions: Versions,
    /// `None`: there is no such monitor.
    rules: HashMap<i32, Option<MonitorRules>>,
    votes: HashMap<Pair, RegionVotes>,
    /// `None`: not read yet.
    maintenance: Option<Vec<Vec<Version>>>,
    /// The windows of slots in which regions fail.
    pub vantage: Vantage,
}

/// A region's votes on a monitor.
#[derive(Debug)]
pub struct RegionVotes {
    /// The votes.
    pub log: VoteLog,
    /// The vote as it is stored: withheld, if silence was noted.
    pub verdict: Verdict,
    /// Which checkpoints are stored: how many, and the slot of the last.
    checkpoints_stored: Option<(usize, Option<i64>)>,
}

impl RegionVotes {
    /// Whether checkpoints have come that are not stored; they are from now on.
    pub fn store_checkpoints(&mut self) -> bool {
        let checkpoints = self.log.checkpoints();
        let now = Some((
            checkpoints.len(),
            checkpoints.last().and_then(VoteFold::last_slot_ms),
        ));
        std::mem::replace(&mut self.checkpoints_stored, now) != now
    }

    /// Whatever checkpoints are stored, they are others now.
    pub fn replace_checkpoints(&mut self) {
        self.checkpoints_stored = None;
    }

    /// Whether it is recorded that the region has fallen silent, although nothing has come that says so.
    pub fn silence_noted(&self) -> bool {
        self.verdict == Verdict::Unknown && self.log.fold().vote() != Verdict::Unknown
    }
}

impl Memory {
    /// This memory if it is of this state of the database; an empty one otherwise.
    #[must_use]
    pub fn still_at(self, versions: Versions) -> Self {
        if self.versions == versions {
            self
        } else {
            Self::default()
        }
    }

    /// The same, of this state of the database from now on.
    #[must_use]
    pub fn now_at(self, versions: Versions) -> Self {
        Self { versions, ..self }
    }

    /// Reads what is not known yet of these.
    pub async fn learn(
        &mut self,
        db: &mut PgConnection,
        pairs: impl IntoIterator<Item = Pair>,
        monitors: impl IntoIterator<Item = i32>,
    ) -> sqlx::Result<()> {
        let pairs: Vec<_> = pairs.into_iter().collect();
        let mut unknown: Vec<_> = pairs.iter().map(|pair| pair.0).chain(monitors).collect();
        unknown.retain(|id| !self.rules.contains_key(id));
        unknown.sort_unstable();
        unknown.dedup();
        if !unknown.is_empty() {
            let mut found = list_rules(&mut *db, &unknown).await?;
            let learned = unknown.into_iter().map(|id| (id, found.remove(&id)));
            self.rules.extend(learned);
        }
        let mut unknown = pairs;
        unknown.retain(|pair| !self.votes.contains_key(pair) && self.rules(pair.0).is_some());
        unknown.sort_unstable();
        unknown.dedup();
        if unknown.is_empty() {
            return Ok(());
        }
        let mut found = list_votes(db, &unknown).await?;
        let learned = unknown
            .into_iter()
            .map(|pair| (pair, RegionVotes::from(found.remove(&pair))));
        self.votes.extend(learned);
        Ok(())
    }

    /// Reads the maintenance windows if they are not known yet.
    pub async fn learn_maintenance(&mut self, db: &mut PgConnection) -> sqlx::Result<()> {
        if self.maintenance.is_none() {
            let stored = list_maintenance(db, None).await?.into_iter();
            self.maintenance = Some(stored.map(|stored| stored.versions).collect());
        }
        Ok(())
    }

    /// The maintenance windows that have time in common with a range, each with what it is for.
    pub fn windows(&self, range: Span) -> Vec<(Span, &Scope)> {
        let all = self.maintenance.iter().flatten();
        let within = all.flat_map(|versions| {
            let found = occurrences(versions, range).into_iter();
            found.map(|found| (found.span, &versions[found.version].scope))
        });
        within.collect()
    }

    /// What a monitor is judged by, if there is such a monitor and it was learned.
    pub fn rules(&self, monitor: i32) -> Option<&MonitorRules> {
        self.rules.get(&monitor)?.as_ref()
    }

    /// What a monitor is judged by, and what a region votes, if it is asked to.
    pub fn judged(&mut self, (monitor, region): Pair) -> Option<(&MonitorRules, &mut RegionVotes)> {
        let rules = self.rules.get(&monitor)?.as_ref()?;
        let votes = self.votes.get_mut(&(monitor, region))?;
        rules.asks(region.cast_unsigned()).then_some((rules, votes))
    }
}

impl From<Option<StoredVotes>> for RegionVotes {
    fn from(stored: Option<StoredVotes>) -> Self {
        // Without a checkpoint nothing readable is stored: it begins with what comes.
        let Some(stored) = stored.filter(|stored| !stored.checkpoints.is_empty()) else {
            return Self {
                verdict: Verdict::Unknown,
                log: VoteLog::new(),
                checkpoints_stored: None,
            };
        };
        let mut votes = Self {
            verdict: Verdict::from_code(stored.verdict).unwrap_or(Verdict::Unknown),
            log: VoteLog::from_parts(stored.fold, stored.checkpoints, stored.changes),
            checkpoints_stored: None,
        };
        votes.store_checkpoints();
        votes
    }
}
