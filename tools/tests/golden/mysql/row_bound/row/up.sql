-- row: users (email, name, iban, phone): refuses an UPDATE of the key of a row that leaves a value bound to that key.
-- Run it before any program writes values that are bound to their row.
-- The trigger contains a semicolon. If you use the client of the database, set another DELIMITER for it.
CREATE TRIGGER `users_email_diesel_envelope_row_key` BEFORE UPDATE ON `users` FOR EACH ROW
IF NEW.`email` IS NOT NULL AND CAST(OLD.`email` AS BINARY) <=> CAST(NEW.`email` AS BINARY)
    AND (NOT (CAST(OLD.`tenant` AS BINARY) <=> CAST(NEW.`tenant` AS BINARY)) OR NOT (CAST(OLD.`id` AS BINARY) <=> CAST(NEW.`id` AS BINARY)))
THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'users.email is bound to its row: an UPDATE of tenant, id must write email too';
END IF;
-- The trigger contains a semicolon. If you use the client of the database, set another DELIMITER for it.
CREATE TRIGGER `users_name_diesel_envelope_row_key` BEFORE UPDATE ON `users` FOR EACH ROW
IF NEW.`name` IS NOT NULL AND CAST(OLD.`name` AS BINARY) <=> CAST(NEW.`name` AS BINARY)
    AND (NOT (CAST(OLD.`id` AS BINARY) <=> CAST(NEW.`id` AS BINARY)))
THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'users.name is bound to its row: an UPDATE of id must write name too';
END IF;
-- The trigger contains a semicolon. If you use the client of the database, set another DELIMITER for it.
CREATE TRIGGER `users_iban_diesel_envelope_row_key` BEFORE UPDATE ON `users` FOR EACH ROW
IF NEW.`iban` IS NOT NULL AND CAST(OLD.`iban` AS BINARY) <=> CAST(NEW.`iban` AS BINARY)
    AND (NOT (CAST(OLD.`id` AS BINARY) <=> CAST(NEW.`id` AS BINARY)))
THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'users.iban is bound to its row: an UPDATE of id must write iban too';
END IF;
-- The trigger contains a semicolon. If you use the client of the database, set another DELIMITER for it.
CREATE TRIGGER `users_phone_diesel_envelope_row_key` BEFORE UPDATE ON `users` FOR EACH ROW
IF NEW.`phone` IS NOT NULL AND CAST(OLD.`phone` AS BINARY) <=> CAST(NEW.`phone` AS BINARY)
    AND (NOT (CAST(OLD.`id` AS BINARY) <=> CAST(NEW.`id` AS BINARY)))
THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'users.phone is bound to its row: an UPDATE of id must write phone too';
END IF;
