-- If a row has no plaintext, this migration fails.
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_relax" ON "users";
DROP FUNCTION IF EXISTS "users_email_diesel_envelope_relax"();
ALTER TABLE "users"
    ALTER COLUMN "email_plain" SET NOT NULL;
