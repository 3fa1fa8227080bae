"""The versions below which a published weakness is known."""
