"""What Plugipay sends: webhooks, over HTTP and from the topic."""
