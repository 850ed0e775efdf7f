-- Looks for results that wait for the rollups no further back than the oldest batch that does.

-- What is known of one monitor in [from_at, to_at), at a level: 0 result by result, 1 by minutes, 2 by hours, 3 by days. Where
-- a level has not been summed up yet, its rows are finer ones; and what waits to be added is there result by result: that is
-- seldom more than some seconds. It is never older than `waiting_from`, which is for the planner: whole days are left aside.
CREATE OR REPLACE FUNCTION monitor_rollup(monitor integer, level smallint, from_at timestamptz, to_at timestamptz, waiting_from timestamptz)
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
      AND time >= CASE WHEN level = 0 THEN from_at ELSE (SELECT min(q.from_at) FROM rollup_queue q) END
      AND (level = 0 OR batch_id IN (SELECT batch_id FROM rollup_queue))
$$;
