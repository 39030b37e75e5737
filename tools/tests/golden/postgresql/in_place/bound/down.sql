-- Accepts every ciphertext again.
ALTER TABLE "users"
    DROP CONSTRAINT "users_note_diesel_envelope_bound";
