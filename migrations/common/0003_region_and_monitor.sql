-- Where is checked from. The identity is small because every result carries it.
CREATE TABLE region (
    id          smallint    GENERATED ALWAYS AS IDENTITY,
    name        text        NOT NULL,
    label       text        NOT NULL DEFAULT '',
    -- Declared in the configuration file, and changed there alone.
    from_config boolean     NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL,
    CONSTRAINT region_pkey PRIMARY KEY (id),
    CONSTRAINT region_name_key UNIQUE (name)
);

-- What is checked.
CREATE TABLE monitor (
    id            integer     GENERATED ALWAYS AS IDENTITY,
    name          text        NOT NULL,
    -- The check's definition as JSON, sealed: it may hold credentials of the target.
    definition    bytea       NOT NULL,
    -- In clear for lists: the check's type, and its URL without credentials and query.
    kind          text        NOT NULL,
    target        text        NOT NULL,
    -- Grows with each change; observations say which one they used.
    revision      integer     NOT NULL DEFAULT 1,
    interval_s    integer     NOT NULL,
    timeout_ms    integer     NOT NULL,
    retries       smallint    NOT NULL,
    -- `any`, `majority`, `all` or `count:N`.
    quorum        text        NOT NULL,
    confirmations smallint    NOT NULL,
    recoveries    smallint    NOT NULL,
    tags          text[]      NOT NULL DEFAULT '{}',
    paused        boolean     NOT NULL DEFAULT false,
    -- Checked from every region, also from those that are added later; otherwise see monitor_region.
    all_regions   boolean     NOT NULL DEFAULT true,
    from_config   boolean     NOT NULL DEFAULT false,
    -- The decision over its regions: 0 up, 1 degraded, 2 down, 3 maintenance, 4 unknown, 5 paused.
    state         smallint    NOT NULL DEFAULT 4,
    state_since   timestamptz NOT NULL,
    -- Regions see it down, but fewer than the quorum asks for.
    advisory      boolean     NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT monitor_pkey PRIMARY KEY (id),
    CONSTRAINT monitor_name_key UNIQUE (name),
    CONSTRAINT monitor_interval_s_check CHECK (interval_s BETWEEN 10 AND 86400 AND interval_s % 10 = 0),
    CONSTRAINT monitor_state_check CHECK (state BETWEEN 0 AND 5)
) WITH (fillfactor = 80);

-- The regions of a monitor that is not checked from all.
CREATE TABLE monitor_region (
    monitor_id integer  NOT NULL,
    region_id  smallint NOT NULL,
    CONSTRAINT monitor_region_pkey PRIMARY KEY (monitor_id, region_id),
    CONSTRAINT monitor_region_monitor_id_fkey FOREIGN KEY (monitor_id) REFERENCES monitor (id) ON DELETE CASCADE,
    CONSTRAINT monitor_region_region_id_fkey FOREIGN KEY (region_id) REFERENCES region (id) ON DELETE RESTRICT
);
CREATE INDEX monitor_region_region_id_idx ON monitor_region (region_id);

-- What one region says of one monitor. Rewritten with every result, so rows leave room for their next version on the
-- page, and nothing but the key is indexed (heap-only updates).
CREATE TABLE region_state (
    monitor_id integer  NOT NULL,
    region_id  smallint NOT NULL,
    -- The region's vote: 0 up, 1 degraded, 2 down, 3 unknown.
    verdict    smallint NOT NULL,
    -- The latest result by slot: what a list shows without reading results.
    outcome    smallint,
    slot       timestamptz,
    checked_at timestamptz,
    total_us   integer,
    message    text,
    -- The outcomes of the latest slots, oldest first, eight bytes each: enough to judge again when a late result
    -- arrives out of order. Packed, because it is read and written whole with every result.
    recent     bytea    NOT NULL DEFAULT '',
    CONSTRAINT region_state_pkey PRIMARY KEY (monitor_id, region_id),
    CONSTRAINT region_state_monitor_id_fkey FOREIGN KEY (monitor_id) REFERENCES monitor (id) ON DELETE CASCADE,
    CONSTRAINT region_state_region_id_fkey FOREIGN KEY (region_id) REFERENCES region (id) ON DELETE CASCADE
) WITH (fillfactor = 60);
