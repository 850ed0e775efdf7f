-- What is stored is judged just behind, by one process at a time.

-- Batches whose results nobody has judged yet. Written with the batch, and deleted with what was judged by it: whoever dies
-- in between leaves nothing half done.
CREATE TABLE evaluation_queue (
    batch_id bigint NOT NULL,
    CONSTRAINT evaluation_queue_pkey PRIMARY KEY (batch_id)
);
-- All rows go as quickly as they come.
ALTER TABLE evaluation_queue SET (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- Who judges. One row, locked while something is judged.
CREATE TABLE evaluator (
    -- The process, and when it was last at it: another one takes over when that is too long ago.
    instance  uuid,
    active_at timestamptz NOT NULL DEFAULT '-infinity',
    -- Grows with everything that is judged: what a process remembers holds as long as the number does.
    version   bigint NOT NULL DEFAULT 0
);
INSERT INTO evaluator DEFAULT VALUES;

-- Grows with every change of what monitors are judged by, and of where they are checked from. One row.
CREATE TABLE judging_version (
    version bigint NOT NULL
);
INSERT INTO judging_version (version) VALUES (0);

CREATE FUNCTION count_judging_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE judging_version SET version = version + 1;
    RETURN NULL;
END
$$;

CREATE TRIGGER monitor_judging_change
    AFTER INSERT OR DELETE OR UPDATE OF interval_s, confirmations, recoveries, quorum, all_regions ON monitor
    FOR EACH STATEMENT EXECUTE FUNCTION count_judging_change();

CREATE TRIGGER monitor_region_judging_change
    AFTER INSERT OR DELETE OR UPDATE ON monitor_region
    FOR EACH STATEMENT EXECUTE FUNCTION count_judging_change();
