-- The settings that a window was found disqualified by: they may be others by the time that somebody checks it. Null for one that
-- counts, and for those from before these columns.
ALTER TABLE vantage_window
    ADD COLUMN judged_targets      smallint,
    ADD COLUMN judged_over_percent smallint;
