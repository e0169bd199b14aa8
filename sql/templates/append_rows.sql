-- Writes rows of an inline view: a row that exists already is replaced, whichever of its columns changed. The table,
-- its key and its columns are those of the view (projections/inline.py); its types are the table's own.
{table}_now AS (
    INSERT INTO {table} (lane, {key}, {columns})
    SELECT head.lane, {row_key}, {row_columns}
      FROM head, json_populate_recordset(NULL::{table}, :{table}::json) AS r
    ON CONFLICT (lane, {key}) DO UPDATE
       SET ({columns}) = ROW ({excluded_columns})
)
