-- Nobody looks for statements that are due among the accounts any more. By itself, since it wants the accounts for itself:
-- for a moment, and not for as long as they are read through.
DROP INDEX accounts_statements_due;
