-- Checks that users asked for, to be made once.
CREATE TABLE test_run (
    id           uuid        NOT NULL,
    -- Null: the aggregator's own engine.
    region_id    smallint,
    -- The check's definition as JSON, sealed as a monitor's is.
    definition   bytea       NOT NULL,
    timeout_ms   integer     NOT NULL,
    requested_by integer,
    requested_at timestamptz NOT NULL,
    -- What was seen (`TestReport`); null while it waits.
    report       jsonb,
    reported_at  timestamptz,
    CONSTRAINT test_run_pkey PRIMARY KEY (id),
    CONSTRAINT test_run_region_id_fkey FOREIGN KEY (region_id) REFERENCES region (id) ON DELETE CASCADE,
    CONSTRAINT test_run_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES app_user (id) ON DELETE SET NULL
);
-- Read at every tick of every probe: only what still waits.
CREATE INDEX test_run_waiting_idx ON test_run (region_id) WHERE report IS NULL;
CREATE INDEX test_run_requested_at_idx ON test_run (requested_at);
