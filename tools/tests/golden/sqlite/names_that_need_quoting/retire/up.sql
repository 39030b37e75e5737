-- retire: or"der`s'; -- (e"mail`s', n"ote`'): drops the first index columns.
-- Run it when no program reads or writes these columns.
-- SQLite cannot drop a column that CREATE TABLE declares UNIQUE.
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_first";
DROP INDEX IF EXISTS "or""der`s'; --_e""mail`s index_diesel_envelope_idx";
ALTER TABLE "or""der`s'; --"
    DROP COLUMN "e""mail`s index";
