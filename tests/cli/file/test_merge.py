"""Encrypted files in real merges, rebases and cherry-picks; the real sops reads what comes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.file.repo import BASES, SIDES, Repo, diverged


@pytest.mark.parametrize("name", SIDES)
@pytest.mark.parametrize("how", ["merge", "rebase", "cherry-pick"])
def test_what_both_sides_changed_goes_together(repo: Repo, name: str, how: str) -> None:
    """Changes and additions of both sides are in the result, which sops opens, and nothing else changed."""
    ours, theirs = SIDES[name]
    diverged(repo, name, ours, theirs)
    repo.git(
        *{"merge": ("merge", "theirs"), "rebase": ("rebase", "theirs"), "cherry-pick": ("cherry-pick", "theirs")}[how]
    )
    plain = repo.plain(name)
    for text in ("mine", "second", "added-here", "added-there", "abc"):
        assert plain.count(text) == 1, plain
    assert "shop\n" not in plain.replace("the shop\n", "")
    assert "first" not in plain
    assert "<<<<" not in repo.read(name)
    assert repo.git("status", "--short") == ""


def test_ciphertext_of_both_sides_is_kept(repo: Repo) -> None:
    """Every value stands in the result with the ciphertext of the side that it comes from."""
    ours, theirs = SIDES["db.enc.yaml"]
    diverged(repo, "db.enc.yaml", ours, theirs)
    sides = [repo.git("show", f"{side}:db.enc.yaml").splitlines() for side in ("main", "theirs")]
    repo.git("merge", "theirs")
    values = [line for line in repo.read("db.enc.yaml").splitlines() if "ENC[" in line and " mac:" not in line]
    assert len(values) == 11
    assert all(line in sides[0] or line in sides[1] for line in values)


def test_conflict_is_encrypted_and_resolved_in_an_editor(repo: Repo) -> None:
    """Where both sides changed a value, both stand between markers, encrypted; the editor shows them in plain."""
    diverged(
        repo,
        "db.enc.yaml",
        lambda t: t.replace("first", "Zq7-mine").replace("5432", "5433"),
        lambda t: t.replace("first", "Zq7-theirs").replace("one", "uno"),
    )
    said = repo.git("merge", "theirs", code=1)
    assert "conflict in db.enc.yaml: password\n" in said
    text = repo.read("db.enc.yaml")
    assert "<<<<<<< ours\npassword: ENC[" in text
    assert "=======\npassword: ENC[" in text
    assert text.count("<<<<<<<") == 1, "the MAC is no conflict"
    assert "Zq7" not in text + said
    editor = repo.place.write("editor", f'#!/bin/sh\ncp "$1" {repo.place.top}/seen\nexit 1\n')
    editor.chmod(0o755)
    repo.place.ours("merge", "--resolve", "db.enc.yaml", EDITOR=editor, code=2)
    assert "<<<<<<< ours\npassword: Zq7-mine\n=======\npassword: Zq7-theirs\n>>>>>>> theirs\n" in repo.read("seen")
    assert repo.read("db.enc.yaml") == text, "an editor that fails changes nothing"
    editor.write_text("#!/bin/sh\ntrue\n")
    said = repo.place.ours("merge", "--resolve", "db.enc.yaml", EDITOR=editor, code=2).stderr.decode()
    assert "markers of the conflict are left" in said
    assert repo.read("db.enc.yaml") == text
    editor.write_text("#!/bin/sh\nsed -i -e '/^<<<<<<</,/^=======/d' -e '/^>>>>>>>/d' \"$1\"\n")
    repo.place.ours("merge", "--resolve", "db.enc.yaml", EDITOR=editor)
    plain = repo.plain("db.enc.yaml")
    assert "password: Zq7-theirs" in plain
    assert "port: 5433" in plain
    assert "uno" in plain
    assert repo.place.in_memory() == []


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_side_is_taken(repo: Repo, side: str) -> None:
    """--take resolves every conflict for one side, and keeps what does not conflict of both."""
    diverged(
        repo,
        "db.enc.yaml",
        lambda t: t.replace("first", "mine").replace("5432", "5433"),
        lambda t: t.replace("first", "other").replace("one", "uno"),
    )
    repo.git("merge", "theirs", code=1)
    repo.place.ours("merge", "--resolve", "--take", side, "db.enc.yaml")
    plain = repo.plain("db.enc.yaml")
    assert f"password: {'mine' if side == 'ours' else 'other'}\n" in plain
    assert "port: 5433" in plain
    assert "uno" in plain


def test_binary_file(repo: Repo) -> None:
    """A binary file that one side changed is merged; one that both changed is a conflict that --take resolves."""
    name = "key.enc"
    repo.commit(name, b"\0first\n")
    repo.git("switch", "-qc", "theirs")
    repo.commit(name, b"\0theirs\n")
    repo.git("switch", "-q", "main")
    repo.commit(name, b"\0ours\n")
    repo.git("merge", "theirs", code=1)
    repo.place.ours("merge", "--resolve", "--take", "theirs", name)
    assert repo.place.sops("decrypt", name).stdout == b"\0theirs\n"


def test_file_that_both_added(repo: Repo) -> None:
    """Two branches that each add the same file under data keys of their own merge into one file."""
    repo.git("switch", "-qc", "theirs")
    repo.commit("new.enc.yaml", "shared: same\ntheirs: 2\n")
    repo.git("switch", "-q", "main")
    repo.commit("new.enc.yaml", "shared: same\nours: 1\n")
    repo.git("merge", "theirs")
    assert repo.plain("new.enc.yaml") == "shared: same\nours: 1\ntheirs: 2\n"


def test_side_in_plain_comes_out_encrypted(repo: Repo) -> None:
    """A file that one branch encrypted and the other changed in plain is encrypted after the merge."""
    repo.place.write("late.enc.yaml", "a: 1\nb: Zq7-old\n")
    repo.git("add", "late.enc.yaml")
    repo.git("commit", "-qm", "in plain")
    repo.git("switch", "-qc", "theirs")
    repo.place.write("late.enc.yaml", "a: 1\nb: Zq7-new\n")
    repo.git("commit", "-qam", "still in plain")
    repo.git("switch", "-q", "main")
    repo.place.sops("encrypt", "-i", "late.enc.yaml")
    repo.git("commit", "-qam", "encrypted")
    repo.git("merge", "theirs")
    assert "Zq7" not in repo.read("late.enc.yaml")
    assert repo.plain("late.enc.yaml") == "a: 1\nb: Zq7-new\n"


def test_side_that_was_decrypted_is_not_merged(repo: Repo) -> None:
    """Values that somebody put in without the key, in plain, are not given a MAC by the merge."""
    repo.commit("db.enc.yaml", BASES["db.enc.yaml"])
    repo.git("switch", "-qc", "theirs")
    repo.place.write("db.enc.yaml", BASES["db.enc.yaml"].replace("first", "forged"))
    repo.git("commit", "-qam", "in plain")
    repo.git("switch", "-q", "main")
    repo.commit("db.enc.yaml", BASES["db.enc.yaml"].replace("shop\n", "mine\n"))
    assert "their side is in plain" in repo.git("merge", "theirs", code=1)
    repo.place.ours("merge", "--resolve", "db.enc.yaml", code=2)
    assert "<<<<<<<" in repo.read("db.enc.yaml")


def test_files_in_plain_are_merged_by_git(repo: Repo) -> None:
    """The driver leaves files that nobody encrypted to Git's own merge, with and without conflict."""
    for name, base in (("a.enc.yaml", "a: 1\n\n\n\nb: 2\n"), ("b.enc.yaml", "a: 1\n")):
        repo.place.write(name, base)
    repo.git("add", ".")
    repo.git("commit", "-qm", "plain")
    repo.git("switch", "-qc", "theirs")
    repo.place.write("a.enc.yaml", "a: 1\n\n\n\nb: 3\n")
    repo.place.write("b.enc.yaml", "a: 3\n")
    repo.git("commit", "-qam", "theirs")
    repo.git("switch", "-q", "main")
    repo.place.write("a.enc.yaml", "a: 9\n\n\n\nb: 2\n")
    repo.place.write("b.enc.yaml", "a: 9\n")
    repo.git("commit", "-qam", "ours")
    repo.git("merge", "theirs", code=1)
    assert repo.read("a.enc.yaml") == "a: 9\n\n\n\nb: 3\n"
    assert repo.read("b.enc.yaml") == "<<<<<<< ours\na: 9\n=======\na: 3\n>>>>>>> theirs\n"


