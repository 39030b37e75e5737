-- If a row has no plaintext, this migration fails.
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_relax" ON "users";
DROP FUNCTION IF EXISTS "users_email_diesel_envelope_relax"();
DROP TRIGGER IF EXISTS "users_name_diesel_envelope_relax" ON "users";
DROP FUNCTION IF EXISTS "users_name_diesel_envelope_relax"();
DROP TRIGGER IF EXISTS "users_iban_diesel_envelope_relax" ON "users";
DROP FUNCTION IF EXISTS "users_iban_diesel_envelope_relax"();
DROP TRIGGER IF EXISTS "users_phone_diesel_envelope_relax" ON "users";
DROP FUNCTION IF EXISTS "users_phone_diesel_envelope_relax"();
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_relax" ON "users";
DROP FUNCTION IF EXISTS "users_note_diesel_envelope_relax"();
