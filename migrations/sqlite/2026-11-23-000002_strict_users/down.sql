DROP TRIGGER users_bound_insert;
DROP TRIGGER users_bound_update;
