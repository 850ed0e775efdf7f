-- A probe is a key. Replacing the key makes another probe; the old one's history stays.
CREATE TABLE probe (
    id           integer     GENERATED ALWAYS AS IDENTITY,
    fingerprint  text        NOT NULL,
    public_key   bytea       NOT NULL,
    region_id    smallint    NOT NULL,
    -- 0 pending, 1 approved, 2 revoked.
    status       smallint    NOT NULL,
    host         text        NOT NULL,
    software     text        NOT NULL,
    capabilities text[]      NOT NULL DEFAULT '{}',
    place        jsonb       NOT NULL DEFAULT '{}',
    enrolled_at  timestamptz NOT NULL,
    approved_at  timestamptz,
    revoked_at   timestamptz,
    last_seen_at timestamptz,
    -- It has been noticed as silent, so that the change is told once.
    silent       boolean     NOT NULL DEFAULT false,
    -- The head of its chain of batches; 0 and null before the first.
    last_seq     bigint      NOT NULL DEFAULT 0,
    last_digest  bytea,
    chain_breaks bigint      NOT NULL DEFAULT 0,
    dropped      bigint      NOT NULL DEFAULT 0,
    CONSTRAINT probe_pkey PRIMARY KEY (id),
    CONSTRAINT probe_fingerprint_key UNIQUE (fingerprint),
    CONSTRAINT probe_region_id_fkey FOREIGN KEY (region_id) REFERENCES region (id) ON DELETE RESTRICT,
    CONSTRAINT probe_status_check CHECK (status BETWEEN 0 AND 2)
) WITH (fillfactor = 80);
CREATE INDEX probe_region_id_idx ON probe (region_id);

-- Tokens that let a probe enrol. Only the SHA-256 is kept: they are long and random, a slow hash would add nothing.
CREATE TABLE enrolment_token (
    id             integer     GENERATED ALWAYS AS IDENTITY,
    label          text        NOT NULL DEFAULT '',
    token_hash     bytea       NOT NULL,
    -- Names of the regions that may use it; empty means any.
    regions        text[]      NOT NULL DEFAULT '{}',
    self_approving boolean     NOT NULL DEFAULT false,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    CONSTRAINT enrolment_token_pkey PRIMARY KEY (id),
    CONSTRAINT enrolment_token_token_hash_key UNIQUE (token_hash)
);

-- One use for each region.
CREATE TABLE enrolment_token_use (
    token_id  integer     NOT NULL,
    region_id smallint    NOT NULL,
    probe_id  integer     NOT NULL,
    used_at   timestamptz NOT NULL,
    CONSTRAINT enrolment_token_use_pkey PRIMARY KEY (token_id, region_id),
    CONSTRAINT enrolment_token_use_token_id_fkey FOREIGN KEY (token_id) REFERENCES enrolment_token (id) ON DELETE CASCADE,
    CONSTRAINT enrolment_token_use_region_id_fkey FOREIGN KEY (region_id) REFERENCES region (id) ON DELETE CASCADE,
    CONSTRAINT enrolment_token_use_probe_id_fkey FOREIGN KEY (probe_id) REFERENCES probe (id) ON DELETE CASCADE
);

-- Nonces of signed requests, kept until their signatures are over: a second one is a replay. By key and not by probe,
-- because an enrolment is signed before there is a probe.
CREATE TABLE probe_nonce (
    keyid      text        NOT NULL,
    nonce      text        NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT probe_nonce_pkey PRIMARY KEY (keyid, nonce)
);
CREATE INDEX probe_nonce_expires_at_idx ON probe_nonce (expires_at);
