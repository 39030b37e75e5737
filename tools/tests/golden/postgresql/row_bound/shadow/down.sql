-- Drops the second columns.
DROP TRIGGER "users_email_diesel_envelope_shadow" ON "users";
DROP FUNCTION "users_email_diesel_envelope_shadow"();
ALTER TABLE "users"
    DROP COLUMN "email_index_b";
