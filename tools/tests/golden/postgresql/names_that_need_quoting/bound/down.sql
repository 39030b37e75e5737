-- Accepts every ciphertext again.
ALTER TABLE "or""der`s'; --"
    DROP CONSTRAINT "or""der`s'; --_e""mail`s'_diesel_envelope_bound",
    DROP CONSTRAINT "or""der`s'; --_n""ote`'_diesel_envelope_bound";
