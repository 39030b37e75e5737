-- promote: users (email, phone, age, note): gives the second index columns the constraints of the first.
-- Run it when every program writes both columns and every row has both.
-- If a row has no second index, this migration fails and changes nothing.
DO $diesel_envelope_1$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "users" WHERE "email" IS NOT NULL AND "email_index_b" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.email has values that email_index_b does not find';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "phone" IS NOT NULL AND "phone_index_b" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.phone has values that phone_index_b does not find';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "phone" IS NOT NULL AND "phone_last4_index_b" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.phone has values that phone_last4_index_b does not find';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "note" IS NOT NULL AND "note_index_b" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.note has values that note_index_b does not find';
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
    DROP TRIGGER "users_phone_diesel_envelope_shadow" ON "users";
    DROP FUNCTION "users_phone_diesel_envelope_shadow"();
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
    ALTER TABLE "users"
        ALTER COLUMN "email_index_b" SET NOT NULL,
        ALTER COLUMN "email_index" DROP NOT NULL;
    CREATE UNIQUE INDEX "users_email_index_b_diesel_envelope_idx" ON "users" ("email_index_b");
    CREATE UNIQUE INDEX "users_phone_index_b_diesel_envelope_idx" ON "users" ("phone_index_b");
    CREATE INDEX "users_phone_last4_index_b_diesel_envelope_idx" ON "users" ("phone_last4_index_b");
    CREATE INDEX "users_note_index_b_diesel_envelope_idx" ON "users" ("note_index_b");
END
$diesel_envelope_1$;
