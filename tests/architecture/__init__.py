"""The shape of the product itself: what a request passes through, and what may know what."""
