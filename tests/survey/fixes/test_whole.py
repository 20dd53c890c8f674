"""Fixes of files that are no manifests: credentials leave, builds mount their secrets, rules are written."""

from __future__ import annotations

import shutil
from pathlib import Path

from pyrage import x25519
from tests.plans.build import tree
from tests.posture.fixes.mending import VALUE
from tests.support.sops import AgeKey, sops

from strongroom.plans.apply import Doing
from strongroom.survey.fixes.planning import Planned, Wanted, plan_fixes
from strongroom.survey.run import Request

EXAMPLES = Path(__file__).parents[3] / "examples"
KEY = bytes(range(32))
FILES = (".env", "ops/ci.kubeconfig", "ops/deploy.key")


def _planned(root: Path, *ids: str, unsafe: bool = True) -> Planned:
    return plan_fixes(Request(sources=(str(root),), key=KEY), Wanted(frozenset(ids), unsafe, str(root)))


def test_credential_files(tmp_path: Path) -> None:
    """They are deleted and ignored after what was ignored before, what to do is said, no value is shown, undo works."""
    root = tmp_path / "shop"
    shutil.copytree(EXAMPLES / "shop", root)
    (root / ".gitignore").write_text("build/")
    before = tree(root)
    lines = [line for name in FILES for line in (root / name).read_text().splitlines() if len(line) > 30]
    planned = _planned(root, "credential-file")
    shown = repr(planned.fix.plan) + repr(planned.fix.views)
    assert not [line for line in lines if line in shown]
    assert len(planned.fix.to_do) == 3
    doing = Doing(planned.fix.plan, root, KEY, tmp_path / "state")
    doing.apply()
    assert not [name for name in FILES if (root / name).exists()]
    assert (root / ".gitignore").read_text() == "build/\n/.env\n/ops/ci.kubeconfig\n/ops/deploy.key\n"
    doing.undo()
    assert tree(root) == before


def test_deleting_is_unsafe(tmp_path: Path) -> None:
    """Without being asked for, no file is deleted or ignored."""
    shutil.copytree(EXAMPLES / "shop", tmp_path / "shop")
    fix = _planned(tmp_path / "shop", "credential-file", unsafe=False).fix
    assert not fix.plan.steps
    assert len(fix.offered) == 3
    assert all(one.unseen for one in fix.offered)


def _built(folder: Path, text: str) -> tuple[str, Planned]:
    folder.mkdir()
    (folder / "Dockerfile").write_text(text)
    planned = _planned(folder, "secret-in-image-build")
    Doing(planned.fix.plan, folder, KEY, folder.parent / f"state-{folder.name}").apply()
    return (folder / "Dockerfile").read_text(), planned


def test_a_build(tmp_path: Path) -> None:
    """The default goes, each RUN that had it mounts it, said or not, and everything else stays."""
    text = (
        f"ARG API_TOKEN={VALUE}\nFROM a AS one\nRUN early\nARG API_TOKEN={VALUE}\n# API_TOKEN\nRUN npm ci\n"
        "RUN x && \\\n    get $API_TOKEN\nFROM b\nRUN other\nFROM --platform=linux/amd64 one\nRUN more\n"
    )
    after, planned = _built(tmp_path / "a", text)
    mount = "--mount=type=secret,id=api_token,env=API_TOKEN,required=true"
    assert after == (
        f"FROM a AS one\nRUN early\n# API_TOKEN\nRUN {mount} npm ci\nRUN {mount} x && \\\n    get $API_TOKEN\n"
        f"FROM b\nRUN other\nFROM --platform=linux/amd64 one\nRUN {mount} more\n"
    )
    assert "--secret id=api_token,env=API_TOKEN" in planned.fix.to_do[0]
    assert VALUE not in repr(planned.fix.plan) + repr(planned.fix.views)


def test_an_old_frontend(tmp_path: Path) -> None:
    """A build whose frontend gives no secret as a variable is left; the same with a newer one is not."""
    text = f"# syntax=docker/dockerfile:{{}}\nFROM a\nARG API_TOKEN={VALUE}\nRUN npm ci\n"
    for number, version in enumerate(("1.4", "1.9-labs", "1.10", "1")):
        after, planned = _built(tmp_path / str(number), text.format(version))
        if number < 2:
            assert after == text.format(version)
            assert "a frontend before 1.10" in planned.fix.left[0].why
        else:
            assert VALUE not in after


def test_a_build_that_is_left(tmp_path: Path) -> None:
    """What another instruction uses, or what is no argument, is left as it was."""
    for number, more in enumerate(
        ("ENV T=$API_TOKEN\n", 'RUN ["get", "$API_TOKEN"]\n', "RUN <<EOF\nget $API_TOKEN\nEOF\n")
    ):
        text = f"FROM a\nARG API_TOKEN={VALUE}\n{more}"
        after, planned = _built(tmp_path / str(number), text)
        assert after == text
        assert "another instruction than RUN" in planned.fix.left[0].why


def test_rules_are_written(tmp_path: Path) -> None:
    """Where no .sops.yaml speaks of the files, one is written for the recipients, and sops opens them with the key."""
    identity = x25519.Identity.generate()
    (tmp_path / "s.yaml").write_text(
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{password: {VALUE}}}\n"
    )
    wanted = Wanted(root=str(tmp_path), to="sops", recipients=(str(identity.to_public()),))
    fix = plan_fixes(Request(sources=(str(tmp_path),), key=KEY), wanted).fix
    Doing(fix.plan, tmp_path, KEY, tmp_path.parent / "state").apply()
    assert str(identity.to_public()) in (tmp_path / ".sops.yaml").read_text()
    assert VALUE not in (tmp_path / "s.yaml").read_text()
    assert VALUE in sops("decrypt", str(tmp_path / "s.yaml"), key=AgeKey(str(identity), "")).decode()
