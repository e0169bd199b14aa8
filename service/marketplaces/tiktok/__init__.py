"""TikTok Shop, and Tokopedia since they merged."""
