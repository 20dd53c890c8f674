"""From sources to answers: dumps read fast say what the same objects read slowly say."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from benchmarks.access_cluster import Generator

from strongroom.documents.limits import DEFAULT
from strongroom.errors import SourceError
from strongroom.model.access_report import AccessReport
from strongroom.sources import dumps
from strongroom.survey.access import know
from strongroom.survey.access_answers import between, difference, exposure, reach, reviewed, what_if
from strongroom.survey.run import Request


def _request(*sources: Path) -> Request:
    return Request(tuple(map(str, sources)), b"k" * 32, limits=msgspec.structs.replace(DEFAULT, max_bytes=1 << 30))


def _cut(folder: Path) -> None:
    """Cut the pods of a dump into files that are too small to be taken for dumps."""
    for path in sorted(folder.glob("*.json")):
        items = msgspec.json.decode(path.read_bytes())["items"]
        path.unlink()
        for start in range(0, len(items), 40):
            body = {"apiVersion": "v1", "kind": "List", "items": items[start : start + 40]}
            (folder / f"{path.stem}-{start:05}.json").write_bytes(msgspec.json.encode(body))


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster of 300 pods."""
    folder = tmp_path_factory.mktemp("dump")
    Generator(300).write(folder)
    return folder


def _said(report: AccessReport) -> object:
    told = [msgspec.structs.replace(one, origin=None) for one in report.exposures]
    return told, report.left_out


def test_a_dump_says_what_its_objects_say(dump: Path, tmp_path: Path) -> None:
    """Exposures are the same whether the pods of workloads are read whole or not."""
    Generator(300).write(tmp_path)
    _cut(tmp_path)
    assert (dump / "pods.json").stat().st_size > dumps.SMALLEST
    assert all(path.stat().st_size < dumps.SMALLEST for path in tmp_path.iterdir())
    fast, slow = know(_request(dump), copies=False), know(_request(tmp_path), copies=False)

    assert len(fast.facts.resources) < len(slow.facts.resources)
    assert _said(exposure(fast, None)) == _said(exposure(slow, None))


def test_every_question_of_a_dump(dump: Path) -> None:
    """One reading answers all questions, and they agree with each other."""
    known = know(_request(dump), copies=False)
    first = exposure(known, None).exposures[0]
    one = exposure(known, f"secret/{first.secret.show()}")
    nearest = one.exposures[0].reached_by[0]
    paths = between(known, nearest.node.show(), one.about)
    reached = {found.node.show() for found in reach(known, nearest.node.show()).reached}

    assert len(one.exposures[0].reached_by) == first.identities + first.control_plane
    assert paths.routes[0].length == nearest.steps
    assert one.about in reached
    assert {row.identity for row in reviewed(known).review} >= {nearest.node}
    assert difference(known, known).changes == ()


def test_what_if_is_undone_by_its_opposite(dump: Path) -> None:
    """Who gains by a right loses it with the binding that gives it."""
    known = know(_request(dump), copies=False)
    report = what_if(known, remove=(), allow=("user/nobody-else list secrets -n team-0000",), compromise=None)
    (one,) = report.changes

    assert one.identity.name == "nobody-else"
    assert {reached.node.namespace for reached in one.gained} == {"team-0000"}
    assert not one.lost


def test_pictures_hold_the_steps_between(dump: Path) -> None:
    """Every step of a picture leads on: each node but the last is left again."""
    known = know(_request(dump), copies=False)
    report = exposure(known, f"secret/{exposure(known, None).exposures[0].secret.show()}", pictured=True)
    left = {step.source for step in report.graph}

    assert {step.target for step in report.graph} - left == {
        step.target for step in report.graph if step.target.show() == report.about
    }


def test_nothing_is_no_answer(tmp_path: Path) -> None:
    """Sources without an object are an error."""
    with pytest.raises(SourceError):
        know(_request(tmp_path))
