-- Restores the state after the step shadow.
DROP INDEX IF EXISTS "users_note_index_b_diesel_envelope_idx";
DROP TRIGGER "users_note_diesel_envelope_first" ON "users";
DROP FUNCTION "users_note_diesel_envelope_first"();
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
