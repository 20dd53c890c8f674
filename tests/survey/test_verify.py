"""Verification asks the server that a rule names, says whom, and keeps values to itself."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from strongroom.leaks.library import Library
from strongroom.model.finding import Finding, Severity
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.request import ScanRequest
from strongroom.survey.scanning.scan import scan
from strongroom.survey.verify import Verification, Verifier

KEY = bytes(range(32))
ACTIVE, REVOKED, SLOW = "acme_active0a1b2c3d4e5f6g7", "acme_revoke0a9b8c7d6e5f4g3", "acme_nobody0q1w2e3r4t5y6u7"
_RULE = """\
rules:
  - name: Acme token
    id: custom.acme.1
    pattern: |
      (acme_[a-z0-9]{{21}})
    min_entropy: 1.0
    confidence: medium
    examples:
      - {example}
    validation:
      type: Http
      content:
        request:
          method: GET
          url: http://{host}/check
          headers:
            Authorization: "Bearer {{{{ TOKEN }}}}"
          response_matcher:
            - report_response: true
            - type: StatusMatch
              status: [200]
"""


class _Issuer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        server = self.server
        assert isinstance(server, _Server)
        server.asked.append(asked)
        if asked == SLOW:
            server.released.wait(30)
        self.send_response(200 if asked == ACTIVE else 401)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the standard library
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    asked: list[str]
    released: threading.Event

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def issuer() -> Iterator[_Server]:
    """A server on loopback that knows one token."""
    server = _Server(("127.0.0.1", 0), _Issuer)
    server.asked, server.released = [], threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


def _scan(
    folder: Path, issuer: _Server, text: str, how: Verification | None
) -> tuple[dict[str, Finding], tuple[str, ...]]:
    rules = folder / "acme.yml"
    rules.write_text(_RULE.format(host=issuer.host, example=ACTIVE))
    tree = folder / "tree"
    tree.mkdir()
    (tree / "a.txt").write_text(text)
    blobs = Blobs(KEY, Library(lambda: contextlib.nullcontext((rules,))))
    if how is not None:
        blobs.verify(Verifier(KEY, how))
    report = scan(ScanRequest((str(tree),), KEY), blobs)
    by_line = {str(f.origin.line): f for f in report.findings if f.rule == "custom.acme.1"}
    return by_line, report.coverage.notes


def test_a_token_that_works_is_active(issuer: _Server, tmp_path: Path) -> None:
    """The issuer is asked once about each token; one that works is critical, one that does not is said not to."""
    told: list[str] = []
    text = f"a = {ACTIVE}\nb = {REVOKED}\nc = {ACTIVE}\n"
    found, notes = _scan(tmp_path, issuer, text, Verification(internal=True, announce=told.append))
    outcomes = {line: finding.leak.verified for line, finding in found.items() if finding.leak}
    assert outcomes == {"1": "active", "2": "inactive"}
    assert found["1"].severity is Severity.CRITICAL
    assert found["1"].message.endswith("verified: active")
    assert sorted(issuer.asked) == sorted((ACTIVE, REVOKED))
    assert told == [f"verifying 2 values sends them to {issuer.host}"]
    assert "verified 2 values: 1 active, 1 inactive" in notes
    assert not any(token in part for token in (ACTIVE, REVOKED) for part in (*told, *notes, str(found)))


def test_nothing_is_sent_unless_asked(issuer: _Server, tmp_path: Path) -> None:
    """A scan without --verify asks nobody."""
    found, _ = _scan(tmp_path, issuer, f"a = {ACTIVE}\n", None)
    assert found["1"].leak is not None
    assert found["1"].leak.verified == ""
    assert issuer.asked == []


def test_hosts_of_this_machine_are_not_asked_by_default(issuer: _Server, tmp_path: Path) -> None:
    """A rule cannot make a scan knock at internal services: that takes --verify-internal."""
    found, notes = _scan(tmp_path, issuer, f"a = {ACTIVE}\n", Verification())
    assert found["1"].leak is not None
    assert found["1"].leak.verified == "unknown"
    assert issuer.asked == []
    assert "verified 1 value: 1 unknown" in notes


def test_a_server_that_does_not_answer_is_unknown(issuer: _Server, tmp_path: Path) -> None:
    """When the time for verification is over, what was not answered is unknown, and the report comes."""
    found, _ = _scan(tmp_path, issuer, f"a = {SLOW}\n", Verification(seconds=1, internal=True))
    assert found["1"].leak is not None
    assert found["1"].leak.verified == "unknown"


def test_what_is_accepted_is_not_sent(issuer: _Server, tmp_path: Path) -> None:
    """A value that a comment accepts is in no finding, and the issuer never sees it."""
    text = f"a = {ACTIVE}\nb = {REVOKED}  # strongroom: ignore[leak:custom.acme.1] a test\n"
    found, _ = _scan(tmp_path, issuer, text, Verification(internal=True))
    assert list(found) == ["1"]
    assert issuer.asked == [ACTIVE]
