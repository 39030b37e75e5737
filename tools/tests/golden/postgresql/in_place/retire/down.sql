-- Adds the first columns again, without values.
ALTER TABLE "users"
    ADD COLUMN "note_index" blind_index
        CONSTRAINT "users_note_index_diesel_envelope_shape" CHECK (octet_length("note_index") = 3);
CREATE INDEX "users_note_index_diesel_envelope_idx" ON "users" ("note_index");
CREATE FUNCTION "users_note_diesel_envelope_first"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."note_index_b" IS DISTINCT FROM OLD."note_index_b"
        AND NEW."note_index" IS NOT DISTINCT FROM OLD."note_index" THEN
        NEW."note_index" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_note_diesel_envelope_first" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_note_diesel_envelope_first"();
