"""Processes that read documents: the same answers, whatever their number; and what happens when one of them ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sources.repositories import Repository, token

from strongroom.leaks.custom_rules import CustomRules
from strongroom.leaks.imports.contract import Taken
from strongroom.leaks.library import Library
from strongroom.model.finding import Confidence
from strongroom.model.origin import Origin
from strongroom.model.place import Context, Nature
from strongroom.model.plaintext import Fingerprint
from strongroom.model.report import Report
from strongroom.model.resource import ResourceId
from strongroom.model.skipped import Reason
from strongroom.survey.scanning.accept import Acceptance
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.hit import Hit
from strongroom.survey.scanning.readers import Answer, ReaderEndedError, Readers
from strongroom.survey.scanning.request import ScanRequest
from strongroom.survey.scanning.scan import scan

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads read alone")

KEY = b"k" * 32
PASSWORD = "Vx9k2" + "LmQ81zzT"
HIT = Hit(
    fingerprint=Fingerprint("ab" * 16),
    rule="named-password",
    what="password",
    nature=Nature.SECRET,
    confidence=Confidence.HIGH,
    masked="****",
    entropy=3.1,
    origin=Origin("", "", 2, 7, 3, 7, 9, ("spec", 0, "it's"), "a.b", 1, 4),
    frame="password: ",
    context=Context.CONFIG_MAP,
    resource=ResourceId("v1", "ConfigMap", "ns", "name"),
)


@pytest.fixture(scope="module")
def library() -> Library:
    """Return the rules, loaded once."""
    loaded = Library()
    loaded.load()
    return loaded


@pytest.fixture
def readers() -> Iterator[Readers]:
    """Return two processes that say how long a file is; one of a certain name is the end of them."""

    def read(path: str, data: bytes, everything: bool) -> Answer:
        if path == "end":
            os.kill(os.getpid(), signal.SIGKILL)
        if path == "fail":
            raise RecursionError
        if path == "odd":
            return Answer([msgspec.structs.replace(HIT, rule="\ud800")], [])
        return Answer([msgspec.structs.replace(HIT, rule=path)] * everything, [(len(data), os.getpid(), "why")])

    made = Readers(read, 2)
    yield made
    made.close()


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_answer_arrives_as_it_was_given(readers: Readers) -> None:
    """All that a hit says of itself comes back equal; a name need not be UTF-8, and contents may be large."""
    path = "a/\udcff.yaml"
    answer = readers.ask(path, b"x" * 3_000_000, everything=True)
    assert answer is None  # a name of bytes that are not text is no name in an answer: it is read here
    answer = readers.ask("é", b"\0" * 3_000_000, everything=True)
    assert answer is not None
    assert answer.hits == [msgspec.structs.replace(HIT, rule="é")]
    assert [(size, why) for size, _, why in answer.unread] == [(3_000_000, "why")]
    answer = readers.ask("a", b"", everything=False)
    assert answer is not None
    assert answer.hits == []


def test_the_work_is_done_elsewhere(readers: Readers) -> None:
    """Many threads get their own answers, from processes that are not this one."""
    found: dict[int, tuple[int, int, str]] = {}

    def ask(size: int) -> None:
        answer = readers.ask("a", b"x" * size, everything=False)
        found[size] = answer.unread[0] if answer else (-1, -1, "")

    threads = [threading.Thread(target=ask, args=(size,)) for size in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[size][0] == size for size in range(40))
    assert {pid for _, pid, _ in found.values()} <= set(readers.pids)


@pytest.mark.parametrize("path", ["fail", "odd"])
def test_what_goes_wrong_there_is_left_to_who_asks(readers: Readers, path: str) -> None:
    """An error, or an answer that cannot travel, is none: the file is read here, and the process goes on."""
    before = readers.pids
    assert readers.ask(path, b"", everything=True) is None
    assert readers.ask("a", b"x", everything=False) is not None
    assert all(map(_is_there, before))


def test_the_end_of_a_process_is_said_once(readers: Readers) -> None:
    """Who asked when a process ended is told so; later ones are told to read for themselves, or asked another."""
    with pytest.raises(ReaderEndedError):
        readers.ask("end", b"", everything=True)
    answers = [readers.ask("a", b"x", everything=False) for _ in range(4)]
    assert any(answer is None for answer in answers)


def test_nobody_is_left_behind() -> None:
    """Closing ends every process, and none of them keeps the pipes of another."""
    made = Readers(lambda *_: Answer([], []), 3)
    pids = made.pids
    assert len(pids) == 3
    assert all(map(_is_there, pids))
    made.close()
    assert not any(map(_is_there, pids))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_process(number: signal.Signals) -> None:
    """What a terminal sends to all of them ends each, whatever this process does with it."""
    made = Readers(lambda *_: Answer([], []), 1)
    (pid,) = made.pids
    os.kill(pid, number)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == number
    assert made.ask("a", b"", everything=True) is None
    made.close()


def _findings(report: Report) -> str:
    return repr((report.findings, report.skipped, report.suppressed, report.coverage))


_VALUES = st.sampled_from((PASSWORD, "changeme", "$(VAR)", "{{ .Values.x }}", "", '"\\ud800"', token()))
_DOCUMENTS = st.sampled_from(
    (
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  password: {}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  app.env: |\n    DB_PASSWORD={}\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    env: [{{name: API_TOKEN, value: {}}}]\n",
        "db:\n  password: {}  # strongroom: ignore\n",
        "password: {}\nx: [\n",
    )
)
_FILES = st.dictionaries(
    st.sampled_from(("values.yaml", "a.yaml", "b/é.yaml", "c.json", "application.properties", "x.tpl")),
    st.lists(st.builds(lambda text, value: text.format(value), _DOCUMENTS, _VALUES), min_size=1, max_size=3),
    min_size=1,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=_FILES, processes=st.integers(1, 3))
def test_the_number_of_processes_changes_nothing(
    library: Library, tmp_path_factory: pytest.TempPathFactory, files: dict[str, list[str]], processes: int
) -> None:
    """A history gives the same report, with the same places and gaps, however many processes read it."""
    folder = tmp_path_factory.mktemp("repository")
    repository = Repository(folder)
    for name, parts in files.items():
        repository.commit({name: "---\n".join(parts)})
    alone, beside = (
        scan(ScanRequest((str(folder),), KEY, history=True, processes=count), Blobs(KEY, library))
        for count in (0, processes)
    )
    assert _findings(alone) == _findings(beside)


def test_many_files_are_read_beside(library: Library, tmp_path: Path) -> None:
    """A large tree gives the same report with processes and without; names need not be UTF-8."""
    for number in range(220):
        text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  password: {PASSWORD}{number}\n"
        (tmp_path / f"{number}.yaml").write_text(text)
    Path(os.fsdecode(bytes(tmp_path) + b"/\xff.yaml")).write_text(text)
    alone, beside = (scan(ScanRequest((str(tmp_path),), KEY, processes=count), Blobs(KEY, library)) for count in (0, 2))
    assert _findings(alone) == _findings(beside)
    assert len(alone.findings) == 220


def test_a_file_over_which_a_process_ends_is_named_and_the_rest_is_read(library: Library) -> None:
    """What raw text gives stays, the file is listed as not read, and the scan goes on."""

    def read(path: str, _data: bytes, _everything: bool) -> Answer:
        if path == "a.yaml":
            os.kill(os.getpid(), signal.SIGKILL)
        return Answer([], [])

    blobs = Blobs(KEY, library)
    text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  password: {PASSWORD}\n".encode()
    blobs.readers = Readers(read, 1)
    raw = blobs.look("a.yaml", text + f"# {token()}\n".encode(), Origin("", "a.yaml"))
    rest = blobs.look("b.yaml", text, Origin("", "b.yaml"))
    blobs.readers.close()
    (missed,) = blobs.unread.values()
    assert (missed.path, missed.reason, missed.problem) == ("a.yaml", Reason.UNREADABLE, True)
    assert [hit.origin.line for hit in raw] == [6]
    assert [hit.origin.line for hit in rest] == [5]


def test_where_values_must_be_seen_nothing_is_read_elsewhere(library: Library) -> None:
    """An allowlist counts what it leaves out, so that documents are read where it is; none are asked for, none are made."""
    rules = CustomRules(taken=(Taken("gitleaks.toml", "gitleaks"),))
    allowing = Blobs(KEY, library, Acceptance(rules=rules))
    for blobs, asked, made in ((allowing, 2, 0), (Blobs(KEY, library), 0, 0), (Blobs(KEY, library), 2, 2)):
        with blobs.beside(asked):
            assert len(blobs.readers.pids if blobs.readers else ()) == made
        assert blobs.readers is None
