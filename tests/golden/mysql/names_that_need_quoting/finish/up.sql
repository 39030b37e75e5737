-- finish: or"der`s'; -- (e"mail`s', n"ote`'): from here on there is no plaintext.
-- To be run after backfill and verify, when no program writes the plaintext any more. It fails, and changes nothing, where a plaintext is left.
-- Indexes over a plaintext column lose it, and a UNIQUE one becomes narrower: drop them before.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `or"der``s'; --` WHERE NOT ((`$diesel_envelope$ pla"in``'` IS NULL OR `e"mail``s'` IS NOT NULL) AND (`e"mail``s'` IS NULL OR `e"mail``s index` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `or"der``s'; --_n"ote``'_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `or"der``s'; --` WHERE NOT (`n"ote``'` IS NULL OR OCTET_LENGTH(CAST(CONVERT(`n"ote``'` USING utf8mb4) AS BINARY)) >= 50 AND LEFT(CAST(CONVERT(`n"ote``'` USING utf8mb4) AS BINARY), 2) = 'de' AND SUBSTR(CAST(CONVERT(`n"ote``'` USING utf8mb4) AS BINARY), 4, 1) = '.'
        OR OCTET_LENGTH(CAST(CONVERT(`n"ote``'` USING utf8mb4) AS BINARY)) >= 100 AND OCTET_LENGTH(CAST(CONVERT(`n"ote``'` USING utf8mb4) AS BINARY)) % 4 = 0 AND LEFT(CAST(CONVERT(`n"ote``'` USING utf8mb4) AS BINARY), 6) = 'gAAAAA') LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
ALTER TABLE `or"der``s'; --`
    ADD CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_complete` CHECK (
        (`$diesel_envelope$ pla"in``'` IS NULL OR `e"mail``s'` IS NOT NULL) AND (`e"mail``s'` IS NULL OR `e"mail``s index` IS NOT NULL)
    ),
    MODIFY COLUMN `e"mail``s'` VARBINARY(384) NOT NULL,
    MODIFY COLUMN `e"mail``s index` VARBINARY(32) NOT NULL,
    DROP INDEX `or"der``s'; --_e"mail``s index_diesel_envelope_idx`,
    ADD UNIQUE INDEX `or"der``s'; --_e"mail``s index_diesel_envelope_idx` (`e"mail``s index`),
    MODIFY COLUMN `n"ote``'` LONGTEXT CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD CONSTRAINT `or"der``s'; --_n"ote``'_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`n"ote``'`) >= 50 AND LEFT(`n"ote``'`, 2) = 'de' AND SUBSTR(`n"ote``'`, 3, 1) BETWEEN '1' AND '9'
            AND SUBSTR(`n"ote``'`, 4, 1) = '.' AND SUBSTR(`n"ote``'`, 5, 1) BETWEEN 'o' AND 'r' AND SUBSTR(`n"ote``'`, 5) NOT REGEXP '[^A-Za-z0-9_-]'
        OR OCTET_LENGTH(`n"ote``'`) >= 100 AND OCTET_LENGTH(`n"ote``'`) % 4 = 0 AND LEFT(`n"ote``'`, 6) = 'gAAAAA'
            AND LEFT(`n"ote``'`, OCTET_LENGTH(`n"ote``'`) - 2) NOT REGEXP '[^A-Za-z0-9_-]' AND RIGHT(`n"ote``'`, 2) NOT REGEXP '[^A-Za-z0-9_=-]|=[^=]'
    );
DROP TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_backfill`;
DROP TRIGGER IF EXISTS `or"der``s'; --_e"mail``s'_diesel_envelope_relax`;
ALTER TABLE `or"der``s'; --`
    DROP CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_complete`,
    DROP COLUMN `$diesel_envelope$ pla"in``'`;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
