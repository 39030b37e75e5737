-- Restores the state after the step shadow.
DROP INDEX IF EXISTS "or""der`s'; --_sec""ond`'_diesel_envelope_idx";
ALTER TABLE "or""der`s'; --"
    ALTER COLUMN "sec""ond`'" DROP NOT NULL,
    ALTER COLUMN "e""mail`s index" SET NOT NULL;
DROP TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_first" ON "or""der`s'; --";
DROP FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_first"();
CREATE FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_shadow"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."e""mail`s index" IS DISTINCT FROM OLD."e""mail`s index"
        AND NEW."sec""ond`'" IS NOT DISTINCT FROM OLD."sec""ond`'" THEN
        NEW."sec""ond`'" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_shadow" BEFORE UPDATE ON "or""der`s'; --"
    FOR EACH ROW EXECUTE FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_shadow"();
