-- Public status pages that the edge workers serve while the aggregator is away.
ALTER TABLE status_page ADD COLUMN edge boolean NOT NULL DEFAULT false;
