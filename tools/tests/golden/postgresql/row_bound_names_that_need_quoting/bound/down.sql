-- Accepts every ciphertext again.
ALTER TABLE "or""der`s'; --"
    DROP CONSTRAINT "or""der`s'; --_e""mail`s'_diesel_envelope_row_bound";
