-- Drops the second columns.
DROP TRIGGER "users_email_diesel_envelope_shadow" ON "users";
DROP FUNCTION "users_email_diesel_envelope_shadow"();
DROP TRIGGER "users_phone_diesel_envelope_shadow" ON "users";
DROP FUNCTION "users_phone_diesel_envelope_shadow"();
DROP TRIGGER "users_note_diesel_envelope_shadow" ON "users";
DROP FUNCTION "users_note_diesel_envelope_shadow"();
ALTER TABLE "users"
    DROP COLUMN "email_index_b",
    DROP COLUMN "phone_index_b",
    DROP COLUMN "phone_last4_index_b",
    DROP COLUMN "note_index_b";
