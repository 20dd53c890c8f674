"""Metrics of the plugin, for Prometheus; key ids are hashed as the API server hashes them, so that both join."""

from __future__ import annotations

import hashlib

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


def key_id_hash(key_id: str) -> str:
    """Return a key id as metrics and logs have it.

    The same as in ``apiserver_envelope_encryption_key_id_hash_total`` (k8s.io/apiserver, ``GetHashIfNotEmpty``).
    """
    return "sha256:" + hashlib.sha256(key_id.encode()).hexdigest() if key_id else ""


class Metrics:
    """What is counted; each instance has a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.requests = Counter(
            "strongroom_kms_requests", "Requests by method and gRPC code.", ["method", "code"], registry=registry
        )
        self.seconds = Histogram(
            "strongroom_kms_request_seconds", "Time of requests.", ["method"], buckets=_SECONDS, registry=registry
        )
        self.in_flight = Gauge("strongroom_kms_requests_in_flight", "Requests being answered.", registry=registry)
        self.retries = Counter("strongroom_kms_retries", "Calls to the key that were repeated.", registry=registry)
        self.healthy = Gauge("strongroom_kms_key_healthy", "1 while the key can be used.", registry=registry)
        self.looks = Histogram(
            "strongroom_kms_key_look_seconds",
            "Time to encrypt and decrypt something with the key, in the background.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.reader_healthy = Gauge(
            "strongroom_kms_reader_healthy", "1 while a key that only decrypts answers.", ["key"], registry=registry
        )
        self.key = Gauge(
            "strongroom_kms_key_info", "The version that encrypts, by the hash of its id.", ["hash"], registry=registry
        )
        self.memory_locked = Gauge(
            "strongroom_kms_memory_locked", "1 where the memory is never written to a swap device.", registry=registry
        )
        self._hash = ""

    def encrypts_with(self, key_id: str) -> None:
        """Show a version as the one that encrypts."""
        found = key_id_hash(key_id)
        if found != self._hash:
            if self._hash:
                self.key.remove(self._hash)
            self.key.labels(found).set(1)
            self._hash = found
