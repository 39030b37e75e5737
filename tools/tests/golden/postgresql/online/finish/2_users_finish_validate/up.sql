-- Checks the existing values too, without blocking readers or writers of the table.
ALTER TABLE "users"
    VALIDATE CONSTRAINT "users_note_diesel_envelope_shape";
