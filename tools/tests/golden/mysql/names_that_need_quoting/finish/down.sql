-- Adds the plaintext columns again, without values: a migration cannot decrypt.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `or"der``s'; --`
    MODIFY COLUMN `e"mail``s'` VARBINARY(384),
    MODIFY COLUMN `e"mail``s index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' /*M! CHECK (OCTET_LENGTH(`e"mail``s index`) = 32) */,
    DROP INDEX `or"der``s'; --_e"mail``s index_diesel_envelope_idx`,
    ADD INDEX `or"der``s'; --_e"mail``s index_diesel_envelope_idx` (`e"mail``s index`),
    ADD COLUMN `$diesel_envelope$ pla"in``'` varchar(50) COLLATE `coll"ation``'` NULL,
    DROP CONSTRAINT `or"der``s'; --_n"ote``'_diesel_envelope_shape`,
    MODIFY COLUMN `n"ote``'` LONGTEXT COLLATE `C` NULL;
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
SET SESSION sql_mode = @diesel_envelope_sql_mode;
