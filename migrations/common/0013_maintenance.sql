-- Maintenance windows, each as it was written and rewritten, so that what has passed stays as it was.
CREATE TABLE maintenance (
    id         integer     GENERATED ALWAYS AS IDENTITY,
    created_at timestamptz NOT NULL,
    CONSTRAINT maintenance_pkey PRIMARY KEY (id)
);

CREATE TABLE maintenance_version (
    maintenance_id integer     NOT NULL,
    -- From 1, without gaps.
    revision       integer     NOT NULL,
    -- In force from then on: a window takes place as the version says that was in force when it ended.
    from_at        timestamptz NOT NULL,
    -- Who wrote it; null: a user who is gone.
    user_id        integer,
    name           text        NOT NULL,
    note           text        NOT NULL,
    -- A schedule of `edgewatch_domain::maintenance`; null: removed from then on.
    schedule       jsonb,
    -- What it is for: all monitors, these, and those that carry one of these tags.
    everything     boolean     NOT NULL,
    monitors       integer[]   NOT NULL,
    tags           text[]      NOT NULL,
    -- Windows that begin before then are none; one that is open when the version comes into force ends there.
    not_before     timestamptz,
    CONSTRAINT maintenance_version_pkey PRIMARY KEY (maintenance_id, revision),
    CONSTRAINT maintenance_version_maintenance_id_fkey FOREIGN KEY (maintenance_id) REFERENCES maintenance (id) ON DELETE CASCADE,
    CONSTRAINT maintenance_version_user_id_fkey FOREIGN KEY (user_id) REFERENCES app_user (id) ON DELETE SET NULL
);

CREATE TRIGGER maintenance_judging_change
    AFTER INSERT OR DELETE OR UPDATE ON maintenance_version
    FOR EACH STATEMENT EXECUTE FUNCTION count_judging_change();

-- Up to when the beginnings and ends of windows have been looked for: time alone changes states at them.
ALTER TABLE evaluator ADD COLUMN windows_to timestamptz NOT NULL DEFAULT now();

-- Windows are for tags too, and a monitor is within one while it carries the tag.
ALTER TABLE monitor_policy ADD COLUMN tags text[] NOT NULL DEFAULT '{}';
UPDATE monitor_policy p SET tags = m.tags FROM monitor m WHERE m.id = p.monitor_id;
