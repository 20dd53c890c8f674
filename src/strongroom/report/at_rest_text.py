"""Encryption at rest for a terminal: configured, loaded, stored, proved, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from rich.text import Text

from strongroom.model.at_rest import (
    AtRest,
    ConfiguredFile,
    KmsKey,
    Problem,
    Proof,
    ServerState,
    Standing,
    StoredLine,
)
from strongroom.model.finding import Severity
from strongroom.report.sanitise import NAME_LIMIT, PATH_LIMIT, line
from strongroom.report.terminal import Terminal
from strongroom.report.text_layout import MARK_STYLE, Layout, cells
from strongroom.report.wording import plural

_SHOWN = 10
_LONGEST_HASH = len("sha256:") + 8
_STYLE = {
    Standing.CURRENT: "green",
    Standing.STALE: "yellow",
    Standing.PLAIN: "bold bright_red",
    Standing.UNREADABLE: "bold bright_red",
    Standing.OPEN: "dim",
}
_STANDINGS = max(len(standing.value) for standing in Standing)
_MARKS = max(len(severity.label) for severity in Severity) + 4


def render(report: AtRest, terminal: Terminal) -> Iterator[str]:
    """Yield one block for each question, then what is wrong, worst first, and a line that sums it up."""
    layout = Layout(terminal)
    for file in report.files:
        yield "".join(_file(file, layout))
    if report.servers:
        yield "".join(_servers(report.servers, layout))
    if report.store:
        yield "".join(_stored(report, layout))
    if report.proofs:
        yield "".join(_proofs(report.proofs, layout))
    if report.problems:
        yield "".join(_problems(report.problems, layout))
    for note in report.notes:
        yield layout.put((line(note), "dim"), lead="note  ")
    if report.notes:
        yield "\n"
    yield layout.put(_summary(report))


def _file(file: ConfiguredFile, layout: Layout) -> Iterator[str]:
    yield layout.put(("Configured", "bold"), f"  {line(file.path, PATH_LIMIT)}", hang=4)
    for rule in file.rules:
        yield layout.put(line(", ".join(rule.resources)), lead="  ", hang=4)
        writer, *readers = [line(reader.show(), NAME_LIMIT) for reader in rule.readers] or ["nothing"]
        yield layout.put(writer, lead="    writes  ")
        if readers:
            yield layout.put(", ".join(readers), lead="    reads   ")
    if not file.rules:
        yield layout.put("nothing", lead="  ")
    yield "\n"


def _servers(servers: Sequence[ServerState], layout: Layout) -> Iterator[str]:
    yield layout.put(("Loaded", "bold"))
    for server in servers:
        yield layout.put(line(server.name, PATH_LIMIT), lead="  ", hang=4)
        if server.problem:
            yield layout.put((line(server.problem), "bold bright_red"), lead="    ")
            continue
        yield layout.put(*_loaded(server), lead="    ")
        for key in server.kms:
            yield layout.put(*_kms(key, server), lead="    ", hang=6)
    yield "\n"


def _loaded(server: ServerState) -> tuple[str | tuple[str, str], ...]:
    what: str | tuple[str, str] = f"configuration {_short(server.hash)}"
    if not server.hash:
        what = ("no EncryptionConfiguration", "yellow")
    elif server.same is not None:
        what = ("the file above", "green") if server.same else (f"not the file above ({_short(server.hash)})", "yellow")
    since = f", reloaded {_time(server.reloaded)}" if server.reloaded else f", since its start {_time(server.started)}"
    failed = f", {plural(server.reloads_failed, 'reload')} failed" if server.reloads_failed else ""
    return what, since, failed


def _kms(key: KmsKey, server: ServerState) -> tuple[str | tuple[str, str], ...]:
    health: str | tuple[str, str] = ""
    if server.healthy is not None:
        health = ", healthy" if server.healthy else (", unhealthy", "bold bright_red")
    wrote = f", wrote last {_time(key.wrote_at)}" if key.wrote_at else ""
    return f"kms {line(key.provider, NAME_LIMIT)}: key {_short(key.now) or 'not known'}", wrote, health


def _stored(report: AtRest, layout: Layout) -> Iterator[str]:
    yield layout.put(("Stored", "bold"), f"  {line(report.store, PATH_LIMIT)}", hang=4)
    width = max((len(f"{one.number:,}") for one in report.stored), default=1)
    room = layout.width - width - _STANDINGS - 24
    fitting = [size for one in report.stored if (size := cells(line(one.how.show(), NAME_LIMIT))) <= room]
    names = max(fitting, default=0)
    for resource, found in groupby(report.stored, key=lambda one: one.resource):
        yield layout.put(line(resource, NAME_LIMIT), lead="  ")
        for one in found:
            yield from _stored_line(one, width, names, layout)
        plain = report.plaintext.get(resource, ())
        wanted = any(one.resource == resource and one.standing is Standing.PLAIN for one in report.stored)
        if plain and wanted:
            yield layout.put((_some(plain, layout), "bright_red"), lead="    in plain text: ", hang=6)
    if not report.stored:
        yield layout.put("no Secrets, and nothing that is encrypted", lead="  ")
    yield "\n"


def _stored_line(one: StoredLine, width: int, names: int, layout: Layout) -> Iterator[str]:
    how = line(one.how.show(), NAME_LIMIT)
    number = f"    {one.number:>{width},}  "
    standing = (f"{one.standing.value:<{_STANDINGS}}", _STYLE[one.standing])
    revisions = f"  revision {one.oldest:,}" + (f" to {one.newest:,}" if one.newest != one.oldest else "")
    if cells(how) > names:
        yield layout.put(how, lead=number)
        yield layout.put(standing, (revisions, "dim"), lead=" " * len(number))
    else:
        yield layout.put(how, " " * (names - cells(how) + 2), standing, (revisions, "dim"), lead=number)


def _proofs(proofs: Sequence[Proof], layout: Layout) -> Iterator[str]:
    yield layout.put(("Proved", "bold"))
    for proof in proofs:
        text = f"{proof.number:,} of {proof.of:,} {line(proof.resource, NAME_LIMIT)} {line(proof.how)}"
        yield layout.put(text, lead="  ", hang=4)
    yield "\n"


def _problems(problems: Sequence[Problem], layout: Layout) -> Iterator[str]:
    yield layout.put(("Problems", "bold"))
    for problem in problems:
        mark = Text(f"  {problem.severity.label:<{_MARKS - 2}}", MARK_STYLE[problem.severity])
        yield layout.put(line(problem.message), lead=mark)
        if problem.objects and problem.id != "plaintext":
            yield layout.put(_some(problem.objects, layout), lead=" " * _MARKS)
        if problem.hint:
            yield layout.put((f"hint: {line(problem.hint)}", "dim"), lead=" " * _MARKS)
    yield "\n"


def _summary(report: AtRest) -> str:
    total = sum(one.number for one in report.stored)
    said = f"{plural(total, 'object')} in etcd, " if report.store else "etcd was not looked into, "
    if not report.problems:
        return f"{said}no problem"
    by = [(one, sum(problem.severity is one for problem in report.problems)) for one in reversed(Severity)]
    return f"{said}{plural(len(report.problems), 'problem')}: " + ", ".join(f"{n} {one.label}" for one, n in by if n)


def _some(names: Sequence[str], layout: Layout) -> str:
    shown = names if layout.verbose else names[:_SHOWN]
    more = len(names) - len(shown)
    return ", ".join(line(name, NAME_LIMIT) for name in shown) + (f" and {more:,} more" if more else "")


def _short(text: str) -> str:
    text = line(text, NAME_LIMIT)
    return text if len(text) <= _LONGEST_HASH or not text.startswith("sha256:") else f"{text[:_LONGEST_HASH]}…"


def _time(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "at an unknown time"
