"""The hooks in real commits: our own, and through the program pre-commit."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.leaks.fakes import fake

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
SOPS = (ROOT / "examples" / "shop-fixed" / "secrets" / "mail.yaml").read_text("utf-8")
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: Tr0ub4dor-and-3\n"


class Repository:
    """A repository in which commands run as a user would type them."""

    def __init__(self, top: Path) -> None:
        self.top = top
        home = top.parent / "home"
        tools = top.parent / "tools"
        home.mkdir()
        tools.mkdir()
        script = tools / "strongroom"
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m strongroom "$@"\n')
        script.chmod(0o755)
        self.environment = {
            "PATH": f"{tools}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "KF_RULE_CACHE_DIR": os.environ.get("KF_RULE_CACHE_DIR", str(Path.home() / ".cache" / "kingfisher")),
            "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        }
        (home / ".gitconfig").write_text(
            "[user]\n  name = t\n  email = t@example.org\n[init]\n  defaultBranch = main\n"
        )
        top.mkdir(exist_ok=True)
        self.run("git", "init", "-q")

    def run(self, *words: str, code: int | None = 0) -> str:
        """Run a command; return what it prints."""
        done = subprocess.run(
            words,
            cwd=self.top,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        printed = done.stdout + done.stderr
        assert code is None or done.returncode == code, printed
        return printed

    def write(self, **files: str) -> None:
        """Write files and stage them; ``_`` stands for a dot in names."""
        for name, text in files.items():
            (self.top / name.replace("_", ".")).write_text(text)
        self.run("git", "add", ".")

    def commits(self) -> int:
        """Return how many commits there are."""
        return len(self.run("git", "rev-list", "--all").split())


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    """Make an empty repository."""
    return Repository(tmp_path / "repo")


def test_own_hook(repo: Repository) -> None:
    """A commit with a token, with a plain Secret or with a SOPS file that was changed by hand is stopped; others pass."""
    repo.run("strongroom", "git", "install", "--yes")
    repo.write(mail_yaml=SOPS)
    repo.run("git", "commit", "-m", "encrypted")

    for files in (
        {"a_py": f"t = '{fake('github')}'\n"},
        {"s_yaml": SECRET},
        {"mail_yaml": SOPS.replace("shop", "sh0p")},
    ):
        repo.write(**files)
        printed = repo.run("git", "commit", "-m", "bad", code=1)
        assert fake("github") not in printed
        assert "Tr0ub4dor" not in printed
        repo.run("git", "reset", "-q", "--hard")

    assert repo.commits() == 1


def test_what_is_committed_counts(repo: Repository) -> None:
    """With ``commit -a`` and ``commit FILE`` Git uses another index; the hook looks at that one."""
    repo.run("strongroom", "git", "install", "--yes")
    repo.write(a_py="a = 1\n", b_py="b = 1\n")
    repo.run("git", "commit", "-m", "start")

    (repo.top / "a.py").write_text(f"t = '{fake('github')}'\n")
    repo.run("git", "commit", "-am", "all", code=1)
    repo.run("git", "commit", "-m", "one", "a.py", code=1)
    (repo.top / "b.py").write_text("b = 2\n")
    repo.run("git", "commit", "-m", "the other", "b.py")

    assert repo.commits() == 2


def test_old_hook_is_run_first(repo: Repository) -> None:
    """The hook that was there is run, and may stop the commit."""
    hook = repo.top / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho old hook $#\ntest ! -e stop\n")
    hook.chmod(0o755)
    repo.run("strongroom", "git", "install", "--yes")

    repo.write(a_py="a = 1\n")
    assert "old hook 0" in repo.run("git", "commit", "-m", "a")
    repo.write(stop="")
    repo.run("git", "commit", "-m", "b", code=1)


def test_baseline_of_the_hook(repo: Repository) -> None:
    """What the baseline knows does not stop a commit."""
    repo.write(a_py=f"t = '{fake('github')}'\n")
    repo.run("strongroom", "scan", ".", "--write-baseline", "--reason", "made up")
    repo.run("strongroom", "git", "install", "--yes")

    repo.run("git", "add", ".")
    repo.run("git", "commit", "-m", "known")
    repo.write(b_py=f"t = '{fake('github', 2)}'\n")
    repo.run("git", "commit", "-m", "unknown", code=1)


def test_repository_is_not_imported(repo: Repository) -> None:
    """A module of the repository that is named like one of ours, or of a library, is not run by the hook."""
    repo.run("strongroom", "git", "install", "--yes")
    trap = "import pathlib; pathlib.Path('ran').touch()\n"
    (repo.top / "strongroom").mkdir()
    for name in ("strongroom/__init__.py", "strongroom/__main__.py", "click.py", "msgspec.py", "sitecustomize.py"):
        (repo.top / name).write_text(trap)

    repo.run("git", "add", ".")
    repo.run("git", "commit", "-m", "modules")

    assert not (repo.top / "ran").exists()


def test_strongroom_is_gone(repo: Repository) -> None:
    """Where the program is not there any more, the commit is stopped with a hint, not let through."""
    repo.run("strongroom", "git", "install", "--yes")
    hook = repo.top / ".git" / "hooks" / "pre-commit"
    hook.write_text(hook.read_text().replace(f"python={sys.executable}", "python=/nowhere/python"))
    repo.environment["PATH"] = "/usr/bin:/bin"
    repo.write(a_py="a = 1\n")

    assert "hint: install it again" in repo.run("git", "commit", "-m", "a", code=1)


def test_asks_or_is_told(repo: Repository) -> None:
    """Nothing is changed without a person's word: --dry-run shows it, and without a terminal --yes is needed."""
    hook = repo.top / ".git" / "hooks" / "pre-commit"

    assert "would write" in repo.run("strongroom", "git", "install", "--dry-run")
    assert "nobody is there to ask" in repo.run("strongroom", "git", "install", code=2)
    assert not hook.exists()


