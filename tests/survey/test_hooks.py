"""The hook beside whatever hook is there already, in real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from strongroom.errors import SourceError, UsageError
from strongroom.survey import hooks
from strongroom.survey.staged import named, staged

OLD = "#!/bin/sh\necho the old hook\n"


def git(folder: Path, *arguments: str) -> str:
    """Run Git in a folder."""
    command = [
        "git",
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "protocol.file.allow=always",
        *arguments,
    ]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Make a repository with one commit."""
    top = tmp_path / "repo"
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    (top / "a.yaml").write_text("a: 1\n")
    git(top, "add", ".")
    git(top, "commit", "-qm", "start")
    return top


def install(folder: Path, baseline: str = "", *, shared: bool = False) -> list[str]:
    """Put the hook in; return what was done."""
    steps = hooks.installing(hooks.repository(folder), hooks.script(baseline), baseline, shared=shared)
    for step in steps:
        step.do()
    return [step.words for step in steps]


def uninstall(folder: Path) -> None:
    """Take the hook out."""
    for step in hooks.uninstalling(hooks.repository(folder)):
        step.do()


def state(folder: Path) -> dict[str, tuple[str, int]]:
    """Return the files of a folder with text and mode."""
    return {
        file.name: (file.read_text(), file.stat().st_mode & 0o777)
        for file in folder.iterdir()
        if ".sample" not in file.name
    }


def test_there_and_back(repo: Path) -> None:
    """A hook that was there is moved aside and comes back, byte for byte, with its mode."""
    folder = repo / ".git" / "hooks"
    (folder / "pre-commit").write_text(OLD)
    (folder / "pre-commit").chmod(0o750)
    before = state(folder)

    install(repo)
    assert state(folder)[hooks.ASIDE] == (OLD, 0o750)
    assert hooks.MARK in state(folder)["pre-commit"][0]
    uninstall(repo)

    assert state(folder) == before


def test_twice_is_once(repo: Path) -> None:
    """Installing again does nothing; with other options it renews only our hook."""
    (repo / ".git" / "hooks" / "pre-commit").write_text(OLD)
    install(repo)

    assert install(repo) == []
    (repo / "known").write_text("")
    done = install(repo, "known")
    assert len(done) == 2
    assert (repo / ".git" / "hooks" / hooks.ASIDE).read_text() == OLD


def test_finishes_what_was_interrupted(repo: Path) -> None:
    """Where a run broke off after it moved the old hook aside, the next one goes on, or goes back."""
    folder = repo / ".git" / "hooks"
    (folder / "pre-commit").write_text(OLD)
    before = state(folder)
    hooks.installing(hooks.repository(repo), hooks.script())[0].do()
    assert "pre-commit" not in state(folder)

    uninstall(repo)
    assert state(folder) == before
    hooks.installing(hooks.repository(repo), hooks.script())[0].do()
    install(repo)
    assert hooks.MARK in state(folder)["pre-commit"][0]
    assert state(folder)[hooks.ASIDE][0] == OLD


def test_nothing_is_overwritten(repo: Path) -> None:
    """A hook that another program put in our place, and one that is in the way, are left alone."""
    folder = repo / ".git" / "hooks"
    (folder / "pre-commit").write_text(OLD)
    install(repo)
    (folder / "pre-commit").write_text("#!/bin/sh\necho a third\n")
    before = state(folder)

    with pytest.raises(UsageError, match="is there already"):
        install(repo)
    with pytest.raises(UsageError, match="was not written by strongroom"):
        uninstall(repo)
    assert state(folder) == before


def test_nothing_to_take_out(repo: Path) -> None:
    """Where there is no hook of ours, taking it out is an error."""
    with pytest.raises(UsageError, match="no hook of strongroom"):
        uninstall(repo)


def test_linked_working_tree(repo: Path, tmp_path: Path) -> None:
    """A linked working tree shares the hooks of its repository."""
    git(repo, "worktree", "add", "-q", str(tmp_path / "linked"))

    install(tmp_path / "linked")

    assert (repo / ".git" / "hooks" / "pre-commit").is_file()


def test_hooks_path(repo: Path, tmp_path: Path) -> None:
    """``core.hooksPath`` inside the repository is followed; one that others use too only on demand."""
    git(repo, "config", "core.hooksPath", ".githooks")
    install(repo / ".git" / "..")
    assert (repo / ".githooks" / "pre-commit").is_file()

    git(repo, "config", "core.hooksPath", str(tmp_path / "global"))
    with pytest.raises(UsageError, match="other repositories use too"):
        install(repo)
    with pytest.raises(UsageError, match="other repositories use too"):
        uninstall(repo)
    install(repo, shared=True)
    assert (tmp_path / "global" / "pre-commit").is_file()


