-- promote: or"der`s'; -- (e"mail`s', n"ote`'): gives the second index columns the constraints of the first.
-- Run it when every program writes both columns and every row has both.
-- If a row has no second index, this migration fails and changes nothing.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `or"der``s'; --` WHERE NOT ((`e"mail``s'` IS NULL OR `sec"ond``'` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
ALTER TABLE `or"der``s'; --`
    ADD CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_complete` CHECK (
        (`e"mail``s'` IS NULL OR `sec"ond``'` IS NOT NULL)
    ),
    MODIFY COLUMN `sec"ond``'` VARBINARY(32) NOT NULL COMMENT 'diesel-envelope: blind index' /*M! CHECK (OCTET_LENGTH(`sec"ond``'`) = 32) */,
    MODIFY COLUMN `e"mail``s index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' /*M! CHECK (OCTET_LENGTH(`e"mail``s index`) = 32) */,
    ADD UNIQUE INDEX `or"der``s'; --_sec"ond``'_diesel_envelope_idx` (`sec"ond``'`);
DROP TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_shadow`;
CREATE TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_first` BEFORE UPDATE ON `or"der``s'; --` FOR EACH ROW SET
    NEW.`e"mail``s index` = IF(
        NOT (CAST(OLD.`sec"ond``'` AS BINARY) <=> CAST(NEW.`sec"ond``'` AS BINARY))
        AND CAST(OLD.`e"mail``s index` AS BINARY) <=> CAST(NEW.`e"mail``s index` AS BINARY),
        NULL, NEW.`e"mail``s index`
    );
ALTER TABLE `or"der``s'; --`
    DROP CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_complete`;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
