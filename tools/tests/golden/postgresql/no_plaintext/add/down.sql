-- Drops what is encrypted. It fails, and changes nothing, where a row has a ciphertext and no plaintext.
DO $diesel_envelope$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
    ALTER TABLE "users"
        DROP COLUMN "email";
END
$diesel_envelope$;