def test_link_as_hook(repo: Path) -> None:
    """A hook that is a link, also to nothing, is moved as the link that it is."""
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.symlink_to("../../scripts/check")

    install(repo)
    assert (hook.parent / hooks.ASIDE).is_symlink()
    uninstall(repo)

    assert hook.is_symlink()


def test_attributes(repo: Path) -> None:
    """The line by which branches merge the baseline is added once, and taken out without a trace."""
    file = repo / ".gitattributes"
    for before in (None, "*.png binary", "*.png binary\n"):
        file.unlink(missing_ok=True)
        if before is not None:
            file.write_text(before)
        (repo / "known values").write_text("")

        install(repo, "known values")
        assert git(repo, "check-attr", "merge", "--", "known values").endswith(": union\n")
        assert install(repo, "known values") == []
        uninstall(repo)

        assert (file.read_text().rstrip("\n") if file.exists() else None) == (before and before.rstrip("\n"))


def test_no_repository(tmp_path: Path) -> None:
    """Outside a repository, and in a bare one, there is nothing to install into."""
    git(tmp_path, "init", "-q", "--bare", "bare.git")

    for folder in (tmp_path, tmp_path / "bare.git"):
        with pytest.raises(SourceError):
            hooks.repository(folder)


def test_staged_is_the_index(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is about to be committed is read from the index, beside the last commit; the working tree does not count."""
    monkeypatch.chdir(repo)
    (repo / "a.yaml").write_text("a: 2\n")
    (repo / "with\nbreak ä.yaml").write_text("b: 1\n")
    (repo / "other.txt").write_text("c\n")
    git(repo, "add", ".")
    (repo / "a.yaml").write_text("a: 3\n")

    assert sorted(staged((".yaml",))) == [("a.yaml", b"a: 2\n", b"a: 1\n"), ("with\nbreak ä.yaml", b"b: 1\n", None)]
    outside = str(repo.parent / "x.yaml")
    (repo.parent / "x.yaml").write_text("x: 1\n")
    assert list(named(["a.yaml", outside])) == [("a.yaml", b"a: 3\n", b"a: 1\n"), (outside, b"x: 1\n", None)]


def test_nothing_of_the_repository_runs(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No filter, textconv, external diff or monitor that the repository configures is started."""
    trap = repo / "trap.sh"
    trap.write_text("#!/bin/sh\ntouch '" + str(repo / "ran") + "'\ncat\n")
    trap.chmod(0o755)
    (repo / ".gitattributes").write_text("*.yaml filter=t diff=t\n")
    for name in (
        "filter.t.clean",
        "filter.t.smudge",
        "diff.t.textconv",
        "diff.t.command",
        "diff.external",
        "core.fsmonitor",
    ):
        git(repo, "config", name, str(trap))
    git(repo, "-c", "filter.t.clean=cat", "-c", "core.fsmonitor=false", "add", ".")
    (repo / "ran").unlink(missing_ok=True)
    (repo / "a.yaml").write_text("a: 9\n")
    monkeypatch.chdir(repo)

    list(staged((".yaml", ".gitattributes")))
    list(named(["a.yaml"]))

    assert not (repo / "ran").exists()


def test_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named files need no repository; there is nothing to compare them with."""
    (tmp_path / "a.yaml").write_text("a: 1\n")
    monkeypatch.chdir(tmp_path)

    assert list(named(["a.yaml"])) == [("a.yaml", b"a: 1\n", None)]
    with pytest.raises(SourceError, match="git diff failed"):
        list(staged((".yaml",)))


def test_a_large_file_of_attributes_is_never_cut(repo: Path) -> None:
    """Attributes that are larger than what is read are an error, and keep their end."""
    attributes = repo / ".gitattributes"
    attributes.write_text("# padding\n" * 120_000 + "*.bin binary\n")

    with pytest.raises(SourceError, match="larger than"):
        hooks.installing(hooks.repository(repo), hooks.script(".strongroom-baseline"), ".strongroom-baseline")

    assert attributes.read_text().endswith("*.bin binary\n")


def test_a_name_with_a_line_end_stays_on_one_line() -> None:
    """What a repository holds adds no line of its own to .gitattributes."""
    assert (
        hooks.attribute_pattern("a b\n*.yaml merge=x\t")
        == "a[[:space:]]b[[:space:]]\\*.yaml[[:space:]]merge=x[[:space:]]"
    )
    assert hooks.attribute_pattern("plain/name.yaml") == "plain/name.yaml"
