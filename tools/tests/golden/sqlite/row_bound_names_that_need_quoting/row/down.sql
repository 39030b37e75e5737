-- The key of a row can change again, which makes the values that are bound to it unreadable.
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_row_key";
