//! Decoding observations in one pass. What serde derives for a flattened field keeps every value aside first, which is
//! more than half of the time that decoding a batch takes.

use crate::{
    name::MonitorId,
    observation::{Observation, Sight},
};
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error, MapAccess, Visitor,
        value::{MapAccessDeserializer, StrDeserializer},
    },
};
use std::fmt;

impl<'de> Deserialize<'de> for Observation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObservationVisitor)
    }
}

struct ObservationVisitor;

impl<'de> Visitor<'de> for ObservationVisitor {
    type Value = Observation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an observation")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Observation, A::Error> {
        let mut own = OwnFields::default();
        let sight = Sight::deserialize(MapAccessDeserializer::new(SightFields { map, own: &mut own }))?;
        let missing = A::Error::missing_field;
        Ok(Observation {
            monitor: own.monitor.ok_or_else(|| missing("monitor"))?,
            revision: own.revision.ok_or_else(|| missing("revision"))?,
            slot_ms: own.slot_ms.ok_or_else(|| missing("slot_ms"))?,
            started_ms: own.started_ms.ok_or_else(|| missing("started_ms"))?,
            attempts: own.attempts.unwrap_or(1),
            sight,
        })
    }
}

/// The fields of an observation that its sight does not have.
#[derive(Default)]
struct OwnFields {
    monitor: Option<MonitorId>,
    revision: Option<i32>,
    slot_ms: Option<i64>,
    started_ms: Option<i64>,
    attempts: Option<u8>,
}

#[derive(Clone, Copy)]
enum OwnField {
    Monitor,
    Revision,
    SlotMs,
    StartedMs,
    Attempts,
}

impl OwnField {
    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "monitor" => Self::Monitor,
            "revision" => Self::Revision,
            "slot_ms" => Self::SlotMs,
            "started_ms" => Self::StartedMs,
            "attempts" => Self::Attempts,
            _ => return None,
        })
    }
}

impl OwnFields {
    fn take<'de, A: MapAccess<'de>>(&mut self, field: OwnField, map: &mut A) -> Result<(), A::Error> {
        fn set<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
            slot: &mut Option<T>,
            name: &'static str,
            map: &mut A,
        ) -> Result<(), A::Error> {
            match slot.replace(map.next_value()?) {
                Some(_) => Err(A::Error::duplicate_field(name)),
                None => Ok(()),
            }
        }
        match field {
            OwnField::Monitor => set(&mut self.monitor, "monitor", map),
            OwnField::Revision => set(&mut self.revision, "revision", map),
            OwnField::SlotMs => set(&mut self.slot_ms, "slot_ms", map),
            OwnField::StartedMs => set(&mut self.started_ms, "started_ms", map),
            OwnField::Attempts => set(&mut self.attempts, "attempts", map),
        }
    }
}

/// An observation's fields as its sight sees them: without those that are not its own, which are kept on the way.
struct SightFields<'a, A> {
    map: A,
    own: &'a mut OwnFields,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for SightFields<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let mut seed = Some(seed);
        while let Some(key) = self.map.next_key_seed(KeySeed(&mut seed))? {
            match key {
                Key::Own(field) => self.own.take(field, &mut self.map)?,
                Key::OfSight(key) => return Ok(Some(key)),
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

enum Key<T> {
    Own(OwnField),
    OfSight(T),
}

/// Reads a key; the seed inside is used up by the first one that is the sight's.
struct KeySeed<'a, K>(&'a mut Option<K>);

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<'_, K> {
    type Value = Key<K::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, K: DeserializeSeed<'de>> Visitor<'de> for KeySeed<'_, K> {
    type Value = Key<K::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        if let Some(field) = OwnField::of_name(name) {
            return Ok(Key::Own(field));
        }
        let seed = self.0.take().ok_or_else(|| E::custom("a key is read once"))?;
        seed.deserialize(StrDeserializer::new(name)).map(Key::OfSight)
    }
}
