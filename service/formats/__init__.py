"""File formats: JSON, XML, CSV and XLSX as records and rows, and the amounts and times in them."""
