-- create: users (email, iban): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
-- If the table has rows, this migration fails: a NOT NULL column can be added only to an empty table.
ALTER TABLE "users"
    ADD COLUMN "email" bytea NOT NULL,
    ADD CONSTRAINT "users_email_diesel_envelope_shape" CHECK (
        octet_length("email") >= 34 AND substring("email" FROM 1 FOR 1) BETWEEN '\xa0' AND '\xaf'
        OR octet_length("email") >= 100 AND (
            octet_length("email") % 64 = 12 AND encode("email", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length("email") % 64 = 36 AND encode("email", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
            octet_length("email") % 64 = 56 AND encode("email", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
        )
    ) NOT VALID,
    ADD COLUMN "email_index" bytea NOT NULL,
    ADD CONSTRAINT "users_email_index_diesel_envelope_shape" CHECK (octet_length("email_index") = 32) NOT VALID,
    ADD COLUMN "iban" bytea NOT NULL,
    ADD CONSTRAINT "users_iban_diesel_envelope_shape" CHECK (
        octet_length("iban") >= 34 AND substring("iban" FROM 1 FOR 1) BETWEEN '\xa0' AND '\xaf'
        OR octet_length("iban") >= 100 AND (
            octet_length("iban") % 64 = 12 AND encode("iban", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length("iban") % 64 = 36 AND encode("iban", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
            octet_length("iban") % 64 = 56 AND encode("iban", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
        )
    ) NOT VALID,
    ADD COLUMN "iban_index" bytea NOT NULL,
    ADD CONSTRAINT "users_iban_index_diesel_envelope_shape" CHECK (octet_length("iban_index") = 32) NOT VALID,
    ADD COLUMN "iban_last4_index" bytea NOT NULL,
    ADD CONSTRAINT "users_iban_last4_index_diesel_envelope_shape" CHECK (octet_length("iban_last4_index") = 2) NOT VALID,
    ADD CONSTRAINT "users_iban_diesel_envelope_bound" CHECK (get_byte("iban", 0) = 161 AND get_byte("iban", 1) & 1 = 1);
