-- create: or"der`s'; -- (e"mail`s'): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
CREATE TABLE `or"der``s'; --` (
    `i"d``'` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- Add the other columns here.
    `e"mail``s'` LONGBLOB NOT NULL,
    `e"mail``s index` VARBINARY(32) NOT NULL COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`e"mail``s index`) = 32),
    INDEX `or"der``s'; --_e"mail``s index_diesel_envelope_idx` (`e"mail``s index`),
    CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`e"mail``s'`) >= 34 AND LEFT(`e"mail``s'`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`e"mail``s'`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`e"mail``s'` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`e"mail``s'`) % 64 = 12 AND CONVERT(`e"mail``s'` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`e"mail``s'`) % 64 = 36 AND CONVERT(`e"mail``s'` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`e"mail``s'`) % 64 = 56 AND CONVERT(`e"mail``s'` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_bound` CHECK (
        ORD(LEFT(`e"mail``s'`, 1)) = 161 AND ORD(SUBSTR(`e"mail``s'`, 2, 1)) & 1 = 1
    )
);
