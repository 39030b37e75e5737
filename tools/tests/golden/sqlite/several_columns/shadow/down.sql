-- Drops the second columns.
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_shadow";
DROP TRIGGER IF EXISTS "users_phone_diesel_envelope_shadow";
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_shadow";
ALTER TABLE "users"
    DROP COLUMN "email_index_b";
ALTER TABLE "users"
    DROP COLUMN "phone_index_b";
ALTER TABLE "users"
    DROP COLUMN "phone_last4_index_b";
ALTER TABLE "users"
    DROP COLUMN "note_index_b";
