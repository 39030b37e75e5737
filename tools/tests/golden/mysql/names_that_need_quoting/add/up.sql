-- add: or"der`s'; -- (e"mail`s', n"ote`'): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
ALTER TABLE `or"der``s'; --`
    ADD COLUMN `e"mail``s'` VARBINARY(384),
    ADD COLUMN `e"mail``s index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`e"mail``s index`) = 32),
    ADD INDEX `or"der``s'; --_e"mail``s index_diesel_envelope_idx` (`e"mail``s index`),
    ADD CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`e"mail``s'`) >= 34 AND LEFT(`e"mail``s'`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`e"mail``s'`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`e"mail``s'` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`e"mail``s'`) % 64 = 12 AND CONVERT(`e"mail``s'` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`e"mail``s'`) % 64 = 36 AND CONVERT(`e"mail``s'` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`e"mail``s'`) % 64 = 56 AND CONVERT(`e"mail``s'` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    );
CREATE TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_backfill` BEFORE UPDATE ON `or"der``s'; --` FOR EACH ROW SET
    NEW.`e"mail``s index` = IF(
        NOT (CAST(OLD.`$diesel_envelope$ pla"in``'` AS BINARY) <=> CAST(NEW.`$diesel_envelope$ pla"in``'` AS BINARY))
        AND CAST(OLD.`e"mail``s'` AS BINARY) <=> CAST(NEW.`e"mail``s'` AS BINARY),
        NULL, NEW.`e"mail``s index`
    ),
    NEW.`e"mail``s'` = IF(
        NOT (CAST(OLD.`$diesel_envelope$ pla"in``'` AS BINARY) <=> CAST(NEW.`$diesel_envelope$ pla"in``'` AS BINARY))
        AND CAST(OLD.`e"mail``s'` AS BINARY) <=> CAST(NEW.`e"mail``s'` AS BINARY),
        NULL, NEW.`e"mail``s'`
    );
