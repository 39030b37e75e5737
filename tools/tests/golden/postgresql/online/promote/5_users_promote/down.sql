-- Restores the state after the step shadow.
ALTER TABLE "users"
    ALTER COLUMN "email_index_b" DROP NOT NULL,
    ALTER COLUMN "email_index" SET NOT NULL;
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
DROP TRIGGER "users_phone_diesel_envelope_first" ON "users";
DROP FUNCTION "users_phone_diesel_envelope_first"();
CREATE FUNCTION "users_phone_diesel_envelope_shadow"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."phone_index" IS DISTINCT FROM OLD."phone_index"
        AND NEW."phone_index_b" IS NOT DISTINCT FROM OLD."phone_index_b" THEN
        NEW."phone_index_b" := NULL;
    END IF;
    IF NEW."phone" IS DISTINCT FROM OLD."phone"
        AND NEW."phone_last4_index_b" IS NOT DISTINCT FROM OLD."phone_last4_index_b" THEN
        NEW."phone_last4_index_b" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_phone_diesel_envelope_shadow" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_phone_diesel_envelope_shadow"();
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
