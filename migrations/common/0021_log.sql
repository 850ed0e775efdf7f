-- The log that all signed batches go into, so that nothing can be changed, left out or put in later without showing: a Merkle
-- tree (RFC 9162), kept as tiles of 256 nodes of every eighth level. One row says how far it has come; whoever writes to the
-- log locks it.
CREATE TABLE log (
    singleton  boolean     NOT NULL DEFAULT true,
    -- Which log it is, in every checkpoint. Random, so that no two installations have the same, and the log keeps it for good.
    origin     text        NOT NULL DEFAULT 'edgewatch/' || replace(gen_random_uuid()::text, '-', ''),
    size       bigint      NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT log_pkey PRIMARY KEY (singleton),
    CONSTRAINT log_singleton_check CHECK (singleton)
);
INSERT INTO log DEFAULT VALUES;

-- Full tiles: written once.
CREATE TABLE log_tile (
    level       smallint NOT NULL,
    index       bigint   NOT NULL,
    -- 256 hashes of 32 bytes.
    hashes      bytea    NOT NULL,
    -- Of level 0: the batches that its leaves are about; null in the place of one that is about something else.
    batches     bigint[],
    first_batch bigint,
    last_batch  bigint,
    CONSTRAINT log_tile_pkey PRIMARY KEY (level, index),
    CONSTRAINT log_tile_hashes_check CHECK (octet_length(hashes) = 8192)
);
CREATE INDEX log_tile_last_batch_idx ON log_tile (last_batch) WHERE level = 0;
-- Hashes cannot be compressed.
ALTER TABLE log_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- The nodes that are in no full tile yet, at most 255 of a level. A row for each, for a tile rewritten with every leaf would be
-- written 128 times over.
CREATE TABLE log_tail (
    level    smallint NOT NULL,
    index    bigint   NOT NULL,
    hash     bytea    NOT NULL,
    batch_id bigint,
    CONSTRAINT log_tail_pkey PRIMARY KEY (level, index)
);

-- How far each probe's chain is in the log. Batches of a chain are stored one after the other, so that none is passed over.
CREATE TABLE log_probe (
    probe_id integer NOT NULL,
    last_seq bigint  NOT NULL,
    CONSTRAINT log_probe_pkey PRIMARY KEY (probe_id),
    CONSTRAINT log_probe_probe_id_fkey FOREIGN KEY (probe_id) REFERENCES probe (id) ON DELETE RESTRICT
);

-- The keys that the log was signed with; one, unless the master secret was replaced.
CREATE TABLE log_key (
    public_key    bytea       NOT NULL,
    first_used_at timestamptz NOT NULL,
    CONSTRAINT log_key_pkey PRIMARY KEY (public_key)
);

-- What the log has said of itself.
CREATE TABLE log_checkpoint (
    id            bigint      GENERATED ALWAYS AS IDENTITY,
    size          bigint      NOT NULL,
    root          bytea       NOT NULL,
    signed_at     timestamptz NOT NULL,
    -- The UTC day at whose end it was signed; null for one that was asked for.
    day           date,
    -- The signed note.
    note          text        NOT NULL,
    -- Of those of a day: when it was posted to where they are published, or how often that failed, why, and when it is tried
    -- again.
    posted_at     timestamptz,
    post_attempts smallint    NOT NULL DEFAULT 0,
    post_error    text,
    post_after    timestamptz,
    CONSTRAINT log_checkpoint_pkey PRIMARY KEY (id),
    CONSTRAINT log_checkpoint_day_key UNIQUE (day)
);
CREATE INDEX log_checkpoint_size_idx ON log_checkpoint (size);

-- What witnesses have signed: a checkpoint's text is the same for all of one size. The first of each witness is kept, for it
-- says the most.
CREATE TABLE log_cosignature (
    size      bigint      NOT NULL,
    witness   text        NOT NULL,
    signed_at timestamptz NOT NULL,
    -- The line of the note.
    line      text        NOT NULL,
    CONSTRAINT log_cosignature_pkey PRIMARY KEY (size, witness)
);

-- How a probe's key became known: the request that it signed with that key. Its body is not kept, for it holds the token; the
-- signature is over its digest.
CREATE TABLE enrolment (
    probe_id         integer     NOT NULL,
    received_at      timestamptz NOT NULL,
    body_sha256      bytea       NOT NULL,
    -- As signed; null: as it is.
    content_encoding text,
    signature_input  text        NOT NULL,
    signature        text        NOT NULL,
    authority        text        NOT NULL,
    -- Its leaf in the log, once it has one.
    leaf             bigint,
    CONSTRAINT enrolment_pkey PRIMARY KEY (probe_id),
    CONSTRAINT enrolment_leaf_key UNIQUE (leaf),
    CONSTRAINT enrolment_probe_id_fkey FOREIGN KEY (probe_id) REFERENCES probe (id) ON DELETE RESTRICT
);
CREATE INDEX enrolment_waiting_idx ON enrolment (probe_id) WHERE leaf IS NULL;
