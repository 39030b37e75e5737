-- Accepts every ciphertext again.
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_bound_insert";
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_bound_update";
DROP TRIGGER IF EXISTS "or""der`s'; --_n""ote`'_diesel_envelope_bound_insert";
DROP TRIGGER IF EXISTS "or""der`s'; --_n""ote`'_diesel_envelope_bound_update";
