-- Adds the plaintext columns again, without values: a migration cannot decrypt.
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_required_update";
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s index_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s index_diesel_envelope_required_update";
DROP INDEX IF EXISTS "or""der`s'; --_e""mail`s index_diesel_envelope_idx";
CREATE INDEX "or""der`s'; --_e""mail`s index_diesel_envelope_idx" ON "or""der`s'; --" ("e""mail`s index");
ALTER TABLE "or""der`s'; --"
    ADD COLUMN "$diesel_envelope$ pla""in`'" varchar(50) COLLATE "coll""ation`'";
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_backfill" AFTER UPDATE OF "$diesel_envelope$ pla""in`'" ON "or""der`s'; --"
WHEN (NEW."$diesel_envelope$ pla""in`'" COLLATE BINARY IS NOT OLD."$diesel_envelope$ pla""in`'" COLLATE BINARY OR typeof(NEW."$diesel_envelope$ pla""in`'") <> typeof(OLD."$diesel_envelope$ pla""in`'"))
    AND NEW."e""mail`s'" IS OLD."e""mail`s'"
BEGIN
    UPDATE "or""der`s'; --" SET "e""mail`s'" = NULL, "e""mail`s index" = NULL WHERE "i""d`'" IS NEW."i""d`'";
END;
DROP TRIGGER IF EXISTS "or""der`s'; --_n""ote`'_diesel_envelope_shape_insert";
DROP TRIGGER IF EXISTS "or""der`s'; --_n""ote`'_diesel_envelope_shape_update";
