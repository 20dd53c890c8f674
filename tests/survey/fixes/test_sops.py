"""Fixes whose values go to SOPS files: opened by the real program, and given to the same programs as before."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from pyrage import x25519
from tests.plans.build import tree
from tests.support.sops import AgeKey, sops

from strongroom.documents.edits import bodies
from strongroom.errors import UsageError
from strongroom.plans.apply import Doing
from strongroom.survey.fixes.planning import Wanted, plan_fixes
from strongroom.survey.fixes.proof import audited, prove
from strongroom.survey.run import Request

EXAMPLES = Path(__file__).parents[3] / "examples"
KEY = bytes(range(32))
VALUES = (
    "ktNPT0ND3YWZznDFpGlnEAVrtvqjRxWCAr3n8CpP",
    "Ox0cGIHMg8h8uAdrR9Qz",
    "s7lMdDpoNmEODrPThaTvw8onWROVkeee4vvP4t5m",
)


def _with_rule(root: Path) -> str:
    """Write a ``.sops.yaml``; return the private key."""
    identity = x25519.Identity.generate()
    rule = f"creation_rules:\n  - age: {identity.to_public()}\n    encrypted_regex: ^(data|stringData)$\n"
    (root / ".sops.yaml").write_text(rule)
    return str(identity)


def _decrypted(path: Path, identity: str) -> bytes:
    """Return what the program sops makes of a file."""
    return sops("decrypt", str(path), key=AgeKey(identity, ""))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the example."""
    root = tmp_path / "shop"
    shutil.copytree(EXAMPLES / "shop", root)
    return root


def test_the_shop(shop: Path, tmp_path: Path) -> None:
    """Values move to SOPS files that kustomize is told of, plain Secrets are encrypted in place, and undo works."""
    identity = _with_rule(shop)
    before = tree(shop)
    request = Request(sources=(str(shop),), key=KEY)
    planned = plan_fixes(request, Wanted(root=str(shop), to="sops"))
    first = audited(request)
    doing = Doing(planned.fix.plan, shop, KEY, tmp_path / "state")
    doing.apply()
    proof = prove(planned.fix, first, audited(request), planned.opened)

    assert (proof.damage, proof.fresh) == ((), ())
    gone = Counter(finding.id for finding in proof.gone)
    assert gone["plain-secret-manifest"] == 8
    assert {one.finding.id for one in proof.instead} == {"secret-in-env"}
    (made,) = bodies(_decrypted(shop / "deploy/base/worker-config.sops.yaml", identity)).values()
    (config,) = [
        b
        for b in bodies((EXAMPLES / "shop/deploy/base/config.yaml").read_bytes()).values()
        if b["metadata"]["name"] == "worker"
    ]
    assert made["stringData"] == config["data"]
    for name in ("deploy/base/secrets.yaml", "deploy/base/tls.yaml", "deploy/overlays/production/mail.yaml"):
        assert bodies(_decrypted(shop / name, identity)) == bodies((EXAMPLES / "shop" / name).read_bytes())
    (listed,) = bodies((shop / "deploy/base/kustomization.yaml").read_bytes()).values()
    assert "worker-config.sops.yaml" in listed["resources"]

    doing.undo()
    assert tree(shop) == before


def test_no_value_in_the_plan(shop: Path) -> None:
    """Neither the plan nor what is shown of it holds a value: what it brings is ciphertext."""
    _with_rule(shop)
    fix = plan_fixes(Request(sources=(str(shop),), key=KEY), Wanted(root=str(shop), to="sops")).fix
    assert len(fix.plan.steps) > 10
    assert not [value for value in VALUES if value in repr(fix.plan) or value in repr(fix.views)]


def test_without_a_rule(shop: Path) -> None:
    """Where nobody says who can open the files, nothing is planned, and the error says what to do."""
    with pytest.raises(UsageError) as caught:
        plan_fixes(Request(sources=(str(shop),), key=KEY), Wanted(root=str(shop), to="sops"))
    assert caught.value.hint


def test_a_secret_beside_other_objects(tmp_path: Path) -> None:
    """A file that holds something else too is not encrypted as a whole; the reason is said."""
    _with_rule(tmp_path)
    secret = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{password: {VALUES[1]}}}\n"
    other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n"
    (tmp_path / "both.yaml").write_text(secret + other)
    fix = plan_fixes(Request(sources=(str(tmp_path),), key=KEY), Wanted(root=str(tmp_path), to="sops")).fix
    assert not fix.plan.steps
    assert "another object stands in the same file" in fix.left[0].why
