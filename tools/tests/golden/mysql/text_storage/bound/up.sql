-- bound: users (email): accepts only native values that are bound to their column (flag 0x01).
-- Run it when no Fernet token and no unbound value is left.
-- If one is left, this migration fails and changes nothing.
ALTER TABLE `users`
    ADD CONSTRAINT `users_email_diesel_envelope_bound` CHECK (
        LEFT(`email`, 6) = 'de1.oQ' AND SUBSTR(`email`, 7, 1) IN ('E', 'F', 'G', 'H', 'M', 'N', 'O', 'P')
    );
