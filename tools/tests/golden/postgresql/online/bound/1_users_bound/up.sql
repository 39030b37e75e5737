-- bound: users (email, phone, age, note): accepts only native values that are bound to their column (flag 0x01).
-- Run it when no Fernet token and no unbound value is left.
-- If one is left, this migration fails and changes nothing.
ALTER TABLE "users"
    ADD CONSTRAINT "users_email_diesel_envelope_bound" CHECK (get_byte("email", 0) = 161 AND get_byte("email", 1) & 1 = 1) NOT VALID,
    ADD CONSTRAINT "users_phone_diesel_envelope_bound" CHECK ("phone" COLLATE "C" ~ '^de1[.]oQ[E-HM-P]') NOT VALID,
    ADD CONSTRAINT "users_age_diesel_envelope_bound" CHECK (get_byte("age", 0) = 161 AND get_byte("age", 1) & 1 = 1) NOT VALID,
    ADD CONSTRAINT "users_note_diesel_envelope_bound" CHECK ("note" COLLATE "C" ~ '^de1[.]oQ[E-HM-P]') NOT VALID;
