-- relax: users (email, note): allows NULL in the plaintext columns.
-- If a program writes only the ciphertext, a trigger sets the plaintext to NULL.
-- Run it when no program reads the plaintext, before you deploy a program that does not write it.
ALTER TABLE "users"
    ALTER COLUMN "email_plain" DROP NOT NULL;
CREATE FUNCTION "users_email_diesel_envelope_relax"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."email" IS DISTINCT FROM OLD."email"
        AND NOT (NEW."email_plain"::text COLLATE "C" IS DISTINCT FROM OLD."email_plain"::text COLLATE "C") THEN
        NEW."email_plain" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_email_diesel_envelope_relax" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_email_diesel_envelope_relax"();
