-- The key of a row can change again, which makes the values that are bound to it unreadable.
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_row_key";
DROP TRIGGER IF EXISTS "users_name_diesel_envelope_row_key";
DROP TRIGGER IF EXISTS "users_iban_diesel_envelope_row_key";
DROP TRIGGER IF EXISTS "users_phone_diesel_envelope_row_key";
