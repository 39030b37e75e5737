-- Adds the first columns again, without values.
ALTER TABLE `or"der``s'; --`
    ADD COLUMN `e"mail``s index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`e"mail``s index`) = 32),
    ADD UNIQUE INDEX `or"der``s'; --_e"mail``s index_diesel_envelope_idx` (`e"mail``s index`);
CREATE TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_first` BEFORE UPDATE ON `or"der``s'; --` FOR EACH ROW SET
    NEW.`e"mail``s index` = IF(
        NOT (CAST(OLD.`sec"ond``'` AS BINARY) <=> CAST(NEW.`sec"ond``'` AS BINARY))
        AND CAST(OLD.`e"mail``s index` AS BINARY) <=> CAST(NEW.`e"mail``s index` AS BINARY),
        NULL, NEW.`e"mail``s index`
    );
