-- add: users (email): columns for ciphertext and its blind indexes, which take no plaintext.
-- To be run before any program writes ciphertext. Afterwards deploy the program that writes both, backfill, and verify.
ALTER TABLE "users"
    ADD COLUMN "email" BLOB CHECK ("email" IS NULL OR typeof("email") = 'blob' AND (
        length("email") >= 34 AND substr("email", 1, 1) BETWEEN x'a0' AND x'af'
        OR length("email") >= 100 AND length("email") % 4 = 0 AND substr("email", 1, 6) = x'674141414141'
    ));
