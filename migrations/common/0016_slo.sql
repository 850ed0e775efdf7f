-- Service level objectives: what share of the measured time is promised, of which monitors, over which window. How they
-- stand is computed from the record of states.
CREATE TABLE slo (
    id            integer     GENERATED ALWAYS AS IDENTITY,
    name          text        NOT NULL,
    -- `all` of its monitors have to be up, or `any` of them.
    rule          text        NOT NULL,
    -- Parts per million.
    objective_ppm integer     NOT NULL,
    -- Rolling days until now; null: the calendar month in the zone (IANA name).
    window_days   smallint,
    zone          text        NOT NULL,
    -- Maintenance counts by what was measured beneath it.
    strict        boolean     NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT slo_pkey PRIMARY KEY (id),
    CONSTRAINT slo_name_key UNIQUE (name),
    CONSTRAINT slo_rule_check CHECK (rule IN ('all', 'any')),
    CONSTRAINT slo_objective_ppm_check CHECK (objective_ppm BETWEEN 1 AND 999999),
    CONSTRAINT slo_window_days_check CHECK (window_days BETWEEN 1 AND 365)
);

-- The monitors of an objective. One whose last monitor is deleted has no data until it is given others.
CREATE TABLE slo_monitor (
    slo_id     integer NOT NULL,
    monitor_id integer NOT NULL,
    CONSTRAINT slo_monitor_pkey PRIMARY KEY (slo_id, monitor_id),
    CONSTRAINT slo_monitor_slo_id_fkey FOREIGN KEY (slo_id) REFERENCES slo (id) ON DELETE CASCADE,
    CONSTRAINT slo_monitor_monitor_id_fkey FOREIGN KEY (monitor_id) REFERENCES monitor (id) ON DELETE CASCADE
);
CREATE INDEX slo_monitor_monitor_id_idx ON slo_monitor (monitor_id);
