-- bound: users (note): only native values that are bound to a column (flag 0x01) are taken.
-- To be run when no Fernet token and no unbound value is left. It fails, and changes nothing, where one is.
ALTER TABLE `users`
    ADD CONSTRAINT `users_note_diesel_envelope_bound` CHECK (
        LEFT(`note`, 6) = 'de1.oQ' AND SUBSTR(`note`, 7, 1) IN ('E', 'F', 'G', 'H', 'M', 'N', 'O', 'P')
    );
