-- Accepts every ciphertext again.
ALTER TABLE "users"
    DROP CONSTRAINT "users_email_diesel_envelope_row_bound",
    DROP CONSTRAINT "users_name_diesel_envelope_bound",
    DROP CONSTRAINT "users_iban_diesel_envelope_row_bound",
    DROP CONSTRAINT "users_phone_diesel_envelope_bound",
    DROP CONSTRAINT "users_note_diesel_envelope_bound";
