"""The provider's side: what Plugipay's webhooks say, and how they come in."""
