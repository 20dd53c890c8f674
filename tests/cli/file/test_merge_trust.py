"""What a merge takes from the other side, what Git shows, and what stands where Strongroom does not."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from tests.cli.file.repo import BASES, SIDES, Repo, diverged


def test_tampered_side_is_not_merged(repo: Repo) -> None:
    """A side that somebody changed without the key is left in conflict, and is not given a new MAC."""
    diverged(repo, "db.enc.yaml", *SIDES["db.enc.yaml"])
    repo.git("switch", "-q", "theirs")
    lines = repo.read("db.enc.yaml").splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if line.startswith("user: "))
    repo.place.write("db.enc.yaml", "".join(lines[:at] + lines[at + 1 :]))
    repo.git("commit", "-qam", "a value goes")
    repo.git("switch", "-q", "main")
    said = repo.git("merge", "theirs", code=1)
    assert "their side cannot be opened" in said
    repo.place.ours("merge", "--resolve", "db.enc.yaml", code=2)


def test_recipients_of_both_sides(repo: Repo) -> None:
    """Who was added on either side can open the result; who was taken out on one side cannot."""
    first, second, third = repo.place.recipients
    repo.commit("db.enc.yaml", BASES["db.enc.yaml"])
    repo.place.sops("rotate", "-i", "--add-age", second, "db.enc.yaml")
    repo.git("commit", "-qam", "second can open it")
    repo.git("switch", "-qc", "theirs")
    repo.place.rules(f"creation_rules:\n  - age: {first},{second},{third}\n")
    repo.place.sops("updatekeys", "-y", "db.enc.yaml")
    repo.commit("db.enc.yaml", repo.plain("db.enc.yaml").replace("first", "other"))
    repo.git("switch", "-q", "main")
    repo.place.rules(f"creation_rules:\n  - age: {first}\n")
    repo.place.sops("updatekeys", "-y", "db.enc.yaml")
    repo.commit("db.enc.yaml", repo.plain("db.enc.yaml").replace("5432", "5433"))
    said = repo.git("merge", "theirs")
    assert f"db.enc.yaml: age {third} can open it now" in said
    text = repo.read("db.enc.yaml")
    assert first in text
    assert third in text
    assert second not in text
    for number, opens in ((0, True), (1, False), (2, True)):
        key = repo.place.write("one-key", repo.place.identities[number])
        done = repo.place.sops("decrypt", "db.enc.yaml", HOME="/nonexistent", SOPS_AGE_KEY_FILE=key, code=None)
        assert (done.returncode == 0) is opens
        assert not opens or (b"password: other" in done.stdout and b"5433" in done.stdout)


def test_former_data_key_opens_no_merge(repo: Repo) -> None:
    """Where one side made a new data key, to lock somebody out, the former one does not open the result."""
    repo.commit("db.enc.yaml", BASES["db.enc.yaml"])
    repo.git("switch", "-qc", "theirs")
    repo.place.sops("rotate", "-i", "db.enc.yaml")
    repo.git("commit", "-qam", "a new data key")
    rotated = repo.read("db.enc.yaml").splitlines()
    repo.git("switch", "-q", "main")
    repo.commit("db.enc.yaml", repo.plain("db.enc.yaml").replace("first", "second"))
    former = repo.read("db.enc.yaml").splitlines()
    repo.git("merge", "theirs")
    assert "password: second" in repo.plain("db.enc.yaml")
    kept = [line for line in repo.read("db.enc.yaml").splitlines() if line in (*rotated, *former) and "data:" in line]
    assert not kept, "whoever wrote the other branch may have made up its data key"
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.git("rebase", "-q", "theirs")
    assert "password: second" in repo.plain("db.enc.yaml")
    kept = [line for line in repo.read("db.enc.yaml").splitlines() if line in rotated and "data:" in line]
    assert len(kept) >= 6, "all but the changed value have the ciphertext of the branch below"


def test_recipient_named_without_a_key_stops_the_merge(repo: Repo) -> None:
    """Whoever only writes a name into the file gets no data key from a merge that nobody looked at."""
    first, second, _ = repo.place.recipients
    repo.commit("db.enc.yaml", BASES["db.enc.yaml"])
    repo.git("switch", "-qc", "theirs")
    text = repo.read("db.enc.yaml")
    lines = text.splitlines(keepends=True)
    at, end = (next(n for n, line in enumerate(lines) if mark in line) for mark in ("- recipient:", "-----END AGE"))
    repo.place.write("db.enc.yaml", text.replace("".join(lines[at : end + 1]), "".join(lines[at : end + 1]) * 2))
    repo.place.write("db.enc.yaml", repo.read("db.enc.yaml").replace(first, second, 1))
    repo.git("commit", "-qam", "second would like to open it")
    repo.git("switch", "-q", "main")
    repo.place.sops("rotate", "-i", "db.enc.yaml")
    repo.git("commit", "-qam", "a new data key")
    said = repo.git("merge", "theirs", code=1)
    assert f"db.enc.yaml: age {second} can open it now" in said
    assert "git add takes it so" in said


def test_driver_without_strongroom(repo: Repo) -> None:
    """Where the Python of the driver is gone, Git's merge is made and is a conflict: our side alone is never taken."""
    diverged(repo, "db.enc.yaml", *SIDES["db.enc.yaml"])
    driver = repo.git("config", "merge.strongroom.driver").strip()
    repo.git("config", "merge.strongroom.driver", driver.replace(sys.executable, "/nonexistent/python"))
    repo.git("merge", "theirs", code=1)
    assert "<<<<<<<" in repo.read("db.enc.yaml")


