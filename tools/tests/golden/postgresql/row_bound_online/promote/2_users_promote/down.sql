-- Restores the state after the step shadow.
DROP TRIGGER "users_email_diesel_envelope_first" ON "users";
DROP FUNCTION "users_email_diesel_envelope_first"();
CREATE FUNCTION "users_email_diesel_envelope_shadow"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."email_index" IS DISTINCT FROM OLD."email_index"
        AND NEW."email_index_b" IS NOT DISTINCT FROM OLD."email_index_b" THEN
        NEW."email_index_b" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_email_diesel_envelope_shadow" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_email_diesel_envelope_shadow"();
