-- What an account has set about itself and decisions need: read with every account, so it is a column and not a table.
ALTER TABLE accounts ADD COLUMN settings jsonb NOT NULL DEFAULT '{}';
