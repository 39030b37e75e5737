-- shadow: or"der`s'; -- (e"mail`s', n"ote`'): adds second columns for blind indexes whose key rotates.
-- Run it before a program writes under the new index key.
-- Then deploy the program that writes both columns, and run rotate.
ALTER TABLE `or"der``s'; --`
    ADD COLUMN `sec"ond``'` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`sec"ond``'`) = 32);
CREATE TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_shadow` BEFORE UPDATE ON `or"der``s'; --` FOR EACH ROW SET
    NEW.`sec"ond``'` = IF(
        NOT (CAST(OLD.`e"mail``s index` AS BINARY) <=> CAST(NEW.`e"mail``s index` AS BINARY))
        AND CAST(OLD.`sec"ond``'` AS BINARY) <=> CAST(NEW.`sec"ond``'` AS BINARY),
        NULL, NEW.`sec"ond``'`
    );
