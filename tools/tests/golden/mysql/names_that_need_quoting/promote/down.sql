-- Restores the state after the step shadow.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `or"der``s'; --`
    MODIFY COLUMN `sec"ond``'` VARBINARY(32) COMMENT 'diesel-envelope: blind index' /*M! CHECK (OCTET_LENGTH(`sec"ond``'`) = 32) */,
    MODIFY COLUMN `e"mail``s index` VARBINARY(32) NOT NULL COMMENT 'diesel-envelope: blind index' /*M! CHECK (OCTET_LENGTH(`e"mail``s index`) = 32) */,
    DROP INDEX `or"der``s'; --_sec"ond``'_diesel_envelope_idx`;
DROP TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_first`;
CREATE TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_shadow` BEFORE UPDATE ON `or"der``s'; --` FOR EACH ROW SET
    NEW.`sec"ond``'` = IF(
        NOT (CAST(OLD.`e"mail``s index` AS BINARY) <=> CAST(NEW.`e"mail``s index` AS BINARY))
        AND CAST(OLD.`sec"ond``'` AS BINARY) <=> CAST(NEW.`sec"ond``'` AS BINARY),
        NULL, NEW.`sec"ond``'`
    );
SET SESSION sql_mode = @diesel_envelope_sql_mode;
