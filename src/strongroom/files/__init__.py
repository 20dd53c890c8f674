"""Secrets encrypted in Git: SOPS documents and sealed secrets."""
