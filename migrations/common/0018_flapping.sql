-- Since when a monitor changes its state too often, and when it will have held one for long enough, unless it changes.
ALTER TABLE monitor ADD COLUMN flapping_since timestamptz;
ALTER TABLE monitor ADD COLUMN flapping_until timestamptz;
CREATE INDEX monitor_flapping_until_idx ON monitor (flapping_until) WHERE flapping_until IS NOT NULL;

-- More changes than these within so many seconds mark it, until it holds a state for so many seconds.
ALTER TABLE monitor ADD COLUMN flapping_changes smallint NOT NULL DEFAULT 5;
ALTER TABLE monitor ADD COLUMN flapping_within_s integer NOT NULL DEFAULT 1800;
ALTER TABLE monitor ADD COLUMN flapping_holds_s integer NOT NULL DEFAULT 600;
ALTER TABLE monitor_policy ADD COLUMN flapping_changes smallint NOT NULL DEFAULT 5;
ALTER TABLE monitor_policy ADD COLUMN flapping_within_s integer NOT NULL DEFAULT 1800;
ALTER TABLE monitor_policy ADD COLUMN flapping_holds_s integer NOT NULL DEFAULT 600;
