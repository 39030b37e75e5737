-- Drops the encrypted columns and their values. Other tables may use the domains, so they stay.
DROP TRIGGER "users_iban_diesel_envelope_row_key" ON "users";
DROP FUNCTION "users_iban_diesel_envelope_row_key"();
DROP TRIGGER "users_email_diesel_envelope_row_key" ON "users";
DROP FUNCTION "users_email_diesel_envelope_row_key"();
DROP TRIGGER "users_name_diesel_envelope_row_key" ON "users";
DROP FUNCTION "users_name_diesel_envelope_row_key"();
ALTER TABLE "users"
    DROP COLUMN "iban",
    DROP COLUMN "email",
    DROP COLUMN "name";
