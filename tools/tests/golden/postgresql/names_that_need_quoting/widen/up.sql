-- widen: or"der`s'; -- (e"mail`s', n"ote`'): makes room for ciphertext in columns with plaintext.
-- Run it before any program writes ciphertext to these columns.
-- Running programs have to reconnect: their prepared statements fail with `cached plan must not change result type`.
ALTER TABLE "or""der`s'; --"
    ALTER COLUMN "n""ote`'" TYPE text COLLATE "C";
