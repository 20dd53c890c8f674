"""``strongroom fix`` as a user types it: keys of one's own, what its answers say, and that they can be followed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyrage import x25519
from tests.support.sops import AgeKey, age_key, decrypt, encrypt, sops

EXAMPLES = Path(__file__).parents[2] / "examples"
VALUE = "ktNPT0ND3YWZznDFpGlnEAVrtvqjRxWC"
SECRET = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: db, namespace: shop}}\nstringData:\n  password: {VALUE}\n"


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder, with a home of its own."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SOPS_", "XDG_"))}
    known = {**kept, "HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "LC_ALL": "C.UTF-8", **environment}
    call = [sys.executable, "-m", "strongroom", *arguments]
    return subprocess.run(call, cwd=folder, env=known, capture_output=True, text=True, check=False)


def test_a_key_that_is_there(tmp_path: Path) -> None:
    """Without rules and recipients, files are encrypted for one's own age key, where sops looks for it."""
    identity = x25519.Identity.generate()
    keys = tmp_path / "config" / "sops" / "age"
    keys.mkdir(parents=True)
    (keys / "keys.txt").write_text(f"# mine\n{identity}\n")
    (tmp_path / "deploy").mkdir()
    path = tmp_path / "deploy" / "db.yaml"
    path.write_text(SECRET)

    done = run(tmp_path, "fix", "deploy", "--to", "sops", "--yes", XDG_CONFIG_HOME=str(tmp_path / "config"))

    assert done.returncode == 0, done.stderr
    assert str(identity.to_public()) in (tmp_path / ".sops.yaml").read_text()
    assert VALUE not in path.read_text()
    assert VALUE in sops("decrypt", str(path), key=AgeKey(str(identity), "")).decode()
    assert str(identity) not in done.stdout + done.stderr


@pytest.mark.parametrize("has_key", [True, False])
def test_a_file_that_is_encrypted_in_part(tmp_path: Path, has_key: bool) -> None:
    """With its key at hand, what was added in plain text is encrypted; without it, the file is left, with the reason."""
    (tmp_path / "deploy").mkdir()
    rule = f"creation_rules:\n  - age: {age_key().recipient}\n    encrypted_regex: ^(data|stringData)$\n"
    (tmp_path / ".sops.yaml").write_text(rule)
    path = tmp_path / "deploy" / "db.yaml"
    sealed = encrypt(SECRET.encode(), "yaml", "--encrypted-regex", "^(data|stringData)$").decode()
    partly = sealed.replace("stringData:\n", f"stringData:\n    token: {VALUE[::-1]}\n")
    path.write_text(partly)

    key = {"SOPS_AGE_KEY": age_key().identity} if has_key else {}
    done = run(tmp_path, "fix", "deploy", "--yes", "--format", "json", **key)

    assert done.returncode == 0, done.stderr
    left = [one for one in json.loads(done.stdout)["left"] if one["id"] == "partly-encrypted-file"]
    assert VALUE[::-1] not in done.stdout + done.stderr
    if has_key:
        assert left == []
        found = decrypt(path.read_bytes(), "yaml").decode()
        assert VALUE in found
        assert VALUE[::-1] in found
        assert VALUE[::-1] not in path.read_text()
    else:
        assert path.read_text() == partly
        assert "encrypt the file again" in left[0]["why"]


def test_no_key_at_all(tmp_path: Path) -> None:
    """Where nothing says who can open files, they are left in plain text, with that reason."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "db.yaml").write_text(SECRET)
    done = run(tmp_path, "fix", "deploy", "--to", "sops", "--dry-run", "--format", "json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["steps"] == []
    (left,) = [one for one in said["left"] if one["id"] == "plain-secret-manifest"]
    assert "sops.yaml" in left["why"] or "recipient" in left["why"]


def test_an_answer_that_is_ready(tmp_path: Path) -> None:
    """The options below a question make just the fixes that are named there, and settle their findings."""
    shutil.copytree(EXAMPLES / "shop", tmp_path / "shop")
    done = run(tmp_path, "fix", "shop", "--yes")
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    lines = [line.strip() for line in done.stdout.replace("\\\n", "").splitlines()]
    ready = next(line for line in lines if line.startswith("ready with --whole"))
    options = shlex.split(ready.removeprefix("ready with "))

    said = json.loads(run(tmp_path, "fix", "shop", *options, "--yes", "--format", "json").stdout)

    assert len(said["mended"]) >= 10
    assert {f["id"] for one in said["mended"] for f in one["findings"]} == {*options[2::2]}
    assert all(not one["unsafe"] for one in said["mended"])
    assert [one for one in said["unsafe"] if one["whole"]] == []


def test_what_only_rendering_shows(tmp_path: Path, program: Callable[[str], Path]) -> None:
    """What kustomize generates is left with the file that it is made of; commands read the sources in the same way."""
    (tmp_path / "deploy").mkdir()
    generator = f"configMapGenerator: [{{name: gen, literals: [LEVEL=info, DB_PASSWORD={VALUE}]}}]\n"
    (tmp_path / "deploy" / "kustomization.yaml").write_text(f"resources: [db.yaml]\n{generator}")
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: shop}\nspec:\n  containers:\n  - name: db\n"
    env = f"    image: db:1\n    env:\n    - name: TOKEN\n      value: {VALUE[::-1]}\n"
    (tmp_path / "deploy" / "db.yaml").write_text(pod + env)

    path = f"{program('kubectl').parent}{os.pathsep}{os.environ['PATH']}"
    done = run(tmp_path, "fix", "deploy", "--yes", "--no-gitignore", PATH=path)

    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "kustomize makes it of deploy/kustomization.yaml: change it there" in said
    assert "strongroom audit deploy --no-gitignore" in said
    assert VALUE not in done.stdout + done.stderr