def test_driver_without_the_package(repo: Repo, tmp_path: Path) -> None:
    """Where the Python of the driver is there and Strongroom is not, it ends with 1 too: our side is not the result."""
    diverged(repo, "db.enc.yaml", *SIDES["db.enc.yaml"])
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -S -I "$@"\n')
    bare.chmod(0o755)
    driver = repo.git("config", "merge.strongroom.driver").strip()
    repo.git("config", "merge.strongroom.driver", driver.replace(sys.executable, str(bare)))
    assert "No module named" in repo.git("merge", "theirs", code=1)
    assert "<<<<<<<" in repo.read("db.enc.yaml")


def test_diff_shows_which_values_changed(repo: Repo) -> None:
    """Git diff shows fingerprints for values, and nothing of ciphertext, MAC or the values; --reveal shows them."""
    repo.commit("db.enc.yaml", BASES["db.enc.yaml"])
    repo.commit("db.enc.yaml", repo.plain("db.enc.yaml").replace("first", "Zq7-second"))
    said = repo.git("diff", "HEAD~1")
    changed = [line for line in said.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert [line.partition("fp:")[0] for line in changed] == ["-password: ", "+password: "]
    assert "ENC[" not in said
    assert "Zq7" not in said
    repo.place.run(sys.executable, "-m", "strongroom", "git", "install", "--no-hook", "--yes", "--reveal")
    assert "+password: Zq7-second" in repo.git("diff", "HEAD~1")


def test_diff_of_what_cannot_be_opened(repo: Repo) -> None:
    """Git diff still works without a key: the file is shown as it is."""
    repo.commit("db.enc.yaml", BASES["db.enc.yaml"])
    repo.commit("db.enc.yaml", repo.plain("db.enc.yaml").replace("first", "second"))
    repo.place.keys.write_text(repo.place.identities[2] + "\n")
    said = repo.git("diff", "HEAD~1")
    assert "+password: ENC[" in said
    assert "is shown encrypted" in said


def test_install_and_uninstall(repo: Repo) -> None:
    """What install adds is found by itself, is not added twice, and uninstall takes all of it out again."""
    top = repo.place.top
    attributes = top / ".gitattributes"
    command = [sys.executable, "-m", "strongroom", "git"]
    repo.place.run(*command, "uninstall", "--yes")
    assert not attributes.exists()
    assert "strongroom" not in repo.git("config", "--local", "--list")
    attributes.write_text("*.png binary\n")
    repo.place.write(
        "one.enc.yaml", repo.place.sops("encrypt", "--filename-override", "x.yaml", stdin=b"a: 1\n").stdout
    )
    for name in ("secrets/a.yaml", "secrets/b.yaml", "apps/db.yaml"):
        repo.place.write(name, (top / "one.enc.yaml").read_bytes())
    repo.place.write("apps/deployment.yaml", "a: 1\n")
    repo.place.run(*command, "install", "--no-hook", "--yes")
    lines = attributes.read_text().splitlines()
    assert lines[0] == "*.png binary"
    assert [line.split(" ")[0] for line in lines[2:]] == ["/apps/db.yaml", "*.enc.yaml", "/secrets/*.yaml"]
    again = repo.place.run(*command, "install", "--no-hook", "--yes").stdout
    assert b"nothing to do" in again
    repo.place.run(*command, "uninstall", "--yes")
    assert attributes.read_text() == "*.png binary\n"
    assert "strongroom" not in repo.git("config", "--local", "--list")
