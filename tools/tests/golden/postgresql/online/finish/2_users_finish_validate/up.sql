-- Old values are checked too, beside the readers and writers of the table.
ALTER TABLE "users"
    VALIDATE CONSTRAINT "users_note_diesel_envelope_shape";
