-- Rollups on plain PostgreSQL: what results come to by minute, hour and day. Tables that one leased job keeps; on TimescaleDB
-- they are continuous aggregates of the same names and columns.

-- A latency as a histogram of one: sixteen buckets an octave from 64 µs on, the last of them open, eight decimal digits a
-- bucket, so that a plain sum adds and merges histograms. Read back by `edgewatch_domain::latency`. Null for a phase that was
-- not measured.
CREATE FUNCTION latency_hist(us integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN us >= 0 THEN
        ('1e' || (8 * least(335, floor(16 / ln(2::float8) * ln(greatest(us, 64) / 64::float8))::integer))::text)::numeric
    END
$$;

CREATE TABLE rollup_1m (
    -- Its beginning.
    bucket          timestamptz NOT NULL,
    monitor_id      integer     NOT NULL,
    region_id       smallint    NOT NULL,
    -- Results by outcome.
    up              integer     NOT NULL,
    degraded        integer     NOT NULL,
    down            integer     NOT NULL,
    unmeasured      integer     NOT NULL,
    -- Of the successful ones, phase by phase: how many measured it, their sum, and their histogram (see `latency_hist`).
    dns_n           integer     NOT NULL,
    dns_sum_us      bigint,
    dns_hist        numeric,
    tcp_n           integer     NOT NULL,
    tcp_sum_us      bigint,
    tcp_hist        numeric,
    tls_n           integer     NOT NULL,
    tls_sum_us      bigint,
    tls_hist        numeric,
    request_n       integer     NOT NULL,
    request_sum_us  bigint,
    request_hist    numeric,
    ttfb_n          integer     NOT NULL,
    ttfb_sum_us     bigint,
    ttfb_hist       numeric,
    body_n          integer     NOT NULL,
    body_sum_us     bigint,
    body_hist       numeric,
    total_n         integer     NOT NULL,
    total_sum_us    bigint,
    total_hist      numeric,
    CONSTRAINT rollup_1m_pkey PRIMARY KEY (monitor_id, bucket, region_id)
) PARTITION BY RANGE (bucket);
CREATE TABLE rollup_1h (LIKE rollup_1m,
    CONSTRAINT rollup_1h_pkey PRIMARY KEY (monitor_id, bucket, region_id)
) PARTITION BY RANGE (bucket);
CREATE TABLE rollup_1d (LIKE rollup_1m,
    CONSTRAINT rollup_1d_pkey PRIMARY KEY (monitor_id, bucket, region_id)
);
-- What is summed up at once lies together: an index of block ranges finds it, and is next to nothing.
CREATE INDEX rollup_1m_bucket_idx ON rollup_1m USING brin (bucket) WITH (autosummarize = on);
CREATE INDEX rollup_1h_bucket_idx ON rollup_1h USING brin (bucket) WITH (autosummarize = on);

-- Batches whose results are in no rollup yet: whoever reads adds them from `result`. Written with the batch, and deleted
-- with what was added by it: each is added once, whoever is killed when.
CREATE TABLE rollup_queue (
    batch_id bigint      NOT NULL,
    -- The times of its results are from the one to the other.
    from_at  timestamptz NOT NULL,
    to_at    timestamptz NOT NULL,
    CONSTRAINT rollup_queue_pkey PRIMARY KEY (batch_id)
);
-- All rows go as quickly as they come.
ALTER TABLE rollup_queue SET (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
-- Results lie in the order of the batches that brought them.
CREATE INDEX result_batch_id_idx ON result USING brin (batch_id) WITH (autosummarize = on);

-- Up to when hours and days are summed up from the finer level; what comes late is added to every level that is past it.
-- One row.
CREATE TABLE rollup_state (
    hours_until timestamptz NOT NULL,
    days_until  timestamptz NOT NULL
);

-- Each result as the row of a rollup that it alone would make.
CREATE VIEW result_rollup AS
SELECT date_bin('1 minute', time, '2000-01-01 00:00Z') AS bucket, monitor_id, region_id,
       (outcome = 0)::integer AS up, (outcome = 1)::integer AS degraded, (outcome = 2)::integer AS down,
       (outcome = 3)::integer AS unmeasured,
       coalesce(outcome < 2 AND dns_us >= 0, false)::integer AS dns_n,
       CASE WHEN outcome < 2 AND dns_us >= 0 THEN dns_us END::bigint AS dns_sum_us,
       CASE WHEN outcome < 2 THEN latency_hist(dns_us) END AS dns_hist,
       coalesce(outcome < 2 AND tcp_us >= 0, false)::integer AS tcp_n,
       CASE WHEN outcome < 2 AND tcp_us >= 0 THEN tcp_us END::bigint AS tcp_sum_us,
       CASE WHEN outcome < 2 THEN latency_hist(tcp_us) END AS tcp_hist,
       coalesce(outcome < 2 AND tls_us >= 0, false)::integer AS tls_n,
       CASE WHEN outcome < 2 AND tls_us >= 0 THEN tls_us END::bigint AS tls_sum_us,
       CASE WHEN outcome < 2 THEN latency_hist(tls_us) END AS tls_hist,
       coalesce(outcome < 2 AND request_us >= 0, false)::integer AS request_n,
       CASE WHEN outcome < 2 AND request_us >= 0 THEN request_us END::bigint AS request_sum_us,
       CASE WHEN outcome < 2 THEN latency_hist(request_us) END AS request_hist,
       coalesce(outcome < 2 AND ttfb_us >= 0, false)::integer AS ttfb_n,
       CASE WHEN outcome < 2 AND ttfb_us >= 0 THEN ttfb_us END::bigint AS ttfb_sum_us,
       CASE WHEN outcome < 2 THEN latency_hist(ttfb_us) END AS ttfb_hist,
       coalesce(outcome < 2 AND body_us >= 0, false)::integer AS body_n,
       CASE WHEN outcome < 2 AND body_us >= 0 THEN body_us END::bigint AS body_sum_us,
       CASE WHEN outcome < 2 THEN latency_hist(body_us) END AS body_hist,
       coalesce(outcome < 2 AND total_us >= 0, false)::integer AS total_n,
       CASE WHEN outcome < 2 AND total_us >= 0 THEN total_us END::bigint AS total_sum_us,
       CASE WHEN outcome < 2 THEN latency_hist(total_us) END AS total_hist,
       time, batch_id
FROM result;

-- The columns that are summed up, each put into a pattern.
CREATE FUNCTION rollup_columns(pattern text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(format(pattern, attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = 'rollup_1m'::regclass AND attnum > 3 AND NOT attisdropped
$$;

-- Makes the partitions of minutes (one a day) from one day on, and of hours (one a month) from another, up to `to_day` (UTC,
-- included); returns how many were missing.
CREATE FUNCTION ensure_rollup_partitions(minutes_day date, hours_day date, to_day date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    unit   interval;
    form   text;
    first  timestamp;
    name   text;
    made   integer := 0;
BEGIN
    -- Two replicas may come to this at once.
    PERFORM pg_advisory_xact_lock(hashtext('ensure_rollup_partitions'));
    FOR parent, unit, form, first IN VALUES
        ('rollup_1m', interval '1 day', 'YYYYMMDD', minutes_day::timestamp),
        ('rollup_1h', interval '1 month', 'YYYYMM', date_trunc('month', hours_day::timestamp))
    LOOP
        WHILE first <= to_day LOOP
            name := parent || '_' || to_char(first, form);
            IF to_regclass(name) IS NULL THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                    name, parent, first AT TIME ZONE 'UTC', (first + unit) AT TIME ZONE 'UTC');
                made := made + 1;
            END IF;
            first := first + unit;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

-- Drops the partitions of the days before `minutes_day`, and of the months before that of `hours_day` (UTC), as far as they
-- are summed up; returns how many there were.
CREATE FUNCTION drop_rollups_before(minutes_day date, hours_day date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    name    text;
    dropped integer := 0;
BEGIN
    SELECT least(minutes_day, (hours_until AT TIME ZONE 'UTC')::date), least(hours_day, (days_until AT TIME ZONE 'UTC')::date)
    INTO minutes_day, hours_day FROM rollup_state;
    FOR name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE (i.inhparent = 'rollup_1m'::regclass AND c.relname < 'rollup_1m_' || to_char(minutes_day, 'YYYYMMDD'))
           OR (i.inhparent = 'rollup_1h'::regclass AND c.relname < 'rollup_1h_' || to_char(hours_day, 'YYYYMM'))
    LOOP
        EXECUTE format('DROP TABLE %I', name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;

-- Sums up a level from a finer one (`result_rollup`, or a rollup), of [from_at, to_at).
CREATE FUNCTION sum_up_rollup(level text, unit interval, finer text, from_at timestamptz, to_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO %I SELECT date_bin($1, bucket, ''2000-01-01 00:00Z''), monitor_id, region_id, %s
         FROM %I WHERE %I >= $2 AND %4$I < $3 GROUP BY 1, 2, 3 ORDER BY 2, 1, 3',
        level, rollup_columns('sum(%I)'), finer, CASE finer WHEN 'result_rollup' THEN 'time' ELSE 'bucket' END)
    USING unit, from_at, to_at;
END
$$;

-- Adds the results of at most so many batches that wait, the oldest first; returns how many batches there were.
CREATE FUNCTION add_to_rollups(at_most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    batches bigint[];
    first   timestamptz;
    last    timestamptz;
BEGIN
    WITH taken AS (
        DELETE FROM rollup_queue WHERE batch_id IN (SELECT batch_id FROM rollup_queue ORDER BY batch_id LIMIT at_most)
        RETURNING batch_id, from_at, to_at)
    SELECT array_agg(batch_id ORDER BY batch_id), min(from_at), max(to_at) INTO batches, first, last FROM taken;
    IF batches IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM ensure_rollup_partitions(
        (first AT TIME ZONE 'UTC')::date, (first AT TIME ZONE 'UTC')::date, (last AT TIME ZONE 'UTC')::date);
    -- Planned with these bounds as they are: other days are not even looked at, and of these the blocks of the batches.
    EXECUTE format($sql$
        WITH minutes AS MATERIALIZED (
            SELECT bucket, monitor_id, region_id, %1$s FROM result_rollup
            WHERE batch_id BETWEEN $1 AND $2 AND batch_id = ANY($3) AND time BETWEEN $4 AND $5
            GROUP BY 1, 2, 3),
        late_hours AS MATERIALIZED (
            SELECT date_bin('1 hour', bucket, '2000-01-01 00:00Z') AS bucket, monitor_id, region_id, %1$s FROM minutes
            WHERE bucket < (SELECT hours_until FROM rollup_state) GROUP BY 1, 2, 3),
        into_days AS (
            INSERT INTO rollup_1d AS r
            SELECT date_bin('1 day', bucket, '2000-01-01 00:00Z') AS bucket, monitor_id, region_id, %1$s FROM late_hours
            WHERE bucket < (SELECT days_until FROM rollup_state) GROUP BY 1, 2, 3
            ON CONFLICT (monitor_id, bucket, region_id) DO UPDATE SET %2$s),
        into_hours AS (
            INSERT INTO rollup_1h AS r SELECT * FROM late_hours
            ON CONFLICT (monitor_id, bucket, region_id) DO UPDATE SET %2$s)
        INSERT INTO rollup_1m AS r SELECT * FROM minutes ORDER BY 2, 1, 3
        ON CONFLICT (monitor_id, bucket, region_id) DO UPDATE SET %2$s
        $sql$, rollup_columns('sum(%1$I) AS %1$I'),
        rollup_columns('%1$I = coalesce(r.%1$I + excluded.%1$I, r.%1$I, excluded.%1$I)'))
    USING batches[1], batches[cardinality(batches)], batches, first, last;
    RETURN cardinality(batches);
END
$$;

-- Adds what waits, and sums up the hours and days that are over; returns how many batches there were. The planner knows little
-- of rows that have just come, so it is told to look them up, and not to take the costs that it guesses then for a reason to
-- compile.
CREATE FUNCTION refresh_rollups(now_at timestamptz, at_most integer) RETURNS integer LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off AS $$
DECLARE
    state rollup_state;
    added integer;
    hours timestamptz := date_bin('1 hour', now_at - interval '2 minutes', '2000-01-01 00:00Z');
    days  timestamptz := date_bin('1 day', hours, '2000-01-01 00:00Z');
BEGIN
    added := add_to_rollups(at_most);
    SELECT * INTO state FROM rollup_state;
    IF hours > state.hours_until THEN
        PERFORM ensure_rollup_partitions(
            (hours AT TIME ZONE 'UTC')::date, (state.hours_until AT TIME ZONE 'UTC')::date, (hours AT TIME ZONE 'UTC')::date);
        PERFORM sum_up_rollup('rollup_1h', '1 hour', 'rollup_1m', state.hours_until, hours);
        UPDATE rollup_state SET hours_until = hours;
    END IF;
    IF days > state.days_until THEN
        PERFORM sum_up_rollup('rollup_1d', '1 day', 'rollup_1h', state.days_until, days);
        UPDATE rollup_state SET days_until = days;
    END IF;
    RETURN added;
END
$$;

-- Sums up all results there are into rollups that are empty yet: minutes from `minutes_day` on (UTC), hours and days all.
CREATE FUNCTION fill_rollups(now_at timestamptz, minutes_day date) RETURNS void LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    hours     timestamptz := date_bin('1 hour', now_at - interval '2 minutes', '2000-01-01 00:00Z');
    hours_day date;
BEGIN
    DELETE FROM rollup_state;
    INSERT INTO rollup_state VALUES (hours, date_bin('1 day', hours, '2000-01-01 00:00Z'));
    DELETE FROM rollup_queue;
    SELECT coalesce((min(time) AT TIME ZONE 'UTC')::date, minutes_day) INTO hours_day FROM result;
    PERFORM ensure_rollup_partitions(minutes_day, hours_day, (now_at AT TIME ZONE 'UTC')::date + 7);
    PERFORM sum_up_rollup('rollup_1m', '1 minute', 'result_rollup', minutes_day::timestamp AT TIME ZONE 'UTC', 'infinity');
    PERFORM sum_up_rollup('rollup_1h', '1 hour', 'result_rollup', '-infinity', hours_until) FROM rollup_state;
    PERFORM sum_up_rollup('rollup_1d', '1 day', 'rollup_1h', '-infinity', days_until) FROM rollup_state;
END
$$;
SELECT fill_rollups(now(), (now() AT TIME ZONE 'UTC')::date - 14);

-- What is known of one monitor in [from_at, to_at), at a level: 0 result by result, 1 by minutes, 2 by hours, 3 by days. Where
-- a level has not been summed up yet, its rows are finer ones; and what waits to be added is there result by result. That is
-- never older than `waiting_from`, which is for the planner: whole days are left aside.
CREATE FUNCTION monitor_rollup(monitor integer, level smallint, from_at timestamptz, to_at timestamptz, waiting_from timestamptz)
RETURNS SETOF rollup_1m LANGUAGE sql STABLE AS $$
    SELECT * FROM rollup_1d
    WHERE level >= 3 AND monitor_id = monitor AND bucket >= from_at AND bucket < to_at
      AND bucket < (SELECT days_until FROM rollup_state)
    UNION ALL
    SELECT * FROM rollup_1h
    WHERE level >= 2 AND monitor_id = monitor AND bucket >= from_at AND bucket < to_at
      AND bucket < (SELECT hours_until FROM rollup_state)
      AND bucket >= (SELECT CASE WHEN level >= 3 THEN days_until ELSE '-infinity' END FROM rollup_state)
    UNION ALL
    SELECT * FROM rollup_1m
    WHERE level >= 1 AND monitor_id = monitor AND bucket >= from_at AND bucket < to_at
      AND bucket >= (SELECT CASE WHEN level >= 2 THEN hours_until ELSE '-infinity' END FROM rollup_state)
    UNION ALL
    SELECT time, monitor_id, region_id, up, degraded, down, unmeasured,
           dns_n, dns_sum_us, dns_hist, tcp_n, tcp_sum_us, tcp_hist, tls_n, tls_sum_us, tls_hist, request_n, request_sum_us, request_hist, ttfb_n, ttfb_sum_us, ttfb_hist, body_n, body_sum_us, body_hist, total_n, total_sum_us, total_hist
    FROM result_rollup
    WHERE monitor_id = monitor AND time >= CASE WHEN level = 0 THEN from_at ELSE greatest(from_at, waiting_from) END AND time < to_at
      AND (level = 0 OR batch_id IN (SELECT batch_id FROM rollup_queue))
$$;

-- What is known of a monitor goes with it. No foreign key: what a batch brought of a monitor that was deleted meanwhile would
-- hold up all others.
CREATE FUNCTION delete_monitor_rollups() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM rollup_1m WHERE monitor_id IN (SELECT id FROM gone);
    DELETE FROM rollup_1h WHERE monitor_id IN (SELECT id FROM gone);
    DELETE FROM rollup_1d WHERE monitor_id IN (SELECT id FROM gone);
    RETURN NULL;
END
$$;
CREATE TRIGGER monitor_rollups_deleted AFTER DELETE ON monitor REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION delete_monitor_rollups();
