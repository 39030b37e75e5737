-- If a row has no plaintext, this migration fails.
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_relax" ON "or""der`s'; --";
DROP FUNCTION IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_relax"();
ALTER TABLE "or""der`s'; --"
    ALTER COLUMN "$diesel_envelope$ pla""in`'" SET NOT NULL;
