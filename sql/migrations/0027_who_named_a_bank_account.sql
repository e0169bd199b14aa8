-- Who set a bank account, and when it took another one's place: null in rows of older releases, which did not keep it.
ALTER TABLE bank_accounts ADD COLUMN set_by text;
ALTER TABLE bank_accounts ADD COLUMN changed_at timestamptz; -- as recorded; null for an account's first
ALTER TABLE payouts ADD COLUMN bank_account_by text[]; -- who named where it goes
