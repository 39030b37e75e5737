-- widen: users (email, phone, age, note): makes room for ciphertext in columns with plaintext.
-- Run it before any program writes ciphertext to these columns.
-- Running programs have to reconnect: their prepared statements fail with `cached plan must not change result type`.
ALTER TABLE "users"
    ALTER COLUMN "note" TYPE text COLLATE "utf8mb4_general_ci";
