-- Checks the existing values too, without blocking readers or writers of the table.
ALTER TABLE "users"
    VALIDATE CONSTRAINT "users_email_diesel_envelope_bound",
    VALIDATE CONSTRAINT "users_phone_diesel_envelope_bound",
    VALIDATE CONSTRAINT "users_age_diesel_envelope_bound",
    VALIDATE CONSTRAINT "users_note_diesel_envelope_bound";
