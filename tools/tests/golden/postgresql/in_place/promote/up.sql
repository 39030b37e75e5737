-- promote: users (note): gives the second index columns the constraints of the first.
-- Run it when every program writes both columns and every row has both.
-- If a row has no second index, this migration fails and changes nothing.
DO $diesel_envelope_1$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "users" WHERE "note" IS NOT NULL AND "note_index_b" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.note has values that note_index_b does not find';
    END IF;
    DROP TRIGGER "users_note_diesel_envelope_shadow" ON "users";
    DROP FUNCTION "users_note_diesel_envelope_shadow"();
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
    CREATE INDEX "users_note_index_b_diesel_envelope_idx" ON "users" ("note_index_b");
END
$diesel_envelope_1$;
