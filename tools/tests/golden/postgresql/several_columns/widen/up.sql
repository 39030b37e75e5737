-- widen: users (email, phone, age, note): room for ciphertext in columns that hold plaintext.
-- To be run before any program writes ciphertext to them.
-- Programs that run have to connect again: their prepared statements fail with `cached plan must not change result type`.
ALTER TABLE "users"
    ALTER COLUMN "note" TYPE text COLLATE "utf8mb4_general_ci";
