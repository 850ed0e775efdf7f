-- Maintenance windows are for status pages and groups of their components, too: a monitor is within one while it is shown there.
ALTER TABLE maintenance_version
    -- Groups of status pages: components that hold others, or monitors.
    ADD COLUMN groups integer[] NOT NULL DEFAULT '{}',
    ADD COLUMN pages  integer[] NOT NULL DEFAULT '{}';

-- Which monitors are shown where: each on its page, in its component, and in the groups around that.
CREATE VIEW status_page_membership AS
WITH RECURSIVE member AS (
    SELECT m.monitor_id, c.page_id, c.id AS component_id, c.parent_id
    FROM status_page_monitor m JOIN status_page_component c ON c.id = m.component_id
    JOIN status_page p ON p.id = c.page_id WHERE p.deleted_at IS NULL
    UNION
    SELECT m.monitor_id, m.page_id, c.id, c.parent_id FROM member m JOIN status_page_component c ON c.id = m.parent_id)
SELECT monitor_id, page_id, component_id FROM member;

ALTER TABLE monitor_policy
    ADD COLUMN groups integer[] NOT NULL DEFAULT '{}',
    ADD COLUMN pages  integer[] NOT NULL DEFAULT '{}';
UPDATE monitor_policy p SET groups = s.groups, pages = s.pages
FROM (SELECT monitor_id, array_agg(DISTINCT component_id ORDER BY component_id) AS groups,
             array_agg(DISTINCT page_id ORDER BY page_id) AS pages
      FROM status_page_membership GROUP BY monitor_id) s
WHERE s.monitor_id = p.monitor_id;
