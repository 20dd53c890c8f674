"""Fixes whose values go to SealedSecrets: opened with the private key, and given to the same programs as before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.plans.build import tree
from tests.support.sealing_keys import pair

from strongroom.errors import UsageError
from strongroom.files.sealed.opening import open_all
from strongroom.files.sealed.private_keys import read, together
from strongroom.files.sealed.sealed import read_sealed
from strongroom.model.plaintext import Plaintext
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


def _opened(folder: Path) -> dict[str, dict[str, str | None]]:
    """Return the values of every SealedSecret below a folder, by its name."""
    keys = together([read(Plaintext(pair().private), "key")])
    found = {}
    for path in sorted(folder.rglob("*.yaml")):
        for sealed in read_sealed(path.read_bytes(), path.name) if b"SealedSecret" in path.read_bytes() else ():
            values = open_all(sealed, keys)
            found[sealed.name] = {name: one.value.reveal_text() if one.value else None for name, one in values.items()}
    return found


def test_the_shop(tmp_path: Path) -> None:
    """New and plain Secrets become SealedSecrets in their files that open to the same values; undo works."""
    root = tmp_path / "shop"
    shutil.copytree(EXAMPLES / "shop", root)
    before = tree(root)
    request = Request(sources=(str(root),), key=KEY)
    wanted = Wanted(root=str(root), to="sealed", sealing_key=pair().key.public_key())
    planned = plan_fixes(request, wanted)
    first = audited(request)
    doing = Doing(planned.fix.plan, root, KEY, tmp_path / "state")
    doing.apply()
    proof = prove(planned.fix, first, audited(request), planned.opened)

    assert (proof.damage, proof.fresh) == ((), ())
    assert sum(finding.id == "plain-secret-manifest" for finding in proof.gone) == 7
    assert not [value for value in VALUES if value in repr(planned.fix.plan) or value in repr(planned.fix.views)]
    opened = _opened(root)
    assert opened["api-config"] == {"PAYMENT_API_SECRET": VALUES[0]}
    assert opened["worker-config"]["application.properties"].endswith(f"password={VALUES[1]}\n")  # type: ignore[union-attr]
    (left,) = [one.why for one in planned.fix.left if one.finding.id == "plain-secret-manifest"]
    assert "is one of its values" in left  # the user's name is the label's too, and labels are not sealed
    assert opened["api-env"] == {"JWT_SIGNING_KEY": VALUES[2]}
    assert set(opened) >= {"redis", "session", "registry", "shop-tls", "mail", "partner-api", "worker-config"}

    doing.undo()
    assert tree(root) == before


def test_without_a_namespace(tmp_path: Path) -> None:
    """A Secret whose namespace is open cannot be bound to it, and stays; the reason is said."""
    text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{password: {VALUES[1]}}}\n"
    (tmp_path / "s.yaml").write_text(text)
    wanted = Wanted(root=str(tmp_path), to="sealed", sealing_key=pair().key.public_key())
    fix = plan_fixes(Request(sources=(str(tmp_path),), key=KEY), wanted).fix
    assert not fix.plan.steps
    assert "no namespace" in next(one.why for one in fix.left if one.finding.id == "plain-secret-manifest")


def test_without_a_certificate(tmp_path: Path) -> None:
    """Where there is nothing to seal with, nothing is planned."""
    (tmp_path / "s.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\n")
    with pytest.raises(UsageError, match="no certificate to seal with"):
        plan_fixes(Request(sources=(str(tmp_path),), key=KEY), Wanted(root=str(tmp_path), to="sealed"))
