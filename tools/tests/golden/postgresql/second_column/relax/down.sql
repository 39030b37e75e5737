-- It fails where a row has no plaintext any more.
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_relax" ON "users";
DROP FUNCTION IF EXISTS "users_email_diesel_envelope_relax"();