def test_without_a_key_the_conflict_is_gits(repo: Repo) -> None:
    """Who cannot open the file gets Git's conflict of ciphertexts, and resolves it once a key is there."""
    diverged(repo, "db.enc.yaml", *SIDES["db.enc.yaml"])
    kept = repo.place.keys.read_text()
    repo.place.keys.write_text(repo.place.identities[2] + "\n")
    said = repo.git("merge", "theirs", code=1)
    assert "error: db.enc.yaml:" in said
    assert "no key opens the file" in said
    assert "<<<<<<< ours" in repo.read("db.enc.yaml")
    assert "UU db.enc.yaml" in repo.git("status", "--short")
    assert "lastmodified" in repo.read("db.enc.yaml").partition("<<<<<<<")[2]
    repo.place.ours("merge", "--resolve", "db.enc.yaml", code=2)
    repo.place.keys.write_text(kept)
    repo.place.ours("merge", "--resolve", "db.enc.yaml")
    assert "added-there" in repo.plain("db.enc.yaml")


def test_deleted_file(repo: Repo) -> None:
    """A file that one side deleted is left to a person."""
    repo.commit("db.enc.yaml", BASES["db.enc.yaml"])
    repo.git("switch", "-qc", "theirs")
    repo.git("rm", "-q", "db.enc.yaml")
    repo.git("commit", "-qm", "gone")
    repo.git("switch", "-q", "main")
    repo.commit("db.enc.yaml", BASES["db.enc.yaml"].replace("first", "second"))
    repo.git("merge", "theirs", code=1)
    said = repo.place.ours("merge", "--resolve", "db.enc.yaml", code=2).stderr.decode()
    assert "one side deleted db.enc.yaml" in said


