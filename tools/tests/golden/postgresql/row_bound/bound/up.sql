-- bound: users (email, name, iban, phone, note): accepts only native values that are bound to their column (flag 0x01), or to their row (flag 0x04) in a column that is declared so.
-- Run it when no value in another format is left.
-- If one is left, this migration fails and changes nothing.
ALTER TABLE "users"
    ADD CONSTRAINT "users_email_diesel_envelope_row_bound" CHECK (get_byte("email", 0) = 161 AND get_byte("email", 1) & 5 = 5),
    ADD CONSTRAINT "users_name_diesel_envelope_bound" CHECK (get_byte("name", 0) = 161 AND get_byte("name", 1) & 1 = 1),
    ADD CONSTRAINT "users_iban_diesel_envelope_row_bound" CHECK ("iban" COLLATE "C" ~ '^de1[.]oQ[U-Xc-f]'),
    ADD CONSTRAINT "users_phone_diesel_envelope_bound" CHECK ("phone" COLLATE "C" ~ '^de1[.]oQ[E-HM-PU-Xc-f]'),
    ADD CONSTRAINT "users_note_diesel_envelope_bound" CHECK (get_byte("note", 0) = 161 AND get_byte("note", 1) & 1 = 1);
