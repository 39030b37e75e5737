-- widen: or"der`s'; -- (e"mail`s', n"ote`'): room for ciphertext in columns that hold plaintext.
-- To be run before any program writes ciphertext to them.
-- Programs that run have to connect again: their prepared statements fail with `cached plan must not change result type`.
ALTER TABLE "or""der`s'; --"
    ALTER COLUMN "n""ote`'" TYPE text COLLATE "C";