def test_resolve_that_is_ended_leaves_no_plain_text(repo: Repo) -> None:
    """A resolve that is asked to end while the editor is open wipes the editor's file."""
    diverged(repo, "db.enc.yaml", lambda t: t.replace("first", "mine"), lambda t: t.replace("first", "yours"))
    repo.git("merge", "theirs", code=1)
    said = repo.place.top / "../said"
    editor = repo.place.write("../slow-editor", f'#!/bin/sh\necho "$1" >"{said}"\nkill -TERM $PPID\nexec sleep 60\n')
    editor.chmod(0o755)
    repo.place.ours("merge", "--resolve", "db.enc.yaml", EDITOR=editor, code=128 + 15)
    assert not Path(said.read_text().strip()).exists()
    assert "<<<<<<<" in repo.read("db.enc.yaml")


def test_a_side_with_lines_like_markers_is_taken(repo: Repo) -> None:
    """What looks like a marker and stands in the side itself does not keep --take from it."""
    name = "notes.enc"
    repo.commit(name, b"Title\n=======\nfirst\n")
    repo.git("switch", "-qc", "theirs")
    repo.commit(name, b"Title\n=======\ntheirs\n")
    repo.git("switch", "-q", "main")
    repo.commit(name, b"Title\n=======\nours\n")
    repo.git("merge", "theirs", code=1)
    repo.place.ours("merge", "--resolve", "--take", "theirs", name)
    assert repo.place.sops("decrypt", name).stdout == b"Title\n=======\ntheirs\n"


def test_resolve_outside_of_a_conflict(repo: Repo) -> None:
    """--resolve of a file that is not in conflict says so."""
    repo.commit("db.enc.yaml", BASES["db.enc.yaml"])
    assert b"is not in conflict" in repo.place.ours("merge", "--resolve", "db.enc.yaml", code=2).stderr
    assert Path(repo.place.top, "db.enc.yaml").exists()
