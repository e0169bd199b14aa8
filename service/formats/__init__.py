"""Files and answers of any kind as rows, records, amounts and times: what banks and marketplaces both read."""
