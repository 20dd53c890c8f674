"""Whole trees: status, encrypt, updatekeys, rotate, recipients, offboard; the real sops reads what comes out."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from pathlib import Path

import pytest
from tests.cli.file.place import MANIFEST, Place

RULES = """\
# who can open what
creation_rules:
  # what is for the cluster
  - path_regex: secrets/
    encrypted_regex: ^(data|stringData)$
    age:
      - {0} # ann
      - {1} # ben
  - encrypted_regex: ^(data|stringData)$
    age: {0}
"""


@pytest.fixture
def tree(place: Place) -> Place:
    """Make a tree: encrypted files, a Secret in plain, a file that a rule singles out, others that nobody means."""
    place.rules(RULES)
    for name in ("secrets/one.yaml", "secrets/deep/two.yaml"):
        place.write(name, MANIFEST)
        place.sops("encrypt", "-i", name)
    place.write("apps/forgotten.yaml", MANIFEST)
    place.write("apps/deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\ndata: {a: b}\n")
    place.write("values.yaml", "image: shop\n")
    place.write("secrets/settings.json", '{"stringData": {"a": "b"}}\n')
    place.write("ignored/x.yaml", MANIFEST)
    place.write(".gitignore", "ignored/\n")
    place.run("git", "init", "-q")
    return place


def _status(place: Place, *words: str, code: int = 1) -> dict[str, list[str]]:
    said = json.loads(place.ours("status", "--format", "json", *words, code=code).stdout)
    return {one["path"]: [note["id"] for note in one["notes"]] for one in said["files"]}


def _newest_plan(place: Place) -> str:
    return max(place.state.rglob("journal"), key=lambda path: path.stat().st_mtime_ns).parent.name[:12]


def test_status(tree: Place) -> None:
    """Each file that is or should be encrypted is there with what is wrong with it, and no other file is."""
    assert _status(tree) == {
        "apps/forgotten.yaml": ["in-plain"],
        "secrets/deep/two.yaml": [],
        "secrets/one.yaml": [],
        "secrets/settings.json": ["in-plain"],
    }
    text = tree.ours("status", "--no-gitignore", code=1).stdout.decode()
    assert "ignored/x.yaml\n  in-plain: should be encrypted: a Secret in plain text" in text
    assert text.endswith("5 files, 2 encrypted, 3 to look at\n")
    assert "Zq7" not in text
    assert _status(tree, "secrets/one.yaml", code=0) == {"secrets/one.yaml": []}


def test_status_of_what_is_out_of_step(tree: Place) -> None:
    """Other keys, another selection, tampering, and a SOPS that is not known are told apart."""
    one = tree.top / "secrets/one.yaml"
    good = one.read_text()
    tree.rules(RULES.replace("      - {1} # ben\n", "      - {2}\n").replace("^(data|stringData)$", "^data$"))
    assert _status(tree, "secrets/one.yaml") == {"secrets/one.yaml": ["keys", "selection"]}
    said = tree.ours("status", "secrets/one.yaml", code=1).stdout.decode()
    assert f"lacks age {tree.recipients[2]}" in said
    assert f"has age {tree.recipients[1]}" in said
    tree.rules(RULES)
    one.write_text(good.replace("name: db", "name: other"))
    assert _status(tree, "secrets/one.yaml", code=0) == {"secrets/one.yaml": []}, "that shows with a key alone"
    assert _status(tree, "--check", "secrets/one.yaml") == {"secrets/one.yaml": ["tampered"]}
    one.write_text(good.replace("version: 3.", "version: 4."))
    assert _status(tree, "secrets/one.yaml") == {"secrets/one.yaml": ["version"]}
    one.write_text(good)
    tree.keys.write_text(tree.identities[2] + "\n")
    assert _status(tree, "--check", "secrets/one.yaml", code=0) == {"secrets/one.yaml": ["not-checked"]}


def test_encrypt_what_should_be(tree: Place) -> None:
    """-r encrypts what should be and nothing else; undo brings the files back."""
    before = {path: path.read_bytes() for path in tree.top.rglob("*.*") if path.is_file() and ".git/" not in str(path)}
    assert b"encrypt apps/forgotten.yaml" in tree.ours("encrypt", "-r", ".", "--dry-run").stdout
    assert before == {path: path.read_bytes() for path in before}
    tree.ours("encrypt", "-r", ".", "--yes")
    assert _status(tree, "--check", code=0).keys() == {
        "apps/forgotten.yaml",
        "secrets/deep/two.yaml",
        "secrets/one.yaml",
        "secrets/settings.json",
    }
    changed = {path for path, data in before.items() if path.read_bytes() != data}
    assert changed == {tree.top / "apps/forgotten.yaml", tree.top / "secrets/settings.json"}
    assert b"typed-Password" in tree.sops("decrypt", "apps/forgotten.yaml").stdout
    assert b"metadata:\n  name: db  # in every cluster" in (tree.top / "apps/forgotten.yaml").read_bytes()
    tree.run(sys.executable, "-m", "strongroom", "plan", "undo", "--yes", _newest_plan(tree))
    assert before == {path: path.read_bytes() for path in before}


def test_plan_of_encryption_holds_no_value(tree: Place) -> None:
    """A saved plan holds ciphertext alone; shown, what gives way is masked."""
    tree.ours("encrypt", "-r", ".", "--plan", "plan.json")
    assert b"Zq7-typed" not in (tree.top / "plan.json").read_bytes()
    said = tree.run(sys.executable, "-m", "strongroom", "plan", "show", "plan.json").stdout
    assert b"Zq7-typed" not in said
    assert b"ENC[AES256_GCM" in said
    tree.run(sys.executable, "-m", "strongroom", "plan", "apply", "--yes", "plan.json")
    assert b"typed-Password" in tree.sops("decrypt", "apps/forgotten.yaml").stdout
    kept = [path for path in tree.state.rglob("*") if path.is_file()]
    assert kept
    assert not any(b"Zq7-typed" in path.read_bytes() for path in kept)


def test_updatekeys(tree: Place) -> None:
    """Every file whose keys differ gets those of its rule; values and what sops says of them stay as they are."""
    before = (tree.top / "secrets/one.yaml").read_text()
    tree.rules(RULES.replace("{1} # ben", "{2}"))
    said = tree.ours("updatekeys", "-r", ".", "--dry-run").stdout.decode()
    assert said.count("keys of secrets/") == 2
    assert tree.recipients[2] in said
    tree.ours("updatekeys", "-r", ".", "--yes")
    after = (tree.top / "secrets/one.yaml").read_text()
    assert [line for line in after.splitlines() if "ENC[" in line] == [
        line for line in before.splitlines() if "ENC[" in line
    ]
    assert b"already up to date" in tree.sops("updatekeys", "-y", "secrets/one.yaml").stderr
    assert b"nothing to do" in tree.ours("updatekeys", ".", "--yes").stdout
    tree.keys.write_text(tree.identities[2])
    assert b"typed-Password" in tree.sops("decrypt", "secrets/deep/two.yaml").stdout


def test_rotate(tree: Place) -> None:
    """Every file gets a new data key; the values stay, for the same recipients."""
    before = (tree.top / "secrets/one.yaml").read_text()
    tree.ours("rotate", "-r", ".", "--yes")
    after = (tree.top / "secrets/one.yaml").read_text()
    assert not {line for line in after.splitlines() if "ENC[" in line} & set(before.splitlines())
    tree.keys.write_text(tree.identities[1])
    assert b"typed-Password" in tree.sops("decrypt", "secrets/one.yaml").stdout


def test_rotation_names_those_that_no_rule_has(tree: Place) -> None:
    """Before a new data key is made for somebody who is not in the rule, that is said."""
    tree.rules(RULES.replace("      - {1} # ben\n", ""))
    said = tree.ours("rotate", "-r", ".", "--dry-run").stdout.decode()
    assert said.count(f"also for age {tree.recipients[1]}, which ") == 2


def test_file_that_cannot_be_opened(tree: Place) -> None:
    """What cannot be opened is told and left; the rest is done, and the exit code says so."""
    tree.write("secrets/closed.yaml", MANIFEST)
    tree.sops("encrypt", "-i", "--age", tree.recipients[2], "secrets/closed.yaml")
    done = tree.ours("rotate", "-r", ".", "--yes", code=1)
    assert b"failed: secrets/closed.yaml: no key opens the file" in done.stderr
    assert b"2 files written" in done.stderr


def test_nobody_to_ask(tree: Place) -> None:
    """Without a terminal and without --yes nothing is changed."""
    before = (tree.top / "secrets/one.yaml").read_bytes()
    assert b"nobody is there to ask" in tree.ours("rotate", "-r", ".", code=2).stderr
    assert (tree.top / "secrets/one.yaml").read_bytes() == before


def _commit(place: Place, day: int) -> None:
    place.environment |= {"GIT_CONFIG_NOSYSTEM": "1"}
    for name in ("AUTHOR", "COMMITTER"):
        place.environment |= {f"GIT_{name}_NAME": "Ada", f"GIT_{name}_EMAIL": "ada@example.com"}
        place.environment[f"GIT_{name}_DATE"] = f"2026-01-{day:02}T12:00:00+0000"
    place.run("git", "add", "-A")
    place.run("git", "commit", "-qm", f"day {day}")


def test_recipients_since_when(tree: Place) -> None:
    """Each recipient is there with its name, its files and the first commit that let it; former ones when asked for."""
    tree.rules(RULES.replace("      - {1} # ben\n", ""))
    tree.ours("updatekeys", ".", "--yes")
    _commit(tree, 1)
    tree.rules(RULES)
    tree.ours("updatekeys", ".", "--yes")
    _commit(tree, 5)
    tree.rules(RULES.replace("      - {0} # ann\n", ""))
    tree.ours("updatekeys", "secrets/one.yaml", "--yes")
    _commit(tree, 9)
    rows = list(csv.DictReader(io.StringIO(tree.ours("recipients", "--former", "--format", "csv").stdout.decode())))
    found = {(row["label"], row["path"]): (row["now"], row["since"][:10], row["until"][:10]) for row in rows}
    ben, ann = "ben", ""
    assert found == {
        (ben, "secrets/one.yaml"): ("True", "2026-01-05", ""),
        (ann, "secrets/one.yaml"): ("False", "2026-01-01", "2026-01-05"),
        (ben, "secrets/deep/two.yaml"): ("True", "2026-01-05", ""),
        (ann, "secrets/deep/two.yaml"): ("True", "2026-01-01", ""),
    }
    text = tree.ours("recipients").stdout.decode()
    assert f"age {tree.recipients[1]} (ben)\n  secrets/deep/two.yaml, since 2026-01-05 (" in text
    said = json.loads(tree.ours("recipients", "--no-history", "--format", "json").stdout)
    assert {one["since"] for one in said["recipients"]} == {""}


def test_offboard(tree: Place) -> None:
    """Somebody is taken out of files and rules, under new data keys, and what they could read is listed."""
    tree.ours("encrypt", "-r", ".", "--yes")
    _commit(tree, 1)
    sealed = (tree.top / "secrets/one.yaml").read_text()
    plain = tree.sops("decrypt", "secrets/one.yaml").stdout.decode()
    tree.run("timeout", "60", "sops", "unset", "secrets/one.yaml", '["stringData"]["user"]')
    tree.run("timeout", "60", "sops", "set", "secrets/one.yaml", '["stringData"]["password"]', '"changed"')
    (tree.top / "secrets/settings.json").unlink()
    _commit(tree, 2)
    said = json.loads(
        tree.ours("offboard", "ben", "--format", "json", "--dry-run").stdout.partition(b"\n}\n")[0] + b"}"
    )
    states = {(row["path"], row["value"]): row["state"] for row in said["values"]}
    assert said["recipients"] == [tree.recipients[1]]
    assert states == {
        ("secrets/one.yaml", "stringData.password"): "current",
        ("secrets/one.yaml", "stringData.user"): "gone",
        ("secrets/deep/two.yaml", "stringData.password"): "current",
        ("secrets/deep/two.yaml", "stringData.user"): "current",
        ("secrets/settings.json", "stringData.a"): "gone",
    }
    text = tree.ours("offboard", "ben", "--yes").stdout.decode()
    assert "to be rotated" in text
    assert "Zq7" not in text
    after = (tree.top / "secrets/one.yaml").read_text()
    assert not {line for line in after.splitlines() if "ENC[" in line} & set(sealed.splitlines())
    rules = (tree.top / ".sops.yaml").read_text()
    assert rules == RULES.replace("      - {1} # ben\n", "").format(*tree.recipients)
    assert "shop" in plain
    assert b"changed" in tree.sops("decrypt", "secrets/one.yaml").stdout
    tree.keys.write_text(tree.identities[1])
    assert tree.sops("decrypt", "secrets/deep/two.yaml", code=None).returncode != 0
    assert _status(tree, code=0)["secrets/one.yaml"] == []
    tree.run(sys.executable, "-m", "strongroom", "plan", "undo", "--yes", _newest_plan(tree))
    assert (tree.top / ".sops.yaml").read_text() == RULES.format(*tree.recipients)


def test_offboard_in_every_spelling(place: Place) -> None:
    """An SSH key is the same whatever comment stands behind it, also where only a rule names it."""
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    for folder, more in (("a", ""), ("b", " ben@host"), ("c", " ben@work")):
        place.write(f"{folder}/.sops.yaml", f"creation_rules:\n  - age: '{place.recipients[0]},{key}{more}'\n")
        if folder != "c":
            place.write(f"{folder}/x.enc.yaml", "a: 1\n")
            place.ours("encrypt", "-i", "x.enc.yaml", folder=folder)
    place.ours("offboard", f"{key} ben@laptop", "--no-history", "--yes")
    left = [file for file in place.top.rglob("*") if file.is_file() and key.split(" ")[1] in file.read_text()]
    assert not left
    assert place.sops("decrypt", "b/x.enc.yaml").stdout == b"a: 1\n"


@pytest.mark.parametrize("closed", ["shut", "shut/x.enc.yaml"])
def test_what_cannot_be_read_is_no_proof(place: Place, closed: str) -> None:
    """A file or folder that may not be read counts as out of step, and offboard does nothing without it."""
    place.rules("creation_rules:\n  - age: {0},{1}\n")
    for name in ("open.enc.yaml", "shut/x.enc.yaml"):
        place.write(name, "a: 1\n")
        place.ours("encrypt", "-i", name)
    before = (place.top / "open.enc.yaml").read_bytes()
    # Root reads everything, unless it gives that up.
    less = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"] if os.geteuid() == 0 else []
    (place.top / closed).chmod(0)
    try:
        said = place.run(*less, *place.command("status"), code=1).stdout.decode()
        gone = place.run(*less, *place.command("offboard", place.recipients[1], "--no-history", "--yes"), code=2)
        listed = place.run(*less, *place.command("recipients", "--no-history"), code=1)
    finally:
        (place.top / closed).chmod(0o700)
    assert f"{closed}\n  unreadable: cannot be read" in said
    assert f"left out: {closed}: cannot be read" in gone.stderr.decode()
    assert f"left out: {closed}: cannot be read" in listed.stderr.decode()
    assert (place.top / "open.enc.yaml").read_bytes() == before


def test_offboard_of_one_who_is_gone(tree: Place) -> None:
    """Somebody who was taken out before is listed with what earlier commits let them read."""
    _commit(tree, 1)
    tree.rules(RULES.replace("      - {1} # ben\n", ""))
    tree.ours("updatekeys", ".", "--yes")
    _commit(tree, 2)
    said = tree.ours("offboard", tree.recipients[1], "--yes").stdout.decode()
    assert "to be rotated: still in use as they could read it (4)" in said
    assert "nothing to do" in said


def test_values_that_were_only_encrypted_anew(tree: Place) -> None:
    """After a new data key, --compare tells the values that stayed from those that were rotated."""
    _commit(tree, 1)
    tree.rules(RULES.replace("      - {1} # ben\n", ""))
    tree.ours("updatekeys", ".", "--yes")
    tree.ours("rotate", "-r", ".", "--yes")
    tree.run("timeout", "60", "sops", "set", "secrets/one.yaml", '["stringData"]["password"]', '"changed"')
    _commit(tree, 2)

    def states(*words: str) -> dict[str, int]:
        said = tree.ours("offboard", tree.recipients[1], "--format", "json", "--dry-run", *words).stdout
        rows = json.loads(said)["values"]
        return {state: sum(row["state"] == state for row in rows) for state in ("current", "changed", "gone")}

    assert states() == {"current": 0, "changed": 4, "gone": 0}
    assert states("--compare") == {"current": 3, "changed": 1, "gone": 0}
    tree.keys.write_text(tree.identities[2])
    assert states("--compare") == {"current": 0, "changed": 4, "gone": 0}


def test_offboard_of_the_last_one(tree: Place) -> None:
    """A file, and a rule, that nobody could open any more is left as it is, and so is all the rest."""
    before = (tree.top / "secrets/one.yaml").read_bytes(), (tree.top / ".sops.yaml").read_bytes()
    tree.write("apps/only.yaml", MANIFEST)
    tree.sops("encrypt", "-i", "apps/only.yaml")
    done = tree.ours("offboard", "ann", "--yes", code=2)
    assert b"nobody could open apps/only.yaml" in done.stderr
    assert b"would be left without a key" in done.stderr
    assert b"nothing was changed" in done.stderr
    assert before == ((tree.top / "secrets/one.yaml").read_bytes(), (tree.top / ".sops.yaml").read_bytes())
    assert b"has a recipient nobody" in tree.ours("offboard", "nobody", code=2).stderr


def test_several_configurations(tree: Place) -> None:
    """In a tree with several .sops.yaml, the nearest one above a file holds, wherever the command runs."""
    tree.write("secrets/deep/.sops.yaml", f"creation_rules:\n  - age: {tree.recipients[2]}\n    encrypted_regex: ^x$\n")
    assert _status(tree)["secrets/deep/two.yaml"] == ["keys", "selection"]
    assert _status(tree, "--config", ".sops.yaml")["secrets/deep/two.yaml"] == []
    assert Path(tree.top, "secrets/deep/two.yaml").exists()
