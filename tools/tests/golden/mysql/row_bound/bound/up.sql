-- bound: users (email, name, iban, phone, note): accepts only native values that are bound to their column (flag 0x01), or to their row (flag 0x04) in a column that is declared so.
-- Run it when no value in another format is left.
-- If one is left, this migration fails and changes nothing.
ALTER TABLE `users`
    ADD CONSTRAINT `users_email_diesel_envelope_row_bound` CHECK (
        ORD(LEFT(`email`, 1)) = 161 AND ORD(SUBSTR(`email`, 2, 1)) & 5 = 5
    ),
    ADD CONSTRAINT `users_name_diesel_envelope_bound` CHECK (
        ORD(LEFT(`name`, 1)) = 161 AND ORD(SUBSTR(`name`, 2, 1)) & 1 = 1
    ),
    ADD CONSTRAINT `users_iban_diesel_envelope_row_bound` CHECK (
        LEFT(`iban`, 6) = 'de1.oQ' AND SUBSTR(`iban`, 7, 1) IN ('U', 'V', 'W', 'X', 'c', 'd', 'e', 'f')
    ),
    ADD CONSTRAINT `users_phone_diesel_envelope_bound` CHECK (
        LEFT(`phone`, 6) = 'de1.oQ' AND SUBSTR(`phone`, 7, 1) IN ('E', 'F', 'G', 'H', 'M', 'N', 'O', 'P', 'U', 'V', 'W', 'X', 'c', 'd', 'e', 'f')
    ),
    ADD CONSTRAINT `users_note_diesel_envelope_bound` CHECK (
        ORD(LEFT(`note`, 1)) = 161 AND ORD(SUBSTR(`note`, 2, 1)) & 1 = 1
    );
