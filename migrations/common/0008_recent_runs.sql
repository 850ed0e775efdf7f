-- Outcomes are packed in runs of twelve bytes from here on, not in eight bytes each: the column is read and written with
-- every result. What is packed the old way cannot be read any more; verdicts stand until results come.
UPDATE region_state SET recent = '';
