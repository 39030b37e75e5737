-- bound: users (email): accepts only native values that are bound to their column (flag 0x01).
-- Run it when no Fernet token and no unbound value is left.
-- If one is left, this migration fails and changes nothing.
ALTER TABLE `users`
    ADD CONSTRAINT `users_email_diesel_envelope_bound` CHECK (
        ORD(LEFT(`email`, 1)) = 161 AND ORD(SUBSTR(`email`, 2, 1)) & 1 = 1
    );
