-- Has the transaction's statements planned for their actual values: lists have many filters, most of them null.
SET LOCAL plan_cache_mode = force_custom_plan
