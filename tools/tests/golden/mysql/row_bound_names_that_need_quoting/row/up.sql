-- row: or"der`s'; -- (e"mail`s'): refuses an UPDATE of the key of a row that leaves a value bound to that key.
-- Run it before any program writes values that are bound to their row.
-- The trigger contains a semicolon. If you use the client of the database, set another DELIMITER for it.
CREATE TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_row_key` BEFORE UPDATE ON `or"der``s'; --` FOR EACH ROW
IF NEW.`e"mail``s'` IS NOT NULL AND CAST(OLD.`e"mail``s'` AS BINARY) <=> CAST(NEW.`e"mail``s'` AS BINARY)
    AND (NOT (CAST(OLD.`$diesel_envelope$ i"d``'` AS BINARY) <=> CAST(NEW.`$diesel_envelope$ i"d``'` AS BINARY)))
THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'or?der?s?? --.e?mail?s? is bound to its row: an UPDATE of $diesel_envelope$ i?d?? must write e?mail?s? too';
END IF;
