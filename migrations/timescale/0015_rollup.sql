-- Rollups on TimescaleDB: what results come to by minute, hour and day. Continuous aggregates: what is not summed up yet is
-- added when it is read. On plain PostgreSQL they are tables of the same names and columns.

-- A latency as a histogram of one: sixteen buckets an octave from 64 µs on, the last of them open, eight decimal digits a
-- bucket, so that a plain sum adds and merges histograms. Read back by `edgewatch_domain::latency`. Null for a phase that was
-- not measured.
CREATE FUNCTION latency_hist(us integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN us >= 0 THEN
        ('1e' || (8 * least(335, floor(16 / ln(2::float8) * ln(greatest(us, 64) / 64::float8))::integer))::text)::numeric
    END
$$;

-- Columns: the beginning of the bucket; results by outcome; and of the successful ones, phase by phase, how many measured it,
-- their sum, and their histogram.
CREATE MATERIALIZED VIEW rollup_1m WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket(INTERVAL '1 minute', time) AS bucket, monitor_id, region_id,
       (count(*) FILTER (WHERE outcome = 0))::integer AS up,
       (count(*) FILTER (WHERE outcome = 1))::integer AS degraded,
       (count(*) FILTER (WHERE outcome = 2))::integer AS down,
       (count(*) FILTER (WHERE outcome = 3))::integer AS unmeasured,
       (count(*) FILTER (WHERE outcome < 2 AND dns_us >= 0))::integer AS dns_n,
       (sum(dns_us) FILTER (WHERE outcome < 2 AND dns_us >= 0))::bigint AS dns_sum_us,
       sum(latency_hist(dns_us)) FILTER (WHERE outcome < 2) AS dns_hist,
       (count(*) FILTER (WHERE outcome < 2 AND tcp_us >= 0))::integer AS tcp_n,
       (sum(tcp_us) FILTER (WHERE outcome < 2 AND tcp_us >= 0))::bigint AS tcp_sum_us,
       sum(latency_hist(tcp_us)) FILTER (WHERE outcome < 2) AS tcp_hist,
       (count(*) FILTER (WHERE outcome < 2 AND tls_us >= 0))::integer AS tls_n,
       (sum(tls_us) FILTER (WHERE outcome < 2 AND tls_us >= 0))::bigint AS tls_sum_us,
       sum(latency_hist(tls_us)) FILTER (WHERE outcome < 2) AS tls_hist,
       (count(*) FILTER (WHERE outcome < 2 AND request_us >= 0))::integer AS request_n,
       (sum(request_us) FILTER (WHERE outcome < 2 AND request_us >= 0))::bigint AS request_sum_us,
       sum(latency_hist(request_us)) FILTER (WHERE outcome < 2) AS request_hist,
       (count(*) FILTER (WHERE outcome < 2 AND ttfb_us >= 0))::integer AS ttfb_n,
       (sum(ttfb_us) FILTER (WHERE outcome < 2 AND ttfb_us >= 0))::bigint AS ttfb_sum_us,
       sum(latency_hist(ttfb_us)) FILTER (WHERE outcome < 2) AS ttfb_hist,
       (count(*) FILTER (WHERE outcome < 2 AND body_us >= 0))::integer AS body_n,
       (sum(body_us) FILTER (WHERE outcome < 2 AND body_us >= 0))::bigint AS body_sum_us,
       sum(latency_hist(body_us)) FILTER (WHERE outcome < 2) AS body_hist,
       (count(*) FILTER (WHERE outcome < 2 AND total_us >= 0))::integer AS total_n,
       (sum(total_us) FILTER (WHERE outcome < 2 AND total_us >= 0))::bigint AS total_sum_us,
       sum(latency_hist(total_us)) FILTER (WHERE outcome < 2) AS total_hist
FROM result GROUP BY 1, 2, 3
WITH NO DATA;

CREATE MATERIALIZED VIEW rollup_1h WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket(INTERVAL '1 hour', time) AS bucket, monitor_id, region_id,
       (count(*) FILTER (WHERE outcome = 0))::integer AS up,
       (count(*) FILTER (WHERE outcome = 1))::integer AS degraded,
       (count(*) FILTER (WHERE outcome = 2))::integer AS down,
       (count(*) FILTER (WHERE outcome = 3))::integer AS unmeasured,
       (count(*) FILTER (WHERE outcome < 2 AND dns_us >= 0))::integer AS dns_n,
       (sum(dns_us) FILTER (WHERE outcome < 2 AND dns_us >= 0))::bigint AS dns_sum_us,
       sum(latency_hist(dns_us)) FILTER (WHERE outcome < 2) AS dns_hist,
       (count(*) FILTER (WHERE outcome < 2 AND tcp_us >= 0))::integer AS tcp_n,
       (sum(tcp_us) FILTER (WHERE outcome < 2 AND tcp_us >= 0))::bigint AS tcp_sum_us,
       sum(latency_hist(tcp_us)) FILTER (WHERE outcome < 2) AS tcp_hist,
       (count(*) FILTER (WHERE outcome < 2 AND tls_us >= 0))::integer AS tls_n,
       (sum(tls_us) FILTER (WHERE outcome < 2 AND tls_us >= 0))::bigint AS tls_sum_us,
       sum(latency_hist(tls_us)) FILTER (WHERE outcome < 2) AS tls_hist,
       (count(*) FILTER (WHERE outcome < 2 AND request_us >= 0))::integer AS request_n,
       (sum(request_us) FILTER (WHERE outcome < 2 AND request_us >= 0))::bigint AS request_sum_us,
       sum(latency_hist(request_us)) FILTER (WHERE outcome < 2) AS request_hist,
       (count(*) FILTER (WHERE outcome < 2 AND ttfb_us >= 0))::integer AS ttfb_n,
       (sum(ttfb_us) FILTER (WHERE outcome < 2 AND ttfb_us >= 0))::bigint AS ttfb_sum_us,
       sum(latency_hist(ttfb_us)) FILTER (WHERE outcome < 2) AS ttfb_hist,
       (count(*) FILTER (WHERE outcome < 2 AND body_us >= 0))::integer AS body_n,
       (sum(body_us) FILTER (WHERE outcome < 2 AND body_us >= 0))::bigint AS body_sum_us,
       sum(latency_hist(body_us)) FILTER (WHERE outcome < 2) AS body_hist,
       (count(*) FILTER (WHERE outcome < 2 AND total_us >= 0))::integer AS total_n,
       (sum(total_us) FILTER (WHERE outcome < 2 AND total_us >= 0))::bigint AS total_sum_us,
       sum(latency_hist(total_us)) FILTER (WHERE outcome < 2) AS total_hist
FROM result GROUP BY 1, 2, 3
WITH NO DATA;

CREATE MATERIALIZED VIEW rollup_1d WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket(INTERVAL '1 day', bucket) AS bucket, monitor_id, region_id,
       sum(up)::integer AS up, sum(degraded)::integer AS degraded, sum(down)::integer AS down,
       sum(unmeasured)::integer AS unmeasured,
       sum(dns_n)::integer AS dns_n, sum(dns_sum_us)::bigint AS dns_sum_us, sum(dns_hist) AS dns_hist,
       sum(tcp_n)::integer AS tcp_n, sum(tcp_sum_us)::bigint AS tcp_sum_us, sum(tcp_hist) AS tcp_hist,
       sum(tls_n)::integer AS tls_n, sum(tls_sum_us)::bigint AS tls_sum_us, sum(tls_hist) AS tls_hist,
       sum(request_n)::integer AS request_n, sum(request_sum_us)::bigint AS request_sum_us, sum(request_hist) AS request_hist,
       sum(ttfb_n)::integer AS ttfb_n, sum(ttfb_sum_us)::bigint AS ttfb_sum_us, sum(ttfb_hist) AS ttfb_hist,
       sum(body_n)::integer AS body_n, sum(body_sum_us)::bigint AS body_sum_us, sum(body_hist) AS body_hist,
       sum(total_n)::integer AS total_n, sum(total_sum_us)::bigint AS total_sum_us, sum(total_hist) AS total_hist
FROM rollup_1h GROUP BY 1, 2, 3
WITH NO DATA;

-- Results come up to a day late, and those of two days ago are taken: they are within. What is older is never summed up again,
-- so that it stays when the results behind it are dropped.
SELECT add_continuous_aggregate_policy('rollup_1m', start_offset => INTERVAL '3 days', end_offset => INTERVAL '1 minute',
    schedule_interval => INTERVAL '1 minute');
SELECT add_continuous_aggregate_policy('rollup_1h', start_offset => INTERVAL '3 days', end_offset => INTERVAL '1 hour',
    schedule_interval => INTERVAL '5 minutes');
SELECT add_continuous_aggregate_policy('rollup_1d', start_offset => INTERVAL '4 days', end_offset => INTERVAL '1 day',
    schedule_interval => INTERVAL '1 hour');
ALTER MATERIALIZED VIEW rollup_1m SET (timescaledb.enable_columnstore = true);
ALTER MATERIALIZED VIEW rollup_1h SET (timescaledb.enable_columnstore = true);
CALL add_columnstore_policy('rollup_1m', after => INTERVAL '5 days');
CALL add_columnstore_policy('rollup_1h', after => INTERVAL '5 days');

-- Nothing waits here: whoever queues a batch need not know which storage it is.
CREATE TABLE rollup_queue (
    batch_id bigint      NOT NULL,
    from_at  timestamptz NOT NULL,
    to_at    timestamptz NOT NULL,
    CONSTRAINT rollup_queue_pkey PRIMARY KEY (batch_id)
);
CREATE FUNCTION queue_no_rollup() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER rollup_queue_empty BEFORE INSERT ON rollup_queue FOR EACH ROW EXECUTE FUNCTION queue_no_rollup();

-- Chunks and refreshes come by themselves.
CREATE FUNCTION ensure_rollup_partitions(minutes_day date, hours_day date, to_day date) RETURNS integer LANGUAGE sql AS $$
    SELECT 0
$$;
CREATE FUNCTION refresh_rollups(now_at timestamptz, at_most integer) RETURNS integer LANGUAGE sql AS $$ SELECT 0 $$;

-- Drops the chunks that end before `minutes_day`, and before `hours_day` (UTC); returns how many there were.
CREATE FUNCTION drop_rollups_before(minutes_day date, hours_day date) RETURNS integer LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM drop_chunks('rollup_1m', minutes_day::timestamp AT TIME ZONE 'UTC'))::integer
         + (SELECT count(*) FROM drop_chunks('rollup_1h', hours_day::timestamp AT TIME ZONE 'UTC'))::integer
