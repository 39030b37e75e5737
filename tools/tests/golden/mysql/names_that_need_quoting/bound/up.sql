-- bound: or"der`s'; -- (e"mail`s', n"ote`'): accepts only native values that are bound to their column (flag 0x01).
-- Run it when no Fernet token and no unbound value is left.
-- If one is left, this migration fails and changes nothing.
ALTER TABLE `or"der``s'; --`
    ADD CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_bound` CHECK (
        ORD(LEFT(`e"mail``s'`, 1)) = 161 AND ORD(SUBSTR(`e"mail``s'`, 2, 1)) & 1 = 1
    ),
    ADD CONSTRAINT `or"der``s'; --_n"ote``'_diesel_envelope_bound` CHECK (
        LEFT(`n"ote``'`, 6) = 'de1.oQ' AND SUBSTR(`n"ote``'`, 7, 1) IN ('E', 'F', 'G', 'H', 'M', 'N', 'O', 'P')
    );
