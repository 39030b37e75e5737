-- relax: or"der`s'; -- (e"mail`s', n"ote`'): allows NULL in the plaintext columns.
-- If a program writes only the ciphertext, a trigger sets the plaintext to NULL.
-- Run it when no program reads the plaintext, before you deploy a program that does not write it.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `or"der``s'; --`
    MODIFY COLUMN `$diesel_envelope$ pla"in``'` varchar(50) COLLATE `coll"ation``'` NULL;
CREATE TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_relax` BEFORE UPDATE ON `or"der``s'; --` FOR EACH ROW SET
    NEW.`$diesel_envelope$ pla"in``'` = IF(
        NOT (CAST(OLD.`e"mail``s'` AS BINARY) <=> CAST(NEW.`e"mail``s'` AS BINARY))
        AND CAST(OLD.`$diesel_envelope$ pla"in``'` AS BINARY) <=> CAST(NEW.`$diesel_envelope$ pla"in``'` AS BINARY),
        NULL, NEW.`$diesel_envelope$ pla"in``'`
    );
SET SESSION sql_mode = @diesel_envelope_sql_mode;
