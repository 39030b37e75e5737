-- The key of a row can change again, which makes the values that are bound to it unreadable.
DROP TRIGGER "users_email_diesel_envelope_row_key" ON "users";
DROP FUNCTION "users_email_diesel_envelope_row_key"();
DROP TRIGGER "users_name_diesel_envelope_row_key" ON "users";
DROP FUNCTION "users_name_diesel_envelope_row_key"();
DROP TRIGGER "users_iban_diesel_envelope_row_key" ON "users";
DROP FUNCTION "users_iban_diesel_envelope_row_key"();
DROP TRIGGER "users_phone_diesel_envelope_row_key" ON "users";
DROP FUNCTION "users_phone_diesel_envelope_row_key"();
