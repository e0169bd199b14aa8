"""A simulated Plugipay for development, demos and tests, written from what is known of Plugipay, not from our client."""
