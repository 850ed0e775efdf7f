-- Evidence that has settled: batches of a probe that follow one another, packed together. A batch is either here or in `batch`,
-- and goes from there to here in one transaction. The bytes and the fields that were signed come out as they were; whatever else
-- `batch` tells of one follows from them.
CREATE TABLE batch_pack (
    probe_id          integer       NOT NULL,
    first_seq         bigint        NOT NULL,
    last_seq          bigint        NOT NULL,
    -- Of its batches, in the order of the chain.
    ids               bigint[]      NOT NULL,
    received_at       timestamptz[] NOT NULL,
    id_range          int8range     NOT NULL,
    first_received_at timestamptz   NOT NULL,
    last_received_at  timestamptz   NOT NULL,
    -- Written and read by the crate `edgewatch-pack`.
    pack              bytea         NOT NULL,
    CONSTRAINT batch_pack_pkey PRIMARY KEY (probe_id, last_seq),
    CONSTRAINT batch_pack_seq_check CHECK (last_seq - first_seq + 1 = cardinality(ids)),
    CONSTRAINT batch_pack_received_at_check CHECK (cardinality(received_at) = cardinality(ids)),
    CONSTRAINT batch_pack_probe_id_fkey FOREIGN KEY (probe_id) REFERENCES probe (id) ON DELETE RESTRICT
);
-- By a batch's number: as many packs have it in their range as there are probes, and one of them among its numbers.
CREATE INDEX batch_pack_id_range_idx ON batch_pack USING gist (id_range);
CREATE INDEX batch_pack_last_received_at_idx ON batch_pack (last_received_at);
ALTER TABLE batch_pack ALTER COLUMN pack SET STORAGE EXTERNAL;
-- What is packed leaves its place in `batch` to what comes next, as soon as it is vacuumed.
ALTER TABLE batch SET (autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.05);
