-- Deletes rows of an inline view that an event took out of the state: what was withdrawn stands no more. The table and its
-- key are those of the view (projections/inline.py).
{table}_gone AS (
    DELETE FROM {table} t
     USING head, json_populate_recordset(NULL::{table}, :{table}_gone::json) AS r
     WHERE t.lane = head.lane AND ({key}) = ({row_key})
)
