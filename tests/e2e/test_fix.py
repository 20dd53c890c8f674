"""What fixes make of the shop, applied to a real control plane."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import shop
from tests.support.controlplane.access import Client
from tests.support.controlplane.fixtures import StartCluster

from strongroom.plans.apply import Doing
from strongroom.survey.fix import Wanted, plan_fixes
from strongroom.survey.run import Request

EXAMPLES = Path(__file__).parents[2] / "examples"
KEY = bytes(range(32))


@pytest.mark.parametrize("unsafe", [False, True])
def test_the_mended_shop_is_accepted(
    tmp_path: Path, start_cluster: StartCluster, program: Callable[[str], Path], unsafe: bool
) -> None:
    """The API server takes every manifest of the mended shop that it took before: tried first, then applied."""
    root = tmp_path / "shop"
    shutil.copytree(EXAMPLES / "shop", root)
    access = start_cluster().access
    config, admin, kubectl = access.kubeconfig(), access.client(), program("kubectl")
    before = [*shop.objects(root, program)]
    refused = shop.apply(admin, kubectl, config, before)

    fix = plan_fixes(Request(sources=(str(root),), key=KEY, pedantic=True), Wanted(unsafe=unsafe, root=str(root))).fix
    Doing(fix.plan, root, KEY, tmp_path / "state").apply()
    after = [*shop.objects(root, program)]

    assert len(after) > len(before)
    assert _tried(kubectl, config, after) == set(refused)
    assert set(shop.apply(admin, kubectl, config, after)) == set(refused)
    _given_what_it_names(admin)


def _tried(kubectl: Path, config: Path, found: list[dict[str, Any]]) -> set[str]:
    """Return what the API server would refuse."""
    refused = set()
    for body in found:
        call = [str(kubectl), "--kubeconfig", str(config), "-n", "shop", "apply", "--server-side", "--force-conflicts"]
        metadata = {key: value for key, value in body["metadata"].items() if key not in shop._SERVERS_OWN}
        done = subprocess.run(
            [*call, *_space(metadata), "--dry-run=server", "-f", "-"],
            input=json.dumps({**body, "metadata": metadata}),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            refused.add(f"{body['kind']} {metadata.get('name')}")
    return refused


def _space(metadata: dict[str, Any]) -> list[str]:
    return ["-n", metadata["namespace"]] if "namespace" in metadata else []


def _given_what_it_names(admin: Client) -> None:
    """What the API's Deployment names of Secrets is in the cluster, key by key."""
    deployment = admin.get("/apis/apps/v1/namespaces/shop/deployments/api")
    references = [
        entry["valueFrom"]["secretKeyRef"]
        for container in deployment["spec"]["template"]["spec"]["containers"]
        for entry in container["env"]
        if "secretKeyRef" in entry.get("valueFrom", {})
    ]
    assert len(references) == 4
    for reference in references:
        secret = admin.get(f"/api/v1/namespaces/shop/secrets/{reference['name']}")
        assert secret["data"][reference["key"]]
