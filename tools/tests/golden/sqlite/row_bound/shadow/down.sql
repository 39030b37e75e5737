-- Drops the second columns.
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_shadow";
ALTER TABLE "users"
    DROP COLUMN "email_index_b";
