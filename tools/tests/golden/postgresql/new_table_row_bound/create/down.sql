-- Drops the table and its rows. Other tables may use the domains, so they stay.
DROP TABLE "users";
DROP FUNCTION "users_iban_diesel_envelope_row_key"();
DROP FUNCTION "users_email_diesel_envelope_row_key"();
DROP FUNCTION "users_name_diesel_envelope_row_key"();
