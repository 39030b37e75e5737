-- Drops the table and its rows. Other tables may use the domains, so they stay.
DROP TABLE "users";
