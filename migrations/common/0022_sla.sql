-- Service level agreements: what was agreed in each of its versions, what was left out by hand, and the reports made of them.
-- What was agreed and what was left out is never changed and never deleted: these tables are their own audit log.

CREATE TABLE sla (
    id         integer     GENERATED ALWAYS AS IDENTITY,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL,
    -- It ended, and is listed no more; its reports still name it.
    removed_at timestamptz,
    removed_by text,
    CONSTRAINT sla_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX sla_name_key ON sla (name) WHERE removed_at IS NULL;

CREATE TABLE sla_version (
    sla_id      integer     NOT NULL,
    -- From 1, without gaps.
    version     integer     NOT NULL,
    -- Windows that end later are counted by it, until the next version.
    at          timestamptz NOT NULL,
    -- The address of who wrote it: it outlives the user.
    author      text        NOT NULL,
    description text        NOT NULL,
    -- `edgewatch_domain::sla::SlaPolicy`, and the SHA-256 of its canonical form.
    policy      jsonb       NOT NULL,
    hash        text        NOT NULL,
    -- The OpenSLO document that it was read from, if it was.
    open_slo    text,
    CONSTRAINT sla_version_pkey PRIMARY KEY (sla_id, version),
    CONSTRAINT sla_version_sla_id_fkey FOREIGN KEY (sla_id) REFERENCES sla (id)
);

CREATE TABLE sla_exclusion (
    id               integer     GENERATED ALWAYS AS IDENTITY,
    sla_id           integer     NOT NULL,
    from_at          timestamptz NOT NULL,
    to_at            timestamptz NOT NULL,
    -- None: all of the agreement.
    monitors         integer[]   NOT NULL,
    reason           text        NOT NULL,
    author           text        NOT NULL,
    entered_at       timestamptz NOT NULL,
    -- Somebody has taken it back, and why.
    withdrawn_at     timestamptz,
    withdrawn_by     text,
    withdrawn_reason text,
    CONSTRAINT sla_exclusion_pkey PRIMARY KEY (id),
    CONSTRAINT sla_exclusion_sla_id_fkey FOREIGN KEY (sla_id) REFERENCES sla (id),
    CONSTRAINT sla_exclusion_span_check CHECK (from_at < to_at)
);
CREATE INDEX sla_exclusion_sla_id_idx ON sla_exclusion (sla_id, from_at);

CREATE FUNCTION refuse_sla_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME;
END
$$;

CREATE TRIGGER sla_version_is_kept BEFORE UPDATE OR DELETE ON sla_version
    FOR EACH ROW EXECUTE FUNCTION refuse_sla_change();
CREATE TRIGGER sla_exclusion_is_kept BEFORE DELETE ON sla_exclusion
    FOR EACH ROW EXECUTE FUNCTION refuse_sla_change();
-- Withdrawing is all that happens to one, and that once.
CREATE TRIGGER sla_exclusion_is_unchanged BEFORE UPDATE ON sla_exclusion
    FOR EACH ROW WHEN (
        OLD.withdrawn_at IS NOT NULL
        OR (OLD.id, OLD.sla_id, OLD.from_at, OLD.to_at, OLD.monitors, OLD.reason, OLD.author, OLD.entered_at)
           IS DISTINCT FROM (NEW.id, NEW.sla_id, NEW.from_at, NEW.to_at, NEW.monitors, NEW.reason, NEW.author, NEW.entered_at))
    EXECUTE FUNCTION refuse_sla_change();

CREATE TABLE report (
    id             integer     GENERATED ALWAYS AS IDENTITY,
    sla_id         integer     NOT NULL,
    version        integer     NOT NULL,
    title          text        NOT NULL,
    from_at        timestamptz NOT NULL,
    to_at          timestamptz NOT NULL,
    -- The address of who asked for it.
    author         text        NOT NULL,
    requested_at   timestamptz NOT NULL,
    -- 0 waiting, 1 being made, 2 ready, 3 failed.
    state          smallint    NOT NULL,
    -- Thousandths.
    progress       smallint    NOT NULL,
    -- Whoever makes it holds it until then; after that somebody else may.
    held_until     timestamptz,
    attempts       smallint    NOT NULL,
    -- Why it failed, for people.
    failure        text,
    finished_at    timestamptz,
    -- What a list shows of it.
    summary        jsonb,
    -- The document (`edgewatch_report::document`) as JSON, by zstd.
    document       bytea,
    CONSTRAINT report_pkey PRIMARY KEY (id),
    CONSTRAINT report_version_fkey FOREIGN KEY (sla_id, version) REFERENCES sla_version (sla_id, version),
    CONSTRAINT report_span_check CHECK (from_at < to_at),
    CONSTRAINT report_state_check CHECK (state BETWEEN 0 AND 3)
);
-- It is compressed already.
ALTER TABLE report ALTER COLUMN document SET STORAGE EXTERNAL;
CREATE INDEX report_sla_id_idx ON report (sla_id, from_at);
CREATE INDEX report_to_make_idx ON report (requested_at) WHERE state < 2;