$$;

-- Drops the chunks of results that end before `day` (UTC) and are not summed up any more; returns how many there were.
CREATE OR REPLACE FUNCTION drop_results_before(day date) RETURNS integer LANGUAGE sql AS $$
    SELECT count(*)::integer FROM drop_chunks('result',
        least(day::timestamp AT TIME ZONE 'UTC', now() - INTERVAL '5 days'))
$$;

-- What is known of one monitor in [from_at, to_at), at a level: 0 result by result, 1 by minutes, 2 by hours, 3 by days. What
-- waits to be summed up is in the aggregates already, so that `waiting_from` has no meaning here.
CREATE FUNCTION monitor_rollup(monitor integer, level smallint, from_at timestamptz, to_at timestamptz, waiting_from timestamptz)
RETURNS SETOF rollup_1m LANGUAGE sql STABLE AS $$
    SELECT * FROM rollup_1d WHERE level = 3 AND monitor_id = monitor AND bucket >= from_at AND bucket < to_at
    UNION ALL
    SELECT * FROM rollup_1h WHERE level = 2 AND monitor_id = monitor AND bucket >= from_at AND bucket < to_at
    UNION ALL
    SELECT * FROM rollup_1m WHERE level = 1 AND monitor_id = monitor AND bucket >= from_at AND bucket < to_at
    UNION ALL
    SELECT time, monitor_id, region_id, (outcome = 0)::integer, (outcome = 1)::integer, (outcome = 2)::integer, (outcome = 3)::integer,
           coalesce(outcome < 2 AND dns_us >= 0, false)::integer, CASE WHEN outcome < 2 AND dns_us >= 0 THEN dns_us END::bigint,
           CASE WHEN outcome < 2 THEN latency_hist(dns_us) END,
           coalesce(outcome < 2 AND tcp_us >= 0, false)::integer, CASE WHEN outcome < 2 AND tcp_us >= 0 THEN tcp_us END::bigint,
           CASE WHEN outcome < 2 THEN latency_hist(tcp_us) END,
           coalesce(outcome < 2 AND tls_us >= 0, false)::integer, CASE WHEN outcome < 2 AND tls_us >= 0 THEN tls_us END::bigint,
           CASE WHEN outcome < 2 THEN latency_hist(tls_us) END,
           coalesce(outcome < 2 AND request_us >= 0, false)::integer, CASE WHEN outcome < 2 AND request_us >= 0 THEN request_us END::bigint,
           CASE WHEN outcome < 2 THEN latency_hist(request_us) END,
           coalesce(outcome < 2 AND ttfb_us >= 0, false)::integer, CASE WHEN outcome < 2 AND ttfb_us >= 0 THEN ttfb_us END::bigint,
           CASE WHEN outcome < 2 THEN latency_hist(ttfb_us) END,
           coalesce(outcome < 2 AND body_us >= 0, false)::integer, CASE WHEN outcome < 2 AND body_us >= 0 THEN body_us END::bigint,
           CASE WHEN outcome < 2 THEN latency_hist(body_us) END,
           coalesce(outcome < 2 AND total_us >= 0, false)::integer, CASE WHEN outcome < 2 AND total_us >= 0 THEN total_us END::bigint,
           CASE WHEN outcome < 2 THEN latency_hist(total_us) END
    FROM result WHERE level = 0 AND monitor_id = monitor AND time >= from_at AND time < to_at
$$;
