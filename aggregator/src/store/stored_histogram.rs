//! A histogram of latencies as the database keeps it, in a `numeric`: read from its digits as they come, for as text it is as
//! long as a page.

use edgewatch_domain::latency::Histogram;
use sqlx::{
    Decode, Postgres, Type,
    error::BoxDynError,
    postgres::{PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef, types::Oid},
};

/// The numbers of `numeric` and of its arrays, the same in every PostgreSQL.
const NUMERIC: Oid = Oid(1700);
const NUMERIC_ARRAY: Oid = Oid(1231);

/// A histogram of the database.
#[derive(Clone, Debug)]
pub struct StoredHistogram(pub Histogram);

impl StoredHistogram {
    /// The histogram; an empty one where there is none.
    pub fn or_empty(stored: Option<Self>) -> Histogram {
        stored.map(|stored| stored.0).unwrap_or_default()
    }
}

impl Type<Postgres> for StoredHistogram {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(NUMERIC)
    }
}

impl PgHasArrayType for StoredHistogram {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(NUMERIC_ARRAY)
    }
}

impl Decode<'_, Postgres> for StoredHistogram {
    /// The binary form (`numeric_send`): sixteen bits each, how many digits, the power of 10,000 that the first one counts,
    /// the sign, how many decimals are shown, and the digits.
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        if value.format() != PgValueFormat::Binary {
            return Err("a histogram is read in its binary form".into());
        }
        let (words, rest) = value.as_bytes()?.as_chunks::<2>();
        let histogram = match words {
            [_, first_power, [0, 0], _, digits @ ..] if rest.is_empty() => Histogram::from_digits(
                digits.iter().map(|digit| u16::from_be_bytes(*digit)),
                i16::from_be_bytes(*first_power),
            ),
            _ => None,
        };
        histogram
            .map(Self)
            .ok_or_else(|| "a histogram cannot be read".into())
    }
}
