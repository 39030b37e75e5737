-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
DO $diesel_envelope_1$
BEGIN
    LOCK TABLE "or""der`s'; --" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "or""der`s'; --" WHERE "e""mail`s'" IS NOT NULL AND "$diesel_envelope$ pla""in`'" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'or"der`s''; --.e"mail`s'' has values that have no plaintext: they would be lost';
    END IF;
    DROP TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_backfill" ON "or""der`s'; --";
    DROP FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_backfill"();
    ALTER TABLE "or""der`s'; --"
        DROP COLUMN "e""mail`s'",
        DROP COLUMN "e""mail`s index";
END
$diesel_envelope_1$;
