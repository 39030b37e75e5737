-- promote: or"der`s'; -- (e"mail`s', n"ote`'): gives the second index columns the constraints of the first.
-- Run it when every program writes both columns and every row has both.
-- If a row has no second index, this migration fails and changes nothing.
DO $diesel_envelope_1$
BEGIN
    LOCK TABLE "or""der`s'; --" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "or""der`s'; --" WHERE "e""mail`s'" IS NOT NULL AND "sec""ond`'" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'or"der`s''; --.e"mail`s'' has values that sec"ond`'' does not find';
    END IF;
    DROP TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_shadow" ON "or""der`s'; --";
    DROP FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_shadow"();
    CREATE FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_first"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
    BEGIN
        IF NEW."sec""ond`'" IS DISTINCT FROM OLD."sec""ond`'"
            AND NEW."e""mail`s index" IS NOT DISTINCT FROM OLD."e""mail`s index" THEN
            NEW."e""mail`s index" := NULL;
        END IF;
        RETURN NEW;
    END
    $diesel_envelope$;
    CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_first" BEFORE UPDATE ON "or""der`s'; --"
        FOR EACH ROW EXECUTE FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_first"();
    ALTER TABLE "or""der`s'; --"
        ALTER COLUMN "sec""ond`'" SET NOT NULL,
        ALTER COLUMN "e""mail`s index" DROP NOT NULL;
    CREATE UNIQUE INDEX "or""der`s'; --_sec""ond`'_diesel_envelope_idx" ON "or""der`s'; --" ("sec""ond`'");
END
$diesel_envelope_1$;
