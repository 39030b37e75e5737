-- Adds the first columns again, without values.
ALTER TABLE "users"
    ADD COLUMN "email_index" blind_index
        CONSTRAINT "users_email_index_diesel_envelope_shape" CHECK (octet_length("email_index") = 32),
    ADD COLUMN "phone_index" blind_index
        CONSTRAINT "users_phone_index_diesel_envelope_shape" CHECK (octet_length("phone_index") = 32),
    ADD COLUMN "phone_last4_index" blind_index
        CONSTRAINT "users_phone_last4_index_diesel_envelope_shape" CHECK (octet_length("phone_last4_index") = 2),
    ADD COLUMN "note_index" blind_index
        CONSTRAINT "users_note_index_diesel_envelope_shape" CHECK (octet_length("note_index") = 3);
CREATE UNIQUE INDEX "users_email_index_diesel_envelope_idx" ON "users" ("email_index");
CREATE UNIQUE INDEX "users_phone_index_diesel_envelope_idx" ON "users" ("phone_index");
CREATE INDEX "users_phone_last4_index_diesel_envelope_idx" ON "users" ("phone_last4_index");
CREATE INDEX "users_note_index_diesel_envelope_idx" ON "users" ("note_index");
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
CREATE FUNCTION "users_phone_diesel_envelope_first"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."phone_index_b" IS DISTINCT FROM OLD."phone_index_b"
        AND NEW."phone_index" IS NOT DISTINCT FROM OLD."phone_index" THEN
        NEW."phone_index" := NULL;
    END IF;
    IF NEW."phone_last4_index_b" IS DISTINCT FROM OLD."phone_last4_index_b"
        AND NEW."phone_last4_index" IS NOT DISTINCT FROM OLD."phone_last4_index" THEN
        NEW."phone_last4_index" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_phone_diesel_envelope_first" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_phone_diesel_envelope_first"();
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
