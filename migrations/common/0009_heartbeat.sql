-- Heartbeat checks: jobs call the aggregator, which is the probe of the region `push` for them.
CREATE TABLE heartbeat (
    monitor_id   integer     NOT NULL,
    -- The secret of the URL: its SHA-256 to find it by, and itself, sealed, to show it again.
    token_hash   bytea       NOT NULL,
    token_sealed bytea       NOT NULL,
    -- The check's settings in clear: they hold no secret, and are needed at every look.
    settings     jsonb       NOT NULL,
    last_call_at timestamptz,
    last_end_at  timestamptz,
    -- Begun and not ended.
    started_at   timestamptz,
    -- The number of the reason that stands until the job ends well.
    standing     smallint,
    -- Slots of what was seen only ever grow.
    last_slot    timestamptz,
    -- The next slot of the monitor's interval; and when to look at the latest: that, or when a deadline passes.
    next_slot    timestamptz NOT NULL,
    next_look_at timestamptz NOT NULL,
    CONSTRAINT heartbeat_pkey PRIMARY KEY (monitor_id),
    CONSTRAINT heartbeat_token_hash_key UNIQUE (token_hash),
    CONSTRAINT heartbeat_monitor_id_fkey FOREIGN KEY (monitor_id) REFERENCES monitor (id) ON DELETE CASCADE
) WITH (fillfactor = 80);
CREATE INDEX heartbeat_next_look_at_idx ON heartbeat (next_look_at);

-- Calls that were answered and not looked at yet.
CREATE TABLE heartbeat_call (
    id         bigint      GENERATED ALWAYS AS IDENTITY,
    monitor_id integer     NOT NULL,
    at         timestamptz NOT NULL,
    -- 0 start, 1 success, 2 failure.
    signal     smallint    NOT NULL,
    exit_code  smallint,
    message    text,
    CONSTRAINT heartbeat_call_pkey PRIMARY KEY (id),
    CONSTRAINT heartbeat_call_monitor_id_fkey FOREIGN KEY (monitor_id) REFERENCES monitor (id) ON DELETE CASCADE,
    CONSTRAINT heartbeat_call_signal_check CHECK (signal BETWEEN 0 AND 2)
);
CREATE INDEX heartbeat_call_monitor_id_idx ON heartbeat_call (monitor_id);

-- Since when calls have been heard without a break, and until when: what was silent before may have called in vain.
CREATE TABLE heartbeat_watch (
    singleton   boolean     NOT NULL DEFAULT true,
    heard_since timestamptz NOT NULL,
    heard_until timestamptz NOT NULL,
    CONSTRAINT heartbeat_watch_pkey PRIMARY KEY (singleton),
    CONSTRAINT heartbeat_watch_singleton_check CHECK (singleton)
);

-- The outbox of the aggregator's own probe. A batch is sealed in the transaction that makes its observations, and leaves
-- when it is taken: nothing is lost or told twice, whatever dies in between.
CREATE TABLE push_batch (
    seq       bigint      NOT NULL,
    body      bytea       NOT NULL,
    sealed_at timestamptz NOT NULL,
    CONSTRAINT push_batch_pkey PRIMARY KEY (seq)
);
