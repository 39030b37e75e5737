-- bound: or"der`s'; -- (e"mail`s', n"ote`'): accepts only native values that are bound to their column (flag 0x01).
-- Run it when no Fernet token and no unbound value is left.
-- If one is left, this migration fails and changes nothing.
ALTER TABLE "or""der`s'; --"
    ADD CONSTRAINT "or""der`s'; --_e""mail`s'_diesel_envelope_bound" CHECK (get_byte("e""mail`s'", 0) = 161 AND get_byte("e""mail`s'", 1) & 1 = 1),
    ADD CONSTRAINT "or""der`s'; --_n""ote`'_diesel_envelope_bound" CHECK ("n""ote`'" COLLATE "C" ~ '^de1[.]oQ[E-HM-P]');
