-- One row that says what this database is. The storage set is chosen once, at the first start, by what the server
-- offers; a later change of the server must not silently mix the two.
CREATE TABLE installation (
    singleton  boolean     NOT NULL DEFAULT true,
    storage    text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT installation_pkey PRIMARY KEY (singleton),
    CONSTRAINT installation_singleton_check CHECK (singleton),
    CONSTRAINT installation_storage_check CHECK (storage IN ('plain', 'timescale'))
);
