-- bound: or"der`s'; -- (e"mail`s'): accepts only native values that are bound to their column (flag 0x01), or to their row (flag 0x04) in a column that is declared so.
-- Run it when no value in another format is left.
-- If one is left, this migration fails and changes nothing.
ALTER TABLE "or""der`s'; --"
    ADD CONSTRAINT "or""der`s'; --_e""mail`s'_diesel_envelope_row_bound" CHECK (get_byte("e""mail`s'", 0) = 161 AND get_byte("e""mail`s'", 1) & 5 = 5);
