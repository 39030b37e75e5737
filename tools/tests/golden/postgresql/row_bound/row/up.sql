-- row: users (email, name, iban, phone): refuses an UPDATE of the key of a row that leaves a value bound to that key.
-- Run it before any program writes values that are bound to their row.
CREATE FUNCTION "users_email_diesel_envelope_row_key"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'users.email is bound to its row: an UPDATE of tenant, id must write email too';
END
$diesel_envelope$;
CREATE TRIGGER "users_email_diesel_envelope_row_key" BEFORE UPDATE ON "users"
    FOR EACH ROW WHEN (
        NEW."email" = OLD."email"
        AND (NEW."tenant"::text COLLATE "C" IS DISTINCT FROM OLD."tenant"::text COLLATE "C" OR NEW."id"::text COLLATE "C" IS DISTINCT FROM OLD."id"::text COLLATE "C")
    )
    EXECUTE FUNCTION "users_email_diesel_envelope_row_key"();
CREATE FUNCTION "users_name_diesel_envelope_row_key"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'users.name is bound to its row: an UPDATE of id must write name too';
END
$diesel_envelope$;
CREATE TRIGGER "users_name_diesel_envelope_row_key" BEFORE UPDATE ON "users"
    FOR EACH ROW WHEN (
        NEW."name" = OLD."name"
        AND (NEW."id"::text COLLATE "C" IS DISTINCT FROM OLD."id"::text COLLATE "C")
    )
    EXECUTE FUNCTION "users_name_diesel_envelope_row_key"();
CREATE FUNCTION "users_iban_diesel_envelope_row_key"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'users.iban is bound to its row: an UPDATE of id must write iban too';
END
$diesel_envelope$;
CREATE TRIGGER "users_iban_diesel_envelope_row_key" BEFORE UPDATE ON "users"
    FOR EACH ROW WHEN (
        NEW."iban" = OLD."iban"
        AND (NEW."id"::text COLLATE "C" IS DISTINCT FROM OLD."id"::text COLLATE "C")
    )
    EXECUTE FUNCTION "users_iban_diesel_envelope_row_key"();
CREATE FUNCTION "users_phone_diesel_envelope_row_key"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'users.phone is bound to its row: an UPDATE of id must write phone too';
END
$diesel_envelope$;
CREATE TRIGGER "users_phone_diesel_envelope_row_key" BEFORE UPDATE ON "users"
    FOR EACH ROW WHEN (
        NEW."phone" = OLD."phone"
        AND (NEW."id"::text COLLATE "C" IS DISTINCT FROM OLD."id"::text COLLATE "C")
    )
    EXECUTE FUNCTION "users_phone_diesel_envelope_row_key"();
