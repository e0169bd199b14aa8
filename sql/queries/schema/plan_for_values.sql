-- Lets the transaction's statements be planned for their values: lists have filters that are mostly not there.
SET LOCAL plan_cache_mode = force_custom_plan
