"""Files that were imported with a mistake end, read anew, as if they had been read rightly at once."""
