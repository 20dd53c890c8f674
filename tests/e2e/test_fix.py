"""What fixes make of the shop, applied to a real control plane."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.documents.corpora import manifests
from tests.e2e import shop
from tests.support.controlplane.access import Client
from tests.support.controlplane.fixtures import StartCluster

EXAMPLES = Path(__file__).parents[2] / "examples"
MOST_DECISIONS = 5


class Mended:
    """A copy of the shop, mended by the command as a user types it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.root = folder / "shop"
        shutil.copytree(EXAMPLES / "shop", self.root)
        self.environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "LC_ALL": "C.UTF-8"}
        self.said = self.run("audit", "shop", "--fix", "--yes", *options, "--format", "json")

    def run(self, *arguments: str) -> dict[str, Any]:
        """Return what a command says as JSON."""
        call = [sys.executable, "-m", "strongroom", *arguments]
        done = subprocess.run(
            call, cwd=self.root.parent, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), done.stderr
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        return found

    def decisions(self) -> dict[str, set[str]]:
        """Return the questions that are left, and the fingerprints of the findings that each is about."""
        found: dict[str, set[str]] = {}
        for one in self.said["left"]:
            found.setdefault(one["decision"], set()).add(one["fingerprint"])
        for one in self.said["unsafe"]:
            found.setdefault(one["decision"], set()).update(f["fingerprint"] for f in one["findings"])
        return found


@pytest.mark.parametrize("options", [(), ("--whole",), ("--unsafe",)], ids=["plain", "whole", "unsafe"])
def test_few_decisions_are_left(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Every finding that is left needs a human decision, each says which, and they are at most five."""
    mended = Mended(tmp_path, *options)
    decisions = mended.decisions()
    proof = mended.said["proof"]
    again = {finding["fingerprint"] for finding in mended.run("audit", "shop", "--format", "json")["findings"]}

    assert len(decisions) <= MOST_DECISIONS
    assert all(decisions)
    assert set().union(*decisions.values()) == again
    assert (proof["fresh"], proof["lost"] if not options else []) == ([], [])
    assert all(one["who"] and one["why"] for one in mended.said["left"])
    assert all(one["who"] and one["unsafe"] for one in mended.said["unsafe"])
    if options == ("--whole",):
        assert not any(one["whole"] for one in mended.said["unsafe"])
    if options == ("--unsafe",):
        assert mended.said["unsafe"] == []


def test_the_mended_shop_is_accepted(
    tmp_path: Path, start_cluster: StartCluster, program: Callable[[str], Path]
) -> None:
    """The API server takes every manifest of the mended shop that changed: tried first, then applied.

    External Secrets' own definitions, where they are at hand, say what an ExternalSecret is.
    """
    access = start_cluster().access
    config, admin, kubectl = access.kubeconfig(), access.client(), program("kubectl")
    _define_external_secrets(kubectl, config)
    before = [*shop.objects(EXAMPLES / "shop", program)]
    refused = set(shop.apply(admin, kubectl, config, before))

    for number, options in enumerate([("--to", "secret"), (), ("--unsafe",)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        after = [one for one in shop.objects(Mended(folder, *options).root, program) if one not in before]
        assert len(after) > 10
        assert _tried(kubectl, config, after) <= refused
        assert set(shop.apply(admin, kubectl, config, after)) <= refused
        if "--to" not in options:
            _operated(admin, after)
        _given_what_it_names(admin)
    # The last of them took the pipeline's account its administration: it deploys as before.
    built = [*shop.built(folder / "shop", program)]
    assert _tried(kubectl, config, built, "--as=system:serviceaccount:shop:ci") == set()


def _define_external_secrets(kubectl: Path, config: Path) -> None:
    for path in manifests():
        if path.name.startswith("external-secrets.io_"):
            call = [str(kubectl), "--kubeconfig", str(config), "create", "-f", str(path)]
            subprocess.run(call, capture_output=True, check=True)


def _operated(admin: Client, found: list[dict[str, Any]]) -> None:
    """Make the Secrets of ExternalSecrets anew, as their operator would from a store that was filled."""
    for body in [one for one in found if one["kind"] == "ExternalSecret"]:
        space, name = body["metadata"]["namespace"], body["spec"]["target"]["name"]
        keys = [entry["secretKey"] for entry in body["spec"].get("data", [])] or ["key"]
        secrets = f"/api/v1/namespaces/{space}/secrets"
        if admin.answers(f"{secrets}/{name}"):
            admin.delete(f"{secrets}/{name}")
        admin.create(secrets, {"metadata": {"name": name}, "stringData": dict.fromkeys(keys, "filled")})


def _tried(kubectl: Path, config: Path, found: list[dict[str, Any]], *more: str) -> set[str]:
    """Return what the API server would refuse."""
    refused = set()
    for body in found:
        call = [str(kubectl), "--kubeconfig", str(config), "-n", "shop", "apply", "--server-side", "--force-conflicts"]
        metadata = {key: value for key, value in body["metadata"].items() if key not in shop._SERVERS_OWN}
        done = subprocess.run(
            [*call, *_space(metadata), *more, "--dry-run=server", "-f", "-"],
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
