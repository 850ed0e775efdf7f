-- Reports that are made and mailed regularly, and what is still to be mailed to whom.
CREATE TABLE report_schedule (
    id         integer     GENERATED ALWAYS AS IDENTITY,
    sla_id     integer     NOT NULL,
    -- 0 daily, 1 weekly, 2 monthly, 3 quarterly: of the periods in the agreement's zone.
    rhythm     smallint    NOT NULL,
    -- 0 HTML, 1 PDF, 2 CSV, 3 XLSX, 4 JSON.
    format     smallint    NOT NULL,
    -- Attached to the mail; else there is a link in it.
    attached   boolean     NOT NULL,
    recipients text[]      NOT NULL,
    -- The address of who wrote it last: it outlives the user.
    author     text        NOT NULL,
    created_at timestamptz NOT NULL,
    -- When the report of the period that goes on is made: some time after its end.
    next_at    timestamptz NOT NULL,
    CONSTRAINT report_schedule_pkey PRIMARY KEY (id),
    CONSTRAINT report_schedule_sla_id_fkey FOREIGN KEY (sla_id) REFERENCES sla (id),
    CONSTRAINT report_schedule_rhythm_check CHECK (rhythm BETWEEN 0 AND 3),
    CONSTRAINT report_schedule_format_check CHECK (format BETWEEN 0 AND 4)
);
CREATE INDEX report_schedule_next_at_idx ON report_schedule (next_at);

-- A report that is to be mailed to somebody, or was. What is mailed and in which form is as the schedule is by then.
CREATE TABLE report_mail (
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    schedule_id integer     NOT NULL,
    report_id   integer     NOT NULL,
    recipient   text        NOT NULL,
    -- The message's name: the same at every attempt, so that who gets it twice can tell.
    message_id  uuid        NOT NULL DEFAULT gen_random_uuid(),
    created_at  timestamptz NOT NULL,
    -- When it is tried next; null once it was sent or given up.
    due_at      timestamptz,
    attempts    smallint    NOT NULL DEFAULT 0,
    sent_at     timestamptz,
    -- Why it was not taken, as far as it was not.
    failure     text,
    CONSTRAINT report_mail_pkey PRIMARY KEY (id),
    CONSTRAINT report_mail_key UNIQUE (schedule_id, report_id, recipient),
    CONSTRAINT report_mail_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES report_schedule (id) ON DELETE CASCADE,
    CONSTRAINT report_mail_report_id_fkey FOREIGN KEY (report_id) REFERENCES report (id) ON DELETE CASCADE
);
CREATE INDEX report_mail_due_at_idx ON report_mail (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX report_mail_report_id_idx ON report_mail (report_id);
