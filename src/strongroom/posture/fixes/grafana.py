"""Settings of the Grafana operator that are credentials move to a Secret that Grafana reads as variables.

https://grafana.github.io/grafana-operator/docs/grafana/ and
https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/#override-configuration-with-environment-variables
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_text, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.new_secret import OF_A_NEW_SECRET
from strongroom.posture.fixes.shapes import put_behind

_UNSAFE = "this version of the operator may not know the field"
_KNOWS = "grafana.integreatly.org/v1beta1"
"""Version 5 of the operator brought this API and the patch of its Deployment with it."""

_OTHER = "its operator has a field that names a Secret instead"
_NOT_NAME = re.compile(r"[^A-Z0-9]")


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Move one value of ``spec.config``."""
    if resource.kind == "Kustomization":
        return Left("move the entry to secretGenerator, and take it from that Secret in what uses it")
    field = findings[0].origin.field[len(resource.origin.field) :]
    if resource.group != "grafana.integreatly.org" or field[:2] != ("spec", "config") or len(field) != 4:
        return Left(_OTHER)
    body, section, key = bench.body(resource), as_text(field[2]), as_text(field[3])
    variable = "GF_" + "_".join(_NOT_NAME.sub("_", part.upper()) for part in (section, key))
    reference = bench.secret_for(resource, f"{resource.name}-config", variable, field, (0, 0))
    settings = dig(body, field[:3])
    del settings[key]
    if not settings:
        del body["spec"]["config"][section]
    container = _container(body["spec"])
    if container is None:
        return Left("its container is patched already: add the variable there")
    source = {"secretKeyRef": {"name": reference.name, "key": reference.key}}
    container.setdefault("env", []).append({"name": variable, "valueFrom": source})
    if variable == "GF_SECURITY_ADMIN_PASSWORD":
        put_behind(body["spec"], (), "disableDefaultAdminSecret", True)
    unsafe = "" if resource.body.get("apiVersion") == _KNOWS else _UNSAFE
    return Mended(f"take {section}.{key} of {resource.id.show()} from Secret {reference.name}", unsafe)


def _container(spec: dict[str, Any]) -> dict[str, Any] | None:
    """Return the entry of the container in the patch of its Deployment, made where there is none."""
    if "deployment" not in spec:
        put_behind(spec, (), "deployment", {})
    at: Any = spec["deployment"]
    for step in ("spec", "template", "spec"):
        at = at.setdefault(step, {}) if isinstance(at, dict) else None
    containers = at.setdefault("containers", []) if isinstance(at, dict) else None
    if not isinstance(containers, list):
        return None
    if not containers:
        containers.append({"name": "grafana"})
    return next((one for one in containers if isinstance(one, dict) and one.get("name") == "grafana"), None)


FIX = Fix(
    checks=("secret-in-custom-resource",),
    mend=mend,
    instead=(*OF_A_NEW_SECRET, "secret-in-env"),
)
