-- retire: users (note): the first index columns go.
-- To be run when no program reads or writes them any more.
DROP TRIGGER `users_note_diesel_envelope_first`;
ALTER TABLE `users`
    DROP COLUMN `note_index`;
