"""Rereading: files that were imported with a mistake, read anew as they were kept."""
