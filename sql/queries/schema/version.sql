-- The applied migrations; no row (or no table) before the first.
SELECT version, checksum FROM schema_migrations ORDER BY version