def _config(repo: Repository, *ids: str) -> None:
    """Use hooks of the manifest; from a checkout pre-commit would install them, which needs a network."""
    manifest = yaml.safe_load(MANIFEST.read_text())
    hooks = [hook | {"language": "system"} for hook in manifest if not ids or hook["id"] in ids]
    (repo.top / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))


def test_manifest_is_valid(repo: Repository) -> None:
    """The program pre-commit takes our manifest."""
    repo.run(sys.executable, "-m", "pre_commit", "validate-manifest", str(MANIFEST))


@pytest.mark.parametrize(
    ("files", "failing"),
    [
        ({"a_py": "a = 1\n"}, set()),
        ({"mail_yaml": SOPS}, set()),
        ({"a_py": f"t = '{fake('github')}'\n"}, {"strongroom-scan"}),
        ({"s_yaml": SECRET}, {"strongroom-scan", "strongroom-encrypted", "strongroom-audit"}),
        ({"mail_yaml": SOPS.replace(",iv:", ",")}, {"strongroom-encrypted"}),
    ],
    ids=["code", "encrypted", "token", "plain Secret", "tampered"],
)
def test_pre_commit(repo: Repository, files: dict[str, str], failing: set[str]) -> None:
    """Through pre-commit each hook stops what it is for, and nothing else."""
    repo.write(**files)
    _config(repo)

    printed = repo.run(sys.executable, "-m", "pre_commit", "run", code=1 if failing else 0)

    assert set(re.findall(r"^- hook id: (\S+)$", printed, re.MULTILINE)) == failing
    assert "Tr0ub4dor" not in printed


def test_beside_pre_commit(repo: Repository) -> None:
    """Where pre-commit is installed over our hook, both run."""
    repo.run("strongroom", "git", "install", "--yes")
    _config(repo, "strongroom-encrypted")
    repo.run(sys.executable, "-m", "pre_commit", "install")
    repo.run("git", "add", ".")
    repo.run("git", "commit", "-m", "configuration")

    for files in ({"a_py": f"t = '{fake('github')}'\n"}, {"mail_yaml": SOPS.replace(",iv:", ",")}):
        repo.write(**files)
        repo.run("git", "commit", "-m", "bad", code=1)
        repo.run("git", "reset", "-q", "--hard")
