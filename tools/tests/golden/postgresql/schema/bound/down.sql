-- Accepts every ciphertext again.
ALTER TABLE "app"."users"
    DROP CONSTRAINT "users_email_diesel_envelope_bound";
