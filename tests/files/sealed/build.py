"""Secrets for tests of sealing, from hypothesis and by hand."""

from __future__ import annotations

import base64
from typing import Any

from hypothesis import strategies as st

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z0-9]", fullmatch=True)
KEYS = st.from_regex(r"[-_a-zA-Z0-9][-._a-zA-Z0-9]{0,12}", fullmatch=True)
SCOPES = ("strict", "namespace-wide", "cluster-wide")
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)


def secret(name: str = "db", namespace: str = "shop", **more: Any) -> dict[str, Any]:
    """A Secret's manifest; ``more`` holds its fields."""
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata | more.pop("metadata", {}), **more}


@st.composite
def secrets(draw: st.DrawFn) -> dict[str, Any]:
    """Any Secret: values that are text or bytes, labels, annotations, a type, a scope."""
    scope = draw(st.sampled_from(SCOPES))
    annotations = draw(st.dictionaries(st.from_regex(r"example\.com/[a-z]{1,8}", fullmatch=True), _TEXT, max_size=2))
    if scope != "strict":
        annotations[f"sealedsecrets.bitnami.com/{scope}"] = "true"
    metadata: dict[str, Any] = {"labels": draw(st.dictionaries(NAMES, NAMES, max_size=2)), "annotations": annotations}
    data = draw(st.dictionaries(KEYS, st.binary(max_size=60), min_size=1, max_size=3))
    more: dict[str, Any] = {
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
        "stringData": draw(st.dictionaries(KEYS, _TEXT, max_size=2)),
    }
    if draw(st.booleans()):
        more["type"] = draw(st.sampled_from(["Opaque", "kubernetes.io/tls", "example.com/any"]))
    if draw(st.booleans()):
        more["immutable"] = draw(st.booleans())
    return secret(draw(NAMES), draw(NAMES), metadata=metadata, **more)


def plain_values(body: dict[str, Any]) -> dict[str, bytes]:
    """The values of a Secret's manifest: ``stringData`` counts before ``data``."""
    found = {key: base64.b64decode(text) for key, text in body.get("data", {}).items()}
    return found | {key: text.encode() for key, text in body.get("stringData", {}).items()}
