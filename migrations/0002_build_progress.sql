-- Why: while a build runs, GET …/model says which part of it is under way and since when.
SET LOCAL lock_timeout = '5s';
ALTER TABLE models ADD COLUMN part text, ADD COLUMN part_since timestamptz;
