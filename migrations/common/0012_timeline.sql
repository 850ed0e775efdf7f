-- What monitors are judged by over time, what regions said of them over time, and what came of it: the record of states.

-- What a monitor was judged by, and since when: a change acts from its time on and rewrites nothing.
CREATE TABLE monitor_policy (
    monitor_id    integer     NOT NULL,
    from_at       timestamptz NOT NULL,
    interval_s    integer     NOT NULL,
    confirmations smallint    NOT NULL,
    recoveries    smallint    NOT NULL,
    quorum        text        NOT NULL,
    -- The regions that vote; null: all.
    regions       smallint[],
    paused        boolean     NOT NULL,
    CONSTRAINT monitor_policy_pkey PRIMARY KEY (monitor_id, from_at),
    CONSTRAINT monitor_policy_monitor_id_fkey FOREIGN KEY (monitor_id) REFERENCES monitor (id) ON DELETE CASCADE
);
INSERT INTO monitor_policy
SELECT id, created_at, interval_s, confirmations, recoveries, quorum,
       CASE WHEN NOT all_regions THEN ARRAY(SELECT region_id FROM monitor_region mr WHERE mr.monitor_id = m.id ORDER BY 1) END,
       paused
FROM monitor m;

-- A change of what a region says of a monitor.
CREATE TABLE vote_change (
    monitor_id  integer     NOT NULL,
    region_id   smallint    NOT NULL,
    -- The slot of the check that told it, and which of its changes it is.
    slot        timestamptz NOT NULL,
    position    smallint    NOT NULL,
    -- From when on it holds; it is known to lie after `earliest_at` only; when it was known.
    at          timestamptz NOT NULL,
    earliest_at timestamptz NOT NULL,
    known_at    timestamptz NOT NULL,
    -- A verdict (0 up, 1 degraded, 2 down, 3 unknown), 4 withheld, 5 restored.
    kind        smallint    NOT NULL,
    CONSTRAINT vote_change_pkey PRIMARY KEY (monitor_id, region_id, slot, position),
    CONSTRAINT vote_change_monitor_id_fkey FOREIGN KEY (monitor_id) REFERENCES monitor (id) ON DELETE CASCADE,
    CONSTRAINT vote_change_region_id_fkey FOREIGN KEY (region_id) REFERENCES region (id) ON DELETE CASCADE
);

-- The record: what the state of a monitor was from a moment on, until the next row's. It has no holes by its form.
CREATE TABLE state_interval (
    monitor_id  integer     NOT NULL,
    from_at     timestamptz NOT NULL,
    -- 0 up, 1 degraded, 2 down, 3 maintenance, 4 unknown, 5 paused; and what was measured beneath maintenance.
    state       smallint    NOT NULL,
    measured    smallint    NOT NULL,
    -- The regions that see it down while the monitor is not.
    advisory    smallint[]  NOT NULL DEFAULT '{}',
    -- The change lies in (earliest_at, from_at], between two checks.
    earliest_at timestamptz NOT NULL,
    CONSTRAINT state_interval_pkey PRIMARY KEY (monitor_id, from_at),
    CONSTRAINT state_interval_monitor_id_fkey FOREIGN KEY (monitor_id) REFERENCES monitor (id) ON DELETE CASCADE
);
-- Of before the record nothing is known but the state that lasts.
INSERT INTO state_interval
SELECT id, date_trunc('milliseconds', created_at), 4, 4, '{}', date_trunc('milliseconds', created_at)
FROM monitor WHERE date_trunc('milliseconds', created_at) < date_trunc('milliseconds', state_since);
INSERT INTO state_interval
SELECT id, date_trunc('milliseconds', state_since), state, state, '{}', date_trunc('milliseconds', state_since) FROM monitor;

-- Monitors to be judged again from a moment on, because what they are judged by has changed.
CREATE TABLE monitor_to_judge (
    monitor_id integer     NOT NULL,
    from_at    timestamptz NOT NULL,
    CONSTRAINT monitor_to_judge_pkey PRIMARY KEY (monitor_id, from_at),
    CONSTRAINT monitor_to_judge_monitor_id_fkey FOREIGN KEY (monitor_id) REFERENCES monitor (id) ON DELETE CASCADE
);

-- What has to be remembered of a region's checks to judge the next one, and the states of it from which late results are
-- judged in their place (see `edgewatch_domain::vote_log`).
ALTER TABLE region_state DROP COLUMN recent;
ALTER TABLE region_state ADD COLUMN fold bytea NOT NULL DEFAULT '';
ALTER TABLE region_state ADD COLUMN checkpoints bytea[] NOT NULL DEFAULT '{}';

CREATE TRIGGER region_judging_change
    AFTER INSERT OR DELETE ON region
    FOR EACH STATEMENT EXECUTE FUNCTION count_judging_change();
