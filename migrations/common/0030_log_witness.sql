-- Witnesses that the log asks to cosign its checkpoints (C2SP tlog-witness): how far each is known to have come, and how asking
-- it went.
CREATE TABLE log_witness (
    -- Its verifier key.
    witness   text        NOT NULL,
    -- The size of the last checkpoint that it cosigned when asked: proofs for it begin there. It says so itself where that is wrong.
    size      bigint      NOT NULL DEFAULT 0,
    -- When it was asked last, how often that failed since it signed, why, and when it is asked again.
    asked_at  timestamptz,
    attempts  smallint    NOT NULL DEFAULT 0,
    error     text,
    ask_after timestamptz,
    CONSTRAINT log_witness_pkey PRIMARY KEY (witness)
);
