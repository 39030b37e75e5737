-- shadow: users (note): adds second columns for blind indexes whose key rotates.
-- Run it before a program writes under the new index key.
-- Then deploy the program that writes both columns, and run rotate.
DO $diesel_envelope$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('blind_index') AND typtype = 'd') THEN
        CREATE DOMAIN blind_index AS bytea CHECK (octet_length(VALUE) BETWEEN 1 AND 32);
    END IF;
END
$diesel_envelope$;
ALTER TABLE "users"
    ADD COLUMN "note_index_b" blind_index
        CONSTRAINT "users_note_index_b_diesel_envelope_shape" CHECK (octet_length("note_index_b") = 3);
CREATE FUNCTION "users_note_diesel_envelope_shadow"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."note"::text COLLATE "C" IS DISTINCT FROM OLD."note"::text COLLATE "C"
        AND NEW."note_index_b" IS NOT DISTINCT FROM OLD."note_index_b" THEN
        NEW."note_index_b" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_note_diesel_envelope_shadow" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_note_diesel_envelope_shadow"();
