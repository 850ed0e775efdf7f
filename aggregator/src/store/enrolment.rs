//! Enrolling probes: `probe`, `enrolment_token_use`.

use super::probe::status_code;
use chrono::{DateTime, Utc};
use edgewatch_protocol::{enrolment::ProbeStatus, name::Region};
use sqlx::{PgConnection, types::Json};

/// A token that allows an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsableToken {
    /// Its number.
    pub id: i32,
    /// Probes that use it need no approval.
    pub self_approving: bool,
}

/// The token of a hash, if this region may still use it. The token is locked: two probes cannot use it at once.
pub async fn find_usable_token(
    db: &mut PgConnection,
    token_hash: &[u8],
    region: &Region,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<UsableToken>> {
    sqlx::query_as!(
        UsableToken,
        "SELECT id, self_approving FROM enrolment_token t
         WHERE token_hash = $1 AND expires_at > $3 AND (cardinality(regions) = 0 OR $2 = ANY(regions))
           AND probes_per_region > (
               SELECT count(*) FROM enrolment_token_use u JOIN region r ON r.id = u.region_id
               WHERE u.token_id = t.id AND r.name = $2)
         FOR UPDATE OF t",
        token_hash,
        region.as_str(),
        now
    )
    .fetch_optional(db)
    .await
}

/// Notes that a probe has used a token.
pub async fn use_token(
    db: &mut PgConnection,
    token: i32,
    region_id: i16,
    probe: i32,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO enrolment_token_use (token_id, region_id, probe_id, used_at) VALUES ($1, $2, $3, $4)",
        token,
        region_id,
        probe,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The number of a region, which is made if it is missing: whoever has a token for it may bring it.
pub async fn ensure_region(db: &mut PgConnection, region: &Region, now: DateTime<Utc>) -> sqlx::Result<i16> {
    sqlx::query_scalar!(
        // An update that changes nothing: of two probes that bring the region at once, the second one is told its number too.
        "INSERT INTO region (name, created_at) VALUES ($1, $2)
         ON CONFLICT ON CONSTRAINT region_name_key DO UPDATE SET name = excluded.name
         RETURNING id",
        region.as_str(),
        now
    )
    .fetch_one(db)
    .await
}

/// A probe to be enrolled.
#[derive(Debug)]
pub struct NewProbe<'a> {
    /// The fingerprint of its key.
    pub fingerprint: &'a str,
    /// Its key.
    pub public_key: &'a [u8],
    /// The number of its region.
    pub region_id: i16,
    /// Pending or approved.
    pub status: ProbeStatus,
    /// What hosts it.
    pub host: &'a str,
    /// Its software.
    pub software: &'a str,
    /// What it can do.
    pub capabilities: &'a [String],
    /// Where it found itself, as JSON.
    pub place: serde_json::Value,
}

/// Enrols a probe; its number.
pub async fn insert_probe(
    db: &mut PgConnection,
    probe: &NewProbe<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "INSERT INTO probe (fingerprint, public_key, region_id, status, host, software, capabilities, place,
                            enrolled_at, approved_at)
         VALUES ($1, $2, $3, $4::smallint, $5, $6, $7, $8, $9, CASE WHEN $4::smallint = 1 THEN $9::timestamptz END)
         RETURNING id",
        probe.fingerprint,
        probe.public_key,
        probe.region_id,
        status_code(probe.status),
        probe.host,
        probe.software,
        probe.capabilities,
        Json(&probe.place) as _,
        now
    )
    .fetch_one(db)
    .await
}

/// Writes what an enrolled probe is and can do; `false` if nothing has changed.
pub async fn update_probe(
    db: impl sqlx::PgExecutor<'_>,
    id: i32,
    host: &str,
    software: &str,
    capabilities: &[String],
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE probe SET host = $2, software = $3, capabilities = $4
         WHERE id = $1 AND (host <> $2 OR software <> $3 OR capabilities <> $4)",
        id,
        host,
        software,
        capabilities
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// How a probe's key became known: the request that it signed with that key.
#[derive(Clone, Debug)]
pub struct EnrolmentRecord {
    /// The number of the probe.
    pub probe_id: i32,
    /// The fingerprint of its key.
    pub fingerprint: String,
    /// The region that it enrolled for.
    pub region: String,
    /// Its key.
    pub public_key: Vec<u8>,
    /// When the request came.
    pub received_at: DateTime<Utc>,
    /// SHA-256 of its body.
    pub body_sha256: Vec<u8>,
    /// How its body was coded.
    pub content_encoding: Option<String>,
    /// How it was signed.
    pub signature_input: String,
    /// The signature.
    pub signature: String,
    /// What was signed as `@authority`.
    pub authority: String,
    /// Its leaf in the log, once it has one.
    pub leaf: Option<i64>,
}

/// A signed request by which a key became known.
#[derive(Debug)]
pub struct SignedEnrolment<'a> {
    /// See [`EnrolmentRecord::body_sha256`].
    pub body_sha256: &'a [u8],
    /// See [`EnrolmentRecord::content_encoding`].
    pub content_encoding: Option<&'a str>,
    /// See [`EnrolmentRecord::signature_input`].
    pub signature_input: &'a str,
    /// See [`EnrolmentRecord::signature`].
    pub signature: &'a str,
    /// See [`EnrolmentRecord::authority`].
    pub authority: &'a str,
}

/// Keeps how a probe enrolled, unless that is kept by now.
pub async fn keep_enrolment(
    db: impl sqlx::PgExecutor<'_>,
    probe: i32,
    signed: &SignedEnrolment<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO enrolment (probe_id, received_at, body_sha256, content_encoding, signature_input, signature, authority)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        probe,
        now,
        signed.body_sha256,
        signed.content_encoding,
        signed.signature_input,
        signed.signature,
        signed.authority
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How these probes enrolled, as far as that is kept: since the log began.
pub async fn list_enrolments(
    db: impl sqlx::PgExecutor<'_>,
    fingerprints: &[String],
) -> sqlx::Result<Vec<EnrolmentRecord>> {
    sqlx::query_as!(
        EnrolmentRecord,
        "SELECT e.probe_id, p.fingerprint, r.name AS region, p.public_key, e.received_at, e.body_sha256, e.content_encoding,
                e.signature_input, e.signature, e.authority, e.leaf
         FROM enrolment e JOIN probe p ON p.id = e.probe_id JOIN region r ON r.id = p.region_id
         WHERE p.fingerprint = ANY($1) ORDER BY e.received_at, e.probe_id",
        fingerprints
    )
    .fetch_all(db)
    .await
}

/// Enrolments that are not in the log, in the order in which they came, at most so many.
pub async fn list_waiting_enrolments(
    db: impl sqlx::PgExecutor<'_>,
    at_most: i64,
) -> sqlx::Result<Vec<EnrolmentRecord>> {
    sqlx::query_as!(
        EnrolmentRecord,
        "SELECT e.probe_id, p.fingerprint, r.name AS region, p.public_key, e.received_at, e.body_sha256, e.content_encoding,
                e.signature_input, e.signature, e.authority, e.leaf
         FROM enrolment e JOIN probe p ON p.id = e.probe_id JOIN region r ON r.id = p.region_id
         WHERE e.leaf IS NULL ORDER BY e.received_at, e.probe_id LIMIT $1",
        at_most
    )
    .fetch_all(db)
    .await
}
