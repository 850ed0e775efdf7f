-- What a probe must be able to do to run a monitor, in clear, so that no definition has to be opened to tell.
ALTER TABLE monitor ADD COLUMN capabilities text[] NOT NULL DEFAULT '{}';
UPDATE monitor SET capabilities = ARRAY[kind];

-- A probe holds its share of a region's monitors from `serves_from` on, as long as it pulls its assignments: whoever held
-- them before has learnt of it by then.
ALTER TABLE probe ADD COLUMN pulled_at timestamptz;
ALTER TABLE probe ADD COLUMN serves_from timestamptz;
UPDATE probe SET pulled_at = last_seen_at, serves_from = coalesce(last_seen_at, enrolled_at);

-- How many seconds the probe's clock is ahead (negative: behind), as the last request that was refused for it showed.
ALTER TABLE probe ADD COLUMN clock_off_s bigint;
ALTER TABLE probe ADD COLUMN clock_off_at timestamptz;

-- Several probes may share a region, and one token brings them all.
ALTER TABLE enrolment_token ADD COLUMN probes_per_region smallint NOT NULL DEFAULT 1;
ALTER TABLE enrolment_token ADD CONSTRAINT enrolment_token_probes_per_region_check
    CHECK (probes_per_region BETWEEN 1 AND 32);
ALTER TABLE enrolment_token_use DROP CONSTRAINT enrolment_token_use_pkey;
ALTER TABLE enrolment_token_use ADD CONSTRAINT enrolment_token_use_pkey PRIMARY KEY (token_id, region_id, probe_id);

-- How late a region begins its checks, minute by minute.
CREATE TABLE region_load (
    region_id smallint    NOT NULL,
    minute    timestamptz NOT NULL,
    -- Slots that could not be begun in time.
    overruns  bigint      NOT NULL,
    -- Checks by lateness: how many of each class of `aggregator/src/region_load.rs`.
    late      bigint[]    NOT NULL,
    CONSTRAINT region_load_pkey PRIMARY KEY (region_id, minute),
    CONSTRAINT region_load_region_id_fkey FOREIGN KEY (region_id) REFERENCES region (id) ON DELETE CASCADE
);

-- What can be done from a region: a row for each of its probes that is not revoked. A region without probes is given the
-- benefit of the doubt.
CREATE VIEW region_capability AS
SELECT r.id AS region_id, p.capabilities
FROM region r LEFT JOIN probe p ON p.region_id = r.id AND p.status <> 2;
