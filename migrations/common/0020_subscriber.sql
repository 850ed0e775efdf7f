-- Who is told of what happens on a status page, and what is still to be told to whom.
CREATE TABLE subscriber (
    id             integer     GENERATED ALWAYS AS IDENTITY,
    page_id integer     NOT NULL,
    -- 0 e-mail, 1 webhook, 2 Slack.
    channel        smallint    NOT NULL,
    -- The address or URL, sealed for this page and channel.
    target         bytea       NOT NULL,
    -- Finds it again without opening all of them: keyed, so that nobody can try addresses against it.
    target_hash    bytea       NOT NULL,
    -- Components and groups of the page; none: all of it.
    components     integer[]   NOT NULL,
    language       text        NOT NULL,
    -- What messages to a webhook are signed with, sealed for this page; null for other channels.
    secret         bytea,
    -- What happened before is not told. Who has not confirmed is not in here.
    confirmed_at   timestamptz NOT NULL,
    -- Refusals for good in a row; after a few of them nothing is sent any more.
    failures       smallint    NOT NULL DEFAULT 0,
    suspended_at   timestamptz,
    CONSTRAINT subscriber_pkey PRIMARY KEY (id),
    CONSTRAINT subscriber_target_key UNIQUE (page_id, channel, target_hash),
    CONSTRAINT subscriber_page_id_fkey FOREIGN KEY (page_id) REFERENCES status_page (id) ON DELETE CASCADE,
    CONSTRAINT subscriber_channel_check CHECK (channel BETWEEN 0 AND 2)
);
CREATE INDEX subscriber_page_id_idx ON subscriber (page_id, id);

-- Something that the subscribers of a page are to be told, noted by the transaction that makes it so.
CREATE TABLE notice (
    id             bigint      GENERATED ALWAYS AS IDENTITY,
    page_id integer     NOT NULL,
    -- 0 an incident, 1 a public update of it, 2 its end, 3 that it goes on again; 4 maintenance announced, 5 begun, 6 over,
    -- 7 off.
    kind           smallint    NOT NULL,
    at             timestamptz NOT NULL,
    incident_id    integer,
    update_id      bigint,
    -- It may be gone: that it is off is told then.
    maintenance_id integer,
    -- When the window begins.
    window_from    timestamptz,
    -- What is told, as the page told it when deliveries were made of this; null until then. They are never made again.
    content        jsonb,
    CONSTRAINT notice_pkey PRIMARY KEY (id),
    CONSTRAINT notice_page_id_fkey FOREIGN KEY (page_id) REFERENCES status_page (id) ON DELETE CASCADE,
    CONSTRAINT notice_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incident (id) ON DELETE CASCADE,
    CONSTRAINT notice_update_id_fkey FOREIGN KEY (update_id) REFERENCES incident_update (id) ON DELETE CASCADE,
    CONSTRAINT notice_update_key UNIQUE (page_id, update_id),
    CONSTRAINT notice_window_key UNIQUE (page_id, maintenance_id, window_from, kind),
    CONSTRAINT notice_kind_check CHECK (kind BETWEEN 0 AND 7)
);
CREATE INDEX notice_incident_id_idx ON notice (incident_id, id);
CREATE INDEX notice_waiting_idx ON notice (id) WHERE content IS NULL;

-- What is to be sent to one subscriber, or to somebody who has asked to be one. It is gone once it is sent or given up.
CREATE TABLE delivery (
    id             bigint      GENERATED ALWAYS AS IDENTITY,
    -- The message's name: the same at every attempt, so that who gets it twice can tell.
    message_id     uuid        NOT NULL DEFAULT gen_random_uuid(),
    notice_id      bigint,
    subscriber_id  integer,
    -- A request for confirmation, sealed; then there is no notice, and no subscriber.
    confirmation   bytea,
    created_at     timestamptz NOT NULL,
    -- When to send it, or until when somebody is at it.
    due_at         timestamptz NOT NULL,
    attempts       smallint    NOT NULL DEFAULT 0,
    CONSTRAINT delivery_pkey PRIMARY KEY (id),
    CONSTRAINT delivery_notice_key UNIQUE (notice_id, subscriber_id),
    CONSTRAINT delivery_notice_id_fkey FOREIGN KEY (notice_id) REFERENCES notice (id) ON DELETE CASCADE,
    CONSTRAINT delivery_subscriber_id_fkey FOREIGN KEY (subscriber_id) REFERENCES subscriber (id) ON DELETE CASCADE,
    CONSTRAINT delivery_content_check CHECK (num_nonnulls(notice_id, confirmation) = 1 AND num_nonnulls(subscriber_id, confirmation) = 1)
);
CREATE INDEX delivery_due_at_idx ON delivery (due_at);
CREATE INDEX delivery_subscriber_id_idx ON delivery (subscriber_id);
