-- The evidence: every batch as its probe signed it. The signature can be checked again from this row alone.
CREATE TABLE batch (
    id              bigint      GENERATED ALWAYS AS IDENTITY,
    probe_id        integer     NOT NULL,
    seq             bigint      NOT NULL,
    -- SHA-256 of the body, and of the body before it as this batch claims.
    digest          bytea       NOT NULL,
    prev            bytea,
    -- It follows the head of the chain as the aggregator knew it.
    chain_ok        boolean     NOT NULL,
    resumed         boolean     NOT NULL DEFAULT false,
    received_at     timestamptz NOT NULL,
    observations    integer     NOT NULL,
    -- The signed request: its body (zstd), and what the signature covers besides it.
    body            bytea       NOT NULL,
    signature_input text        NOT NULL,
    signature       text        NOT NULL,
    authority       text        NOT NULL,
    place           jsonb       NOT NULL DEFAULT '{}',
    CONSTRAINT batch_pkey PRIMARY KEY (id),
    -- The idempotency key: a batch sent twice is stored once.
    CONSTRAINT batch_probe_id_seq_key UNIQUE (probe_id, seq),
    CONSTRAINT batch_probe_id_fkey FOREIGN KEY (probe_id) REFERENCES probe (id) ON DELETE RESTRICT
);
CREATE INDEX batch_received_at_idx ON batch (received_at);
-- The body is compressed already: trying again would only cost time.
ALTER TABLE batch ALTER COLUMN body SET STORAGE EXTERNAL;
