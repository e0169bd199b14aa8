"""What Plugipay is asked: payouts to make, how they are, what it has."""
