-- Drops the encrypted columns and their values.
ALTER TABLE "or""der`s'; --"
    DROP COLUMN "e""mail`s'";
DROP INDEX IF EXISTS "or""der`s'; --_e""mail`s index_diesel_envelope_idx";
ALTER TABLE "or""der`s'; --"
    DROP COLUMN "e""mail`s index";
