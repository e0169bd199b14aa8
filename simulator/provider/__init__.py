"""The other side: a Plugipay for development, demos and tests, written from what is known of it, not from our client."""
