-- Adds the first columns again, without values.
ALTER TABLE "or""der`s'; --"
    ADD COLUMN "e""mail`s index" blind_index
        CONSTRAINT "or""der`s'; --_e""mail`s index_diesel_envelope_shape" CHECK (octet_length("e""mail`s index") = 32);
CREATE UNIQUE INDEX "or""der`s'; --_e""mail`s index_diesel_envelope_idx" ON "or""der`s'; --" ("e""mail`s index");
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
