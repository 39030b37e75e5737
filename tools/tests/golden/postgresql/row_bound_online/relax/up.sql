-- relax: users (email, name, iban, phone, note): allows NULL in the plaintext columns.
-- If a program writes only the ciphertext, a trigger sets the plaintext to NULL.
-- Run it when no program reads the plaintext, before you deploy a program that does not write it.
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
CREATE FUNCTION "users_name_diesel_envelope_relax"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."name" IS DISTINCT FROM OLD."name"
        AND NOT (NEW."name_plain"::text COLLATE "C" IS DISTINCT FROM OLD."name_plain"::text COLLATE "C") THEN
        NEW."name_plain" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_name_diesel_envelope_relax" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_name_diesel_envelope_relax"();
CREATE FUNCTION "users_iban_diesel_envelope_relax"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."iban" IS DISTINCT FROM OLD."iban"
        AND NOT (NEW."iban_plain"::text COLLATE "C" IS DISTINCT FROM OLD."iban_plain"::text COLLATE "C") THEN
        NEW."iban_plain" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_iban_diesel_envelope_relax" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_iban_diesel_envelope_relax"();
CREATE FUNCTION "users_phone_diesel_envelope_relax"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."phone" IS DISTINCT FROM OLD."phone"
        AND NOT (NEW."phone_plain"::text COLLATE "C" IS DISTINCT FROM OLD."phone_plain"::text COLLATE "C") THEN
        NEW."phone_plain" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_phone_diesel_envelope_relax" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_phone_diesel_envelope_relax"();
CREATE FUNCTION "users_note_diesel_envelope_relax"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."note" IS DISTINCT FROM OLD."note"
        AND NOT (NEW."note_plain"::text COLLATE "C" IS DISTINCT FROM OLD."note_plain"::text COLLATE "C") THEN
        NEW."note_plain" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_note_diesel_envelope_relax" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_note_diesel_envelope_relax"();
