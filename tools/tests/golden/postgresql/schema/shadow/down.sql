-- Drops the second columns.
DROP TRIGGER "users_email_diesel_envelope_shadow" ON "app"."users";
DROP FUNCTION "app"."users_email_diesel_envelope_shadow"();
ALTER TABLE "app"."users"
    DROP COLUMN "email_index_b";
