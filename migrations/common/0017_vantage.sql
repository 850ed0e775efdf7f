-- Windows of slots in which checks of a region failed, and whether it was the region's own network that failed.
CREATE TABLE vantage_window (
    region_id    smallint    NOT NULL,
    -- A full minute: the window takes one.
    from_at      timestamptz NOT NULL,
    -- The monitors that failed from there, of the results that are judged.
    failing      integer[]   NOT NULL,
    -- Its outcomes of these slots are evidence, and no votes.
    disqualified boolean     NOT NULL DEFAULT false,
    CONSTRAINT vantage_window_pkey PRIMARY KEY (region_id, from_at),
    CONSTRAINT vantage_window_region_id_fkey FOREIGN KEY (region_id) REFERENCES region (id) ON DELETE CASCADE
);
-- All that is ever asked for but by number; most windows are none of these.
CREATE INDEX vantage_window_disqualified_idx ON vantage_window (region_id, from_at) WHERE disqualified;
