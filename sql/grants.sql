-- Grants the service's login its rights, again after each migration. The setting payout_ledger.service_role has the login.
-- It writes events and heads through functions that check them, and nothing else; to deliveries it may only add. Only the
-- owner may change the schema.
DO $$
DECLARE
    service text := current_setting('payout_ledger.service_role');
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', service);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA public TO %I', service);
    EXECUTE format('GRANT INSERT ON deliveries, answers, ledger, account_lanes, account_keys TO %I', service);
    -- An older release granted these.
    EXECUTE format('REVOKE INSERT, UPDATE ON events, lanes FROM %I', service);
    EXECUTE format('GRANT EXECUTE ON FUNCTION '
                   'append_events(integer, bigint, bigint, timestamptz, float8, text[], bigint[], text[], text[], text[], bytea[]), '
                   'lock_lane(integer), end_term(integer), begin_lane(integer, timestamptz) TO %I', service);
    EXECUTE format('GRANT INSERT, UPDATE ON consumer_offsets, api_keys, api_key_epoch TO %I', service);
    EXECUTE format('GRANT INSERT, UPDATE, DELETE ON accounts, bank_accounts, providers, webhook_secrets, balances, orders, '
                   'reserves, disputes, payouts, cases, parked_deliveries, provider_work, provider_sweeps, provider_events, '
                   'journal, checkpoints, channels, statements, settlements, settlement_lines, settlement_links, settlement_totals, '
                   'statements_due TO %I', service);
    EXECUTE format('GRANT INSERT, UPDATE ON imports, pulls TO %I', service);
    EXECUTE format('GRANT INSERT ON import_problems TO %I', service);
    EXECUTE format('GRANT INSERT, UPDATE, DELETE ON import_files, import_file_parts, import_readings TO %I', service);
    EXECUTE format('GRANT INSERT, UPDATE, DELETE ON bank_entries, bank_statements, matches TO %I', service);
    EXECUTE format('GRANT INSERT, UPDATE, DELETE ON webhook_endpoints, webhook_endpoint_secrets, webhook_deliveries, '
                   'webhook_attempts, payout_states, seen_signatures TO %I', service);
END $$;
