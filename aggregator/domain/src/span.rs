//! Stretches of time: half-open spans `[from, to)` in milliseconds since the Unix epoch, and sets of them.

use serde::{Deserialize, Serialize};

/// A half-open stretch of time `[from, to)`. One whose end is not after its beginning is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Span {
    /// The first millisecond within, since the Unix epoch.
    pub from_ms: i64,
    /// The first millisecond after it, since the Unix epoch.
    pub to_ms: i64,
}

impl Span {
    /// All of time, as far as it can be counted.
    pub const ALL: Self = Self::new(i64::MIN, i64::MAX);

    /// The span `[from, to)`.
    pub const fn new(from_ms: i64, to_ms: i64) -> Self {
        Self { from_ms, to_ms }
    }

    /// Whether nothing is within.
    pub fn is_empty(self) -> bool {
        self.to_ms <= self.from_ms
    }

    /// Milliseconds, never negative.
    pub fn length_ms(self) -> i64 {
        self.to_ms.saturating_sub(self.from_ms).max(0)
    }

    /// Whether the moment is within.
    pub fn contains(self, at_ms: i64) -> bool {
        self.from_ms <= at_ms && at_ms < self.to_ms
    }

    /// What both have in common; may be empty.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self::new(self.from_ms.max(other.from_ms), self.to_ms.min(other.to_ms))
    }
}

/// A set of moments: spans in order, none empty, none touching another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SpanSet(Vec<Span>);

impl SpanSet {
    /// The spans in order.
    pub fn as_slice(&self) -> &[Span] {
        &self.0
    }

    /// The spans in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Span> + ExactSizeIterator + '_ {
        self.0.iter().copied()
    }

    /// Whether nothing is within.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Milliseconds of all spans together.
    pub fn length_ms(&self) -> i64 {
        self.iter().map(Span::length_ms).sum()
    }

    /// Whether the moment is within.
    pub fn contains(&self, at_ms: i64) -> bool {
        let after = self.0.partition_point(|span| span.from_ms <= at_ms);
        after > 0 && self.0[after - 1].contains(at_ms)
    }

    /// What is in one set or the other.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut left, mut right, mut both) = (0, 0, Vec::new());
        while let (Some(&a), Some(&b)) = (self.0.get(left), other.0.get(right)) {
            let common = a.intersection(b);
            if !common.is_empty() {
                both.push(common);
            }
            // Whichever ends first has nothing more in common with what follows in the other set.
            if a.to_ms < b.to_ms {
                left += 1;
            } else {
                right += 1;
            }
        }
        Self(both)
    }

    /// What is in this set, but not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.intersection(&other.complement())
    }

    /// What is within the window.
    #[must_use]
    pub fn within(&self, window: Span) -> Self {
        self.intersection(&Self::from(window))
    }

    fn complement(&self) -> Self {
        let mut from_ms = Span::ALL.from_ms;
        let mut outside = Vec::with_capacity(self.0.len() + 1);
        for span in self.iter() {
            outside.push(Span::new(from_ms, span.from_ms));
            from_ms = span.to_ms;
        }
        outside.push(Span::new(from_ms, Span::ALL.to_ms));
        outside.retain(|span| !span.is_empty());
        Self(outside)
    }
}

impl From<Span> for SpanSet {
    fn from(span: Span) -> Self {
        std::iter::once(span).collect()
    }
}

/// In any order, overlapping or not; empty ones are left out.
impl FromIterator<Span> for SpanSet {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut sorted: Vec<_> = spans.into_iter().filter(|span| !span.is_empty()).collect();
        sorted.sort_unstable();
        sorted.dedup_by(|next, last| {
            let touches = next.from_ms <= last.to_ms;
            if touches {
                last.to_ms = last.to_ms.max(next.to_ms);
            }
            touches
        });
        Self(sorted)
    }
}

impl<'de> Deserialize<'de> for SpanSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Span>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(spans: &[(i64, i64)]) -> SpanSet {
        spans.iter().map(|&(from, to)| Span::new(from, to)).collect()
    }

    fn any_set() -> impl Strategy<Value = SpanSet> {
        proptest::collection::vec((0i64..40, 0i64..8), 0..8)
            .prop_map(|spans| spans.iter().map(|&(from, n)| Span::new(from, from + n)).collect())
    }

    #[test]
    fn spans_that_overlap_or_touch_are_one() {
        assert_eq!(
            set(&[(5, 7), (0, 2), (2, 3), (6, 9), (4, 4)]),
            set(&[(0, 3), (5, 9)])
        );
        assert_eq!(set(&[(0, 3), (5, 9)]).length_ms(), 7);
    }

    proptest! {
        #[test]
        fn sets_are_what_their_moments_are(a in any_set(), b in any_set()) {
            for at in -1..60 {
                let (in_a, in_b) = (a.contains(at), b.contains(at));
                prop_assert_eq!(a.union(&b).contains(at), in_a || in_b);
                prop_assert_eq!(a.intersection(&b).contains(at), in_a && in_b);
                prop_assert_eq!(a.difference(&b).contains(at), in_a && !in_b);
            }
            for set in [a.union(&b), a.intersection(&b), a.difference(&b)] {
                prop_assert!(set.iter().all(|span| !span.is_empty()));
                prop_assert!(set.as_slice().windows(2).all(|two| two[0].to_ms < two[1].from_ms));
            }
            prop_assert_eq!(
                a.length_ms(), a.intersection(&b).length_ms() + a.difference(&b).length_ms()
            );
        }
    }
}
