-- Accepts every ciphertext again.
DROP TRIGGER IF EXISTS "app"."users_email_diesel_envelope_bound_insert";
DROP TRIGGER IF EXISTS "app"."users_email_diesel_envelope_bound_update";
