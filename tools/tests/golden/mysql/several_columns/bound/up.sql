-- bound: users (email, phone, age, note): accepts only native values that are bound to their column (flag 0x01).
-- Run it when no Fernet token and no unbound value is left.
-- If one is left, this migration fails and changes nothing.
ALTER TABLE `users`
    ADD CONSTRAINT `users_email_diesel_envelope_bound` CHECK (
        ORD(LEFT(`email`, 1)) = 161 AND ORD(SUBSTR(`email`, 2, 1)) & 1 = 1
    ),
    ADD CONSTRAINT `users_phone_diesel_envelope_bound` CHECK (
        LEFT(`phone`, 6) = 'de1.oQ' AND SUBSTR(`phone`, 7, 1) IN ('E', 'F', 'G', 'H', 'M', 'N', 'O', 'P')
    ),
    ADD CONSTRAINT `users_age_diesel_envelope_bound` CHECK (
        ORD(LEFT(`age`, 1)) = 161 AND ORD(SUBSTR(`age`, 2, 1)) & 1 = 1
    ),
    ADD CONSTRAINT `users_note_diesel_envelope_bound` CHECK (
        LEFT(`note`, 6) = 'de1.oQ' AND SUBSTR(`note`, 7, 1) IN ('E', 'F', 'G', 'H', 'M', 'N', 'O', 'P')
    );
