-- finish: or"der`s'; -- (e"mail`s', n"ote`'): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- If a user typed a text in the whole shape of a ciphertext, only verify, which decrypts, finds it. Run verify first.
-- First drop the indexes that contain a plaintext column: MySQL would remove the column from them, and UNIQUE would cover fewer columns.
-- The database keeps the bytes of a dropped column in its pages until the table is rewritten.
-- When traffic is low, run ALTER TABLE with FORCE.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `or"der``s'; --` WHERE NOT ((`$diesel_envelope$ pla"in``'` IS NULL OR `e"mail``s'` IS NOT NULL) AND (`e"mail``s'` IS NULL OR `e"mail``s index` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `or"der``s'; --_n"ote``'_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `or"der``s'; --` WHERE NOT (`n"ote``'` IS NULL OR OCTET_LENGTH(CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin) >= 50 AND substr(CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin, 5) NOT REGEXP '[^A-Za-z0-9_-]' AND (
        OCTET_LENGTH(CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin) % 4 = 0 AND CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^de1[.]o[Q-Za-f].*[A-Za-z0-9_-]$' OR
        OCTET_LENGTH(CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin) % 4 = 2 AND CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^de1[.]o[Q-Za-f].*[AQgw]$' OR
        OCTET_LENGTH(CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin) % 4 = 3 AND CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^de1[.]o[Q-Za-f].*[AEIMQUYcgkosw048]$'
    )
    OR OCTET_LENGTH(CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
        OCTET_LENGTH(CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin) % 64 = 12 AND CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
        OCTET_LENGTH(CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin) % 64 = 36 AND CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
        OCTET_LENGTH(CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin) % 64 = 56 AND CONVERT(`n"ote``'` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
    )) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
ALTER TABLE `or"der``s'; --`
    ADD CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_complete` CHECK (
        (`$diesel_envelope$ pla"in``'` IS NULL OR `e"mail``s'` IS NOT NULL) AND (`e"mail``s'` IS NULL OR `e"mail``s index` IS NOT NULL)
    ),
    MODIFY COLUMN `e"mail``s'` VARBINARY(384) NOT NULL,
    MODIFY COLUMN `e"mail``s index` VARBINARY(32) NOT NULL COMMENT 'diesel-envelope: blind index' /*M! CHECK (OCTET_LENGTH(`e"mail``s index`) = 32) */,
    DROP INDEX `or"der``s'; --_e"mail``s index_diesel_envelope_idx`,
    ADD UNIQUE INDEX `or"der``s'; --_e"mail``s index_diesel_envelope_idx` (`e"mail``s index`),
    MODIFY COLUMN `n"ote``'` LONGTEXT CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD CONSTRAINT `or"der``s'; --_n"ote``'_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`n"ote``'`) >= 50 AND substr(`n"ote``'`, 5) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`n"ote``'`) % 4 = 0 AND `n"ote``'` REGEXP '^de[1-9][.][o-r].*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`n"ote``'`) % 4 = 2 AND `n"ote``'` REGEXP '^de[1-9][.][o-r].*[AQgw]$' OR
                OCTET_LENGTH(`n"ote``'`) % 4 = 3 AND `n"ote``'` REGEXP '^de[1-9][.][o-r].*[AEIMQUYcgkosw048]$'
            )
            OR OCTET_LENGTH(`n"ote``'`) >= 100 AND TRIM(TRAILING '=' FROM `n"ote``'`) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`n"ote``'`) % 64 = 12 AND `n"ote``'` REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`n"ote``'`) % 64 = 36 AND `n"ote``'` REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`n"ote``'`) % 64 = 56 AND `n"ote``'` REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    );
DROP TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_backfill`;
DROP TRIGGER IF EXISTS `or"der``s'; --_e"mail``s'_diesel_envelope_relax`;
ALTER TABLE `or"der``s'; --`
    DROP CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_complete`,
    DROP COLUMN `$diesel_envelope$ pla"in``'`;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
