"""Protocols: what a model must reach, written down and frozen before its scores are judged."""
