-- Results on plain PostgreSQL: one partition a day (UTC), made ahead and dropped by retention. Narrow, and without a key
-- of its own: the batch is the unit of idempotency.
CREATE TABLE result (
    -- When the check began.
    time        timestamptz NOT NULL,
    -- The signed batch that brought it, and its place there: the whole observation is read back from the evidence.
    batch_id    bigint      NOT NULL,
    monitor_id  integer     NOT NULL,
    -- Time minus slot.
    lag_ms      integer     NOT NULL,
    -- Microseconds; null: not reached; negative: not measurable, by the number of the reason.
    dns_us      integer,
    tcp_us      integer,
    tls_us      integer,
    request_us  integer,
    ttfb_us     integer,
    body_us     integer,
    total_us    integer     NOT NULL,
    region_id   smallint    NOT NULL,
    position    smallint    NOT NULL,
    outcome     smallint    NOT NULL,
    reason      smallint,
    http_status smallint,
    -- One line for people; null when the outcome is up.
    message     text
) PARTITION BY RANGE (time);
-- Ascending: rows arrive in order of time, and a right-growing index packs its pages full.
CREATE INDEX result_monitor_id_time_idx ON result (monitor_id, time);

-- Makes the partitions of the days from `from_day` to `to_day` (UTC, both included); returns how many were missing.
CREATE FUNCTION ensure_result_partitions(from_day date, to_day date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    day  date;
    name text;
    made integer := 0;
BEGIN
    -- Two replicas may come to this at once.
    PERFORM pg_advisory_xact_lock(hashtext('ensure_result_partitions'));
    FOR day IN SELECT generate_series(from_day, to_day, interval '1 day')::date LOOP
        name := 'result_' || to_char(day, 'YYYYMMDD');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF result FOR VALUES FROM (%L) TO (%L)',
                name, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END
$$;

-- Drops the partitions of the days before `day`; returns how many there were.
CREATE FUNCTION drop_results_before(day date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    name    text;
    dropped integer := 0;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'result'::regclass AND c.relname < 'result_' || to_char(day, 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE %I', name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;

-- A batch may bring results of the last two days.
SELECT ensure_result_partitions(((now() AT TIME ZONE 'UTC') - interval '2 days')::date, ((now() AT TIME ZONE 'UTC') + interval '7 days')::date);
