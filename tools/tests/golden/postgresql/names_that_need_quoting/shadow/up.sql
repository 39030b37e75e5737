-- shadow: or"der`s'; -- (e"mail`s', n"ote`'): adds second columns for blind indexes whose key rotates.
-- Run it before a program writes under the new index key.
-- Then deploy the program that writes both columns, and run rotate.
DO $diesel_envelope$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('blind_index') AND typtype = 'd') THEN
        CREATE DOMAIN blind_index AS bytea CHECK (octet_length(VALUE) BETWEEN 1 AND 32);
    END IF;
END
$diesel_envelope$;
ALTER TABLE "or""der`s'; --"
    ADD COLUMN "sec""ond`'" blind_index
        CONSTRAINT "or""der`s'; --_sec""ond`'_diesel_envelope_shape" CHECK (octet_length("sec""ond`'") = 32);
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
