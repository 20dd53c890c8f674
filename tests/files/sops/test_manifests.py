"""What is taken for a Kubernetes manifest with a Secret."""

from __future__ import annotations

import pytest

from strongroom.files.sops.manifests import holds_secret


@pytest.mark.parametrize(
    ("text", "kind", "wanted"),
    [
        ("apiVersion: v1\nkind: Secret\n", "yaml", True),
        ("---\n# first\n---\napiVersion: v1\nkind: 'Secret'\n", "yaml", True),
        ("{apiVersion: v1, kind: Secret}", "yaml", True),
        ('{"apiVersion": "v1", "kind": "Secret"}', "json", True),
        ("apiVersion: v1\nkind: ConfigMap\n---\napiVersion: v1\nkind: Secret\n", "yaml", True),
        ("apiVersion: v1\nkind: ConfigMap\ndata: {a: Secret}\n", "yaml", False),
        ("apiVersion: v1\nkind: Secret\n---\na: 1\n", "yaml", False),
        ("kind: Secret\n", "yaml", False),
        ("- apiVersion: v1\n  kind: Secret\n", "yaml", False),
        ("apiVersion: v1\nkind: [Secret\n", "yaml", False),
        ("apiVersion: v1\nkind: Secret\n", "dotenv", False),
        ("", "yaml", False),
    ],
)
def test_manifests(text: str, kind: str, wanted: bool) -> None:
    """A manifest is a file whose documents all are objects, and one of them a Secret."""
    assert holds_secret(text.encode(), kind) is wanted


def test_nesting_ends() -> None:
    """A file that nests too deeply is no manifest, and no crash."""
    assert not holds_secret(b"kind: Secret\na: " + b"[" * 100_000, "yaml")
