-- promote: users (email, name, iban, phone, note): gives the second index columns the constraints of the first.
-- Run it when every program writes both columns and every row has both.
-- If a row has no second index, this migration fails and changes nothing.
DO $diesel_envelope_1$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "users" WHERE "email" IS NOT NULL AND "email_index_b" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.email has values that email_index_b does not find';
    END IF;
    DROP TRIGGER "users_email_diesel_envelope_shadow" ON "users";
    DROP FUNCTION "users_email_diesel_envelope_shadow"();
    CREATE FUNCTION "users_email_diesel_envelope_first"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
    BEGIN
        IF NEW."email_index_b" IS DISTINCT FROM OLD."email_index_b"
            AND NEW."email_index" IS NOT DISTINCT FROM OLD."email_index" THEN
            NEW."email_index" := NULL;
        END IF;
        RETURN NEW;
    END
    $diesel_envelope$;
    CREATE TRIGGER "users_email_diesel_envelope_first" BEFORE UPDATE ON "users"
        FOR EACH ROW EXECUTE FUNCTION "users_email_diesel_envelope_first"();
END
$diesel_envelope_1$;
