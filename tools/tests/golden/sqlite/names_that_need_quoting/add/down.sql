-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
UPDATE "or""der`s'; --" SET "e""mail`s'" = "e""mail`s'" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "or""der`s'; --.e""mail`s' has values that have no plaintext: they would be lost" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "or""der`s'; --" WHERE "e""mail`s'" IS NOT NULL AND "$diesel_envelope$ pla""in`'" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_backfill";
ALTER TABLE "or""der`s'; --"
    DROP COLUMN "e""mail`s'";
DROP INDEX IF EXISTS "or""der`s'; --_e""mail`s index_diesel_envelope_idx";
ALTER TABLE "or""der`s'; --"
    DROP COLUMN "e""mail`s index";
