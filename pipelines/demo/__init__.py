"""The demo: the whole story on synthetic data, through the same use cases as every command."""
