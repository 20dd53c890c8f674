"""Ciphers around values and keys, on bytes alone; every constant cites its specification."""
