-- Adds the first columns again, without values.
ALTER TABLE "users"
    ADD COLUMN "email_index" blind_index
        CONSTRAINT "users_email_index_diesel_envelope_shape" CHECK (octet_length("email_index") = 32);
CREATE INDEX "users_email_index_diesel_envelope_idx" ON "users" ("email_index");
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
