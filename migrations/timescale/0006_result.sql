-- Results on TimescaleDB: a hypertable whose older chunks turn columnar. Same names and columns as on plain PostgreSQL.
CREATE EXTENSION IF NOT EXISTS timescaledb;
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
);
SELECT create_hypertable('result', by_range('time', INTERVAL '1 day'), create_default_indexes => false);
CREATE INDEX result_monitor_id_time_idx ON result (monitor_id, time);
ALTER TABLE result SET (
    timescaledb.enable_columnstore = true,
    timescaledb.segmentby = 'monitor_id, region_id',
    timescaledb.orderby = 'time'
);
-- Probes deliver up to a day late; after two days a chunk rarely sees another row.
CALL add_columnstore_policy('result', after => INTERVAL '2 days');

-- Chunks come by themselves; the function is here so that callers need not know which storage they run on.
CREATE FUNCTION ensure_result_partitions(from_day date, to_day date) RETURNS integer LANGUAGE sql AS $$ SELECT 0 $$;

-- Drops the chunks that end before `day` (UTC); returns how many there were.
CREATE FUNCTION drop_results_before(day date) RETURNS integer LANGUAGE sql AS $$
    SELECT count(*)::integer FROM drop_chunks('result', day::timestamp AT TIME ZONE 'UTC')
$$;
