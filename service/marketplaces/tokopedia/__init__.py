"""Tokopedia before it merged with TikTok Shop."""
