-- shadow: users (email, name, iban, phone, note): adds second columns for blind indexes whose key rotates.
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
    ADD COLUMN "email_index_b" blind_index
        CONSTRAINT "users_email_index_b_diesel_envelope_shape" CHECK (octet_length("email_index_b") = 32);
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
