-- Checks the existing values too, without blocking readers or writers of the table.
ALTER TABLE "users"
    VALIDATE CONSTRAINT "users_email_diesel_envelope_row_bound",
    VALIDATE CONSTRAINT "users_name_diesel_envelope_bound",
    VALIDATE CONSTRAINT "users_iban_diesel_envelope_row_bound",
    VALIDATE CONSTRAINT "users_phone_diesel_envelope_bound",
    VALIDATE CONSTRAINT "users_note_diesel_envelope_bound";
