"""Every check, against its own examples; and the parity of list, folder, examples and standards."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.model.settings import Settings
from strongroom.posture.checks import CHECKS
from strongroom.posture.pages import HEADINGS, examples, markdown
from strongroom.posture.standards import load
from strongroom.survey.run import Request, page, survey

KEY = bytes(range(32))
NOW = datetime(2026, 11, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[2] / "src" / "strongroom" / "posture"


def _cases(*, bad: bool) -> Iterator[object]:
    for check in CHECKS:
        for example in examples(check.id):
            if example.bad is bad:
                yield pytest.param(check.id, Path(str(example.path)), id=f"{check.id}-{example.name}")


def _expected(path: Path) -> list[str]:
    """What an example says that is found in it: ``line:column``, or ``path:line:column`` for a folder."""
    if path.is_dir():
        return sorted((path / "FINDS").read_text("utf-8").split())
    return sorted(re.findall(r"^# finds: (\S+)", path.read_text("utf-8"), re.MULTILINE))


def _as_host(path: Path, copy: Path) -> Path:
    """Copy an example whose files are those of a host, with the modes that its ``MODES`` says; Git keeps none."""
    shutil.copytree(path, copy)
    for line in (copy / "MODES").read_text("utf-8").splitlines():
        mode, name = line.split()
        (copy / name).chmod(int(mode, 8))
    return copy


def _found(check_id: str, path: Path, copy: Path) -> list[str]:
    on_host = (path / "MODES").is_file()
    path = _as_host(path, copy) if on_host else path
    pattern = re.search(r"^# name-pattern: (\S+)", path.read_text("utf-8"), re.MULTILINE) if path.is_file() else None
    settings = Settings(name_pattern=pattern.group(1)) if pattern else Settings()
    request = Request(
        (f"files:{path}" if on_host else str(path),),
        KEY,
        settings,
        select=frozenset({check_id}),
        pedantic=True,
        gitignore=False,
        render=False,
        now=NOW,
    )
    report = survey(request)
    assert not [s for s in report.skipped if s.reason.name == "CHECK_FAILED"]
    below = f"{path}/" if path.is_dir() else ""
    return sorted(
        (f"{Path(f.origin.path).absolute().as_posix().removeprefix(below)}:" if below else "")
        + f"{f.origin.line}:{f.origin.column}"
        for f in report.findings
    )


@pytest.mark.parametrize(("check_id", "path"), list(_cases(bad=True)))
def test_bad_example(check_id: str, path: Path, tmp_path: Path) -> None:
    """A bad example has exactly the findings that it names, at their lines and columns."""
    expected = _expected(path)

    assert expected
    assert expected == _found(check_id, path, tmp_path / "copy")


@pytest.mark.parametrize(("check_id", "path"), list(_cases(bad=False)))
def test_good_example(check_id: str, path: Path, tmp_path: Path) -> None:
    """A good example has no finding of its check."""
    assert _found(check_id, path, tmp_path / "copy") == []


def test_list_and_folder_agree() -> None:
    """Every check file is in the list, under the id that its name says, and once."""
    files = sorted(p.stem.replace("_", "-") for p in (ROOT / "checks").glob("*.py") if p.stem != "__init__")
    ids = sorted(check.id for check in CHECKS)

    assert files == ids
    assert all(check.examine.__module__.endswith("." + check.id.replace("-", "_")) for check in CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_check_is_complete(check) -> None:  # type: ignore[no-untyped-def]
    """Every check has a bad and a good example, a page with all sections, and standards that exist."""
    sections = page(check).section
    required = [heading for heading in HEADINGS if heading != "Not a finding"]

    assert {example.bad for example in examples(check.id)} == {True, False}
    assert [h for h in sections if h] == [h for h in HEADINGS if h in sections]
    assert all(sections.get(heading) for heading in required)
    assert set(check.standards) <= set(load())
    assert check.standards
    assert markdown(check).startswith(f"# {check.id}\n")


def test_examples_belong_to_checks() -> None:
    """No folder of examples is left without its check."""
    folders = {p.name for p in (ROOT / "examples").iterdir() if p.is_dir()}

    assert folders == {check.id for check in CHECKS}
