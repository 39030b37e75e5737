-- retire: users (email, phone, age, note): drops the first index columns.
-- Run it when no program reads or writes these columns.
DROP TRIGGER "users_email_diesel_envelope_first" ON "users";
DROP FUNCTION "users_email_diesel_envelope_first"();
DROP TRIGGER "users_phone_diesel_envelope_first" ON "users";
DROP FUNCTION "users_phone_diesel_envelope_first"();
DROP TRIGGER "users_note_diesel_envelope_first" ON "users";
DROP FUNCTION "users_note_diesel_envelope_first"();
ALTER TABLE "users"
    DROP COLUMN "email_index",
    DROP COLUMN "phone_index",
    DROP COLUMN "phone_last4_index",
    DROP COLUMN "note_index";
