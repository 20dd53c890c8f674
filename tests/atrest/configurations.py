"""EncryptionConfigurations, as they are before something is done about them."""

from __future__ import annotations

PLAIN = """\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - identity: {}
"""
"""Nothing is encrypted."""

LOCAL = PLAIN.replace(
    "      - identity",
    """\
      - secretbox:
          keys:
            - name: old
              secret: b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xkLW9sZC0=
      - identity""",
)
"""Secrets are encrypted by a key that the file holds."""
