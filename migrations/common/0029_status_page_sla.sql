-- Agreements that status pages show to the public, and how much of them.
CREATE TABLE status_page_sla (
    page_id    integer  NOT NULL,
    sla_id     integer  NOT NULL,
    -- Its place on the page, from 1.
    position   integer  NOT NULL,
    -- The windows before the current one.
    history    boolean  NOT NULL,
    -- Time that was left out by hand, and why.
    exclusions boolean  NOT NULL,
    -- Reports of whole windows: none, as files, or with the bundles that they are verified by.
    reports    text     NOT NULL,
    CONSTRAINT status_page_sla_pkey PRIMARY KEY (page_id, sla_id),
    CONSTRAINT status_page_sla_reports_check CHECK (reports IN ('none', 'files', 'bundles')),
    CONSTRAINT status_page_sla_page_id_fkey FOREIGN KEY (page_id) REFERENCES status_page (id) ON DELETE CASCADE,
    CONSTRAINT status_page_sla_sla_id_fkey FOREIGN KEY (sla_id) REFERENCES sla (id)
);
CREATE INDEX status_page_sla_sla_id_idx ON status_page_sla (sla_id);
