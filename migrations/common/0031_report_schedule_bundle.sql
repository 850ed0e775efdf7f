-- Schedules whose mails lead to the bundle that the report is verified by.
ALTER TABLE report_schedule ADD COLUMN bundle boolean NOT NULL DEFAULT false;
