"""Encryption at rest: its configuration, staged rotation of keys, proof in etcd, backups."""
