-- People and their sessions.
CREATE TABLE app_user (
    id            integer     GENERATED ALWAYS AS IDENTITY,
    email         text        NOT NULL,
    -- 0 viewer, 1 editor, 2 admin: each may do all that the one before may.
    role          smallint    NOT NULL,
    -- Argon2id in PHC string format: salt and cost travel with the hash.
    password_hash text        NOT NULL,
    created_at    timestamptz NOT NULL,
    disabled_at   timestamptz,
    CONSTRAINT app_user_pkey PRIMARY KEY (id),
    CONSTRAINT app_user_role_check CHECK (role BETWEEN 0 AND 2)
);
-- Addresses are compared without regard to case, and kept as they were typed.
CREATE UNIQUE INDEX app_user_email_key ON app_user (lower(email));

-- A session lives as long as its refresh tokens are renewed in turn.
CREATE TABLE session (
    id         uuid        NOT NULL,
    user_id    integer     NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    user_agent text        NOT NULL DEFAULT '',
    CONSTRAINT session_pkey PRIMARY KEY (id),
    CONSTRAINT session_user_id_fkey FOREIGN KEY (user_id) REFERENCES app_user (id) ON DELETE CASCADE
);
CREATE INDEX session_user_id_idx ON session (user_id);
CREATE INDEX session_expires_at_idx ON session (expires_at);

-- Used tokens are kept until they would have expired: one that comes a second time was stolen, and ends the session.
CREATE TABLE refresh_token (
    token_hash bytea       NOT NULL,
    session_id uuid        NOT NULL,
    issued_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    CONSTRAINT refresh_token_pkey PRIMARY KEY (token_hash),
    CONSTRAINT refresh_token_session_id_fkey FOREIGN KEY (session_id) REFERENCES session (id) ON DELETE CASCADE
);
CREATE INDEX refresh_token_session_id_idx ON refresh_token (session_id);
