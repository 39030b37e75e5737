-- Accepts every ciphertext again.
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_row_bound_insert";
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_row_bound_update";
