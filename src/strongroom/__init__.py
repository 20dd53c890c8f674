"""Strongroom manages the secrets of a Kubernetes platform from end to end."""

__version__ = "0.1.0"
