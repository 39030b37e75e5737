-- The plaintext columns come back empty: no migration can decrypt.
SELECT 1;
