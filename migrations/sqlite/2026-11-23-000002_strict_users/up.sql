-- Run this once no Fernet token and no unbound value is left.
-- The columns then accept only bound native values (flag 0x01).
-- SQLite cannot add a constraint to a table, so triggers check the values.
CREATE TRIGGER users_diesel_envelope_bound_insert BEFORE INSERT ON users
WHEN (NEW.name IS NOT NULL AND NOT (substr(NEW.name, 1, 1) = x'a1' AND substr(NEW.name, 2, 1) IN (x'01', x'03')))
    OR (NEW.email IS NOT NULL AND NOT (substr(NEW.email, 1, 1) = x'a1' AND substr(NEW.email, 2, 1) IN (x'01', x'03')))
    OR (NEW.phone IS NOT NULL AND NOT (substr(NEW.phone, 1, 1) = x'a1' AND substr(NEW.phone, 2, 1) IN (x'01', x'03')))
BEGIN
    SELECT RAISE(ABORT, 'a column of users takes only native values that are bound to it');
END;
CREATE TRIGGER users_diesel_envelope_bound_update BEFORE UPDATE ON users
WHEN (NEW.name IS NOT NULL AND NOT (substr(NEW.name, 1, 1) = x'a1' AND substr(NEW.name, 2, 1) IN (x'01', x'03')))
    OR (NEW.email IS NOT NULL AND NOT (substr(NEW.email, 1, 1) = x'a1' AND substr(NEW.email, 2, 1) IN (x'01', x'03')))
    OR (NEW.phone IS NOT NULL AND NOT (substr(NEW.phone, 1, 1) = x'a1' AND substr(NEW.phone, 2, 1) IN (x'01', x'03')))
BEGIN
    SELECT RAISE(ABORT, 'a column of users takes only native values that are bound to it');
END;
