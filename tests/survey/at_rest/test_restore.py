"""Restoring on a real API server: killed at every write, gone on with, gone back on, and never over what others wrote."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.kube.front import kubeconfig
from tests.support.controlplane.access import Access, Client

from strongroom.atrest.backup_changes import OnConflict, Rules
from strongroom.errors import PlanError, UsageError
from strongroom.keys import age
from strongroom.keys.process import context
from strongroom.kube.connection import Asked
from strongroom.plans.saved import key_id
from strongroom.survey.at_rest.backup import Recipients, Scope, of_secrets, opened
from strongroom.survey.at_rest.restore import PROCEDURE, arguments
from strongroom.survey.at_rest.restore_plan import Planned, Target, planned

KEY = b"k" * 32
CODE = (
    "import json,sys;from strongroom.survey.at_rest.restore import PROCEDURE;"
    "getattr(PROCEDURE, sys.argv[1])(json.load(sys.stdin), print)"
)
WRITES = 8


class Passing(ThreadingHTTPServer):
    """Passes requests on to an API server; calls ``wrote`` with the number of each real write, done and not answered."""

    daemon_threads = True

    def __init__(self, upstream: Client) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.lock = threading.Lock()
        self.writes = 0
        self.wrote: Callable[[int], None] = lambda _: None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that are killed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Passing

    def _pass(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length)) if length else None
        status, body = self.server.upstream.request(self.command, self.path, sent)
        if self.command != "GET" and "dryRun" not in self.path:
            with self.server.lock:
                self.server.writes += 1
                self.server.wrote(self.server.writes)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815 - names of the base class

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


@contextmanager
def passing(upstream: Client) -> Iterator[Passing]:
    """Run such a server."""
    with Passing(upstream) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class Case:
    """Eight Secrets of a namespace that were backed up, and what became of them since."""

    def __init__(self, cluster: Access, namespace: str, folder: Path, server: Passing) -> None:
        self.client, self.namespace, self.server = cluster.client(), namespace, server
        self.path = f"/api/v1/namespaces/{namespace}/secrets"
        self.asked = Asked(kubeconfig=str(kubeconfig(folder, f"http://127.0.0.1:{server.server_address[1]}")))
        self.key_file = folder / "fingerprint.key"
        self.key_file.write_bytes(KEY)
        self.backup = folder / "b.backup"
        identity, recipient = age.generate()
        (folder / "age.key").write_bytes(identity.reveal())
        os.environ["SOPS_AGE_KEY_FILE"] = str(folder / "age.key")
        for number in range(8):
            self.create(f"s{number}", f"backed up {number}", immutable=number == 7)
        self.recipient = recipient
        self.back_up()
        self.original = self.content()

    def back_up(self) -> None:
        """Back up the namespace as it is."""
        keys = Recipients((age.KIND.parse(self.recipient),))
        scope = Scope(self.asked, (self.namespace,))
        self.backup.write_bytes(b"".join(of_secrets(scope, (), keys, context(), lambda _: None)))

    def change(self) -> None:
        """Delete three, change three, put another immutable one in the place of one."""
        for number in (0, 1, 2, 7):
            self.client.delete(f"{self.path}/s{number}")
        for number in (3, 4, 5):
            self.set(f"s{number}", f"changed {number}")
        self.create("s7", "changed 7", immutable=True)
        self.changed = self.content()

    def create(self, name: str, value: str, *, immutable: bool = False) -> None:
        """Make a Secret."""
        self.client.create(self.path, {"metadata": {"name": name}, **_data(value), "immutable": immutable})

    def set(self, name: str, value: str) -> None:
        """Change a Secret."""
        status, _ = self.client.request(
            "PATCH", f"{self.path}/{name}", _data(value), {"Content-Type": "application/merge-patch+json"}
        )
        assert status == 200

    def content(self) -> dict[str, tuple[Any, ...]]:
        """Return what the Secrets hold."""
        found = self.client.get(self.path)["items"]
        return {one["metadata"]["name"]: (one.get("data"), one.get("immutable"), one["type"]) for one in found}

    def planned(self, on_conflict: OnConflict = "replace", **rules: Any) -> Planned:
        """Plan the restore."""
        target = Target(self.asked, Rules(on_conflict=on_conflict, **rules), False, KEY, str(self.key_file))
        with opened(self.backup, context()) as backup:
            return planned(backup, self.backup, target, key_id(KEY))

    def arguments(self, on_conflict: OnConflict = "replace", **rules: Any) -> dict[str, Any]:
        """Return the arguments of the procedure."""
        restore = self.planned(on_conflict, **rules).restore
        assert restore is not None
        return arguments(restore)

    def killed(self, given: dict[str, Any], write: int, part: str = "do") -> None:
        """Restore in another process, which is killed when its so-and-so-many-th write was done and not answered."""
        with subprocess.Popen(
            [sys.executable, "-c", CODE, part], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            self.server.writes = 0
            self.server.wrote = lambda number: process.kill() if number == write else None
            process.communicate(json.dumps(given).encode())
            self.server.wrote = lambda _: None
        assert process.returncode == -9


def _data(value: str) -> dict[str, Any]:
    return {"data": {"value": base64.b64encode(value.encode()).decode()}}


@pytest.fixture
def case(cluster: Access, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """Secrets that were backed up, and changed since."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", "")
    with passing(cluster.client()) as server:
        found = Case(cluster, namespace, tmp_path, server)
        found.change()
        yield found


def _quiet(_: str) -> None:
    """Tell nobody."""


def test_killed_at_every_write(case: Case) -> None:
    """Wherever a restore is killed, it can be gone on with to the backup and gone back on to what was there before."""
    for write in range(1, WRITES + 1):
        given = case.arguments()
        case.killed(given, write)
        if write % 2:
            PROCEDURE.do(given, _quiet)
            PROCEDURE.verify(given)
            assert case.content() == case.original
        PROCEDURE.undo(given, _quiet)
        assert case.content() == case.changed, write
    assert case.server.writes >= WRITES


def test_said_names_all(case: Case) -> None:
    """A plan names every Secret with fingerprints that tell the values apart, and holds no value."""
    given = case.arguments()
    said = "\n".join(PROCEDURE.said(given))
    assert [line[0] for line in said.splitlines()[1:]] == ["+", "+", "+", "~", "~", "~", "~"]
    assert "the one there is deleted first" in said.splitlines()[-1]
    assert base64.b64encode(b"backed up 3").decode() not in json.dumps(given)


def test_going_back_keeps_what_others_wrote(case: Case) -> None:
    """A Secret that somebody changed after the restore stops the way back before anything is lost."""
    given = case.arguments()
    PROCEDURE.do(given, _quiet)
    case.set("s3", "by somebody else")
    now = case.content()
    with pytest.raises(PlanError, match="s3 is not as when the plan was made"):
        PROCEDURE.undo(given, _quiet)
    assert case.content() == now


def test_stale_plan_is_refused(case: Case) -> None:
    """A plan for a cluster that changed meanwhile writes nothing."""
    given = case.arguments()
    case.set("s4", "by somebody else")
    case.create("s0", "by somebody else")
    now = case.content()
    with pytest.raises(PlanError, match=r"s0, .*s4 are not as when the plan was made"):
        PROCEDURE.do(given, _quiet)
    assert case.content() == now
    PROCEDURE.undo(given, _quiet)
    assert case.content() == now


def test_server_tries_first(case: Case) -> None:
    """Where the server refuses one Secret, none is written."""
    given = case.arguments()
    quota = {
        "metadata": {"name": "full"},
        "spec": {"hard": {"secrets": "0"}},
        "status": {"hard": {"secrets": "0"}, "used": {"secrets": "9"}},
    }
    case.client.create(f"/api/v1/namespaces/{case.namespace}/resourcequotas", quota)
    status = f"/api/v1/namespaces/{case.namespace}/resourcequotas/full/status"
    current = case.client.get(status)
    case.client.request("PUT", status, {**current, "status": quota["status"]})
    with pytest.raises(PlanError, match="could not be written"):
        PROCEDURE.do(given, _quiet)
    assert case.content() == case.changed


def test_conflict_rules(case: Case) -> None:
    """By default what is there and differs is a conflict; skip, replace and newer decide it."""
    with pytest.raises(UsageError, match=r"s3, .* in the cluster already"):
        case.planned("fail")
    assert [place.name for place, _ in case.planned("skip").skipped] == ["s3", "s4", "s5", "s7"]
    assert [place.name for place, _ in case.planned("newer").skipped] == ["s3", "s4", "s5", "s7"]
    assert case.planned("fail", select=(f"{case.namespace}/s6",)).unchanged == 1
    assert [change["do"] for change in case.arguments("replace")["changes"]] == ["create"] * 3 + ["replace"] * 3 + [
        "recreate"
    ]


def test_mapped_namespace(case: Case, cluster: Access) -> None:
    """A namespace of the backup goes to another one, which must be there."""
    other = f"{case.namespace}-copy"
    with pytest.raises(UsageError, match=f"1 namespace is missing: {other}"):
        case.arguments(namespaces={case.namespace: other})
    case.client.create("/api/v1/namespaces", {"metadata": {"name": other}})
    PROCEDURE.do(case.arguments(namespaces={case.namespace: other}), _quiet)
    case.path = f"/api/v1/namespaces/{other}/secrets"
    assert case.content() == case.original
    case.client.delete(f"/api/v1/namespaces/{other}")


def test_other_cluster_file_or_key_is_refused(case: Case) -> None:
    """A plan is for one cluster, one backup and one fingerprint key."""
    given = case.arguments()
    with pytest.raises(PlanError, match="for another cluster"):
        PROCEDURE.check({**given, "cluster": "another"})
    with pytest.raises(PlanError, match="not the one that the plan was made for"):
        PROCEDURE.check({**given, "digest": "0" * 64})
    other = case.key_file.with_name("other")
    other.write_bytes(b"o" * 32)
    with pytest.raises(PlanError, match="another fingerprint key"):
        PROCEDURE.check({**given, "key_file": str(other)})
    astray = {**given["changes"][0], "place": ["kube-system", "../../configmaps/x"]}
    for wrong in (
        {**given, "changes": [astray]},
        {**given, "namespaces": ["a/b"]},
        {**given, "id": "../../x"},
        {**given, "changes": [{}]},
        {},
    ):
        with pytest.raises(PlanError, match="cannot be read"):
            PROCEDURE.check(wrong)


def test_many(case: Case) -> None:
    """So many Secrets that whole namespaces are listed are restored, gone back on, and verified alike."""
    for number in range(8, 50):
        case.create(f"s{number}", f"backed up {number}")
    case.back_up()
    given = case.content()
    for number in range(8, 50):
        case.set(f"s{number}", f"changed {number}")
    for number in range(20, 30):
        case.client.delete(f"{case.path}/s{number}")
    changed = case.content()
    plan = case.arguments()
    assert len(plan["changes"]) == 42
    with pytest.raises(PlanError, match=r"s10, .* and 37 more are not as in the backup"):
        PROCEDURE.verify(plan)
    PROCEDURE.do(plan, _quiet)
    PROCEDURE.verify(plan)
    assert case.content() == given
    PROCEDURE.undo(plan, _quiet)
    assert case.content() == changed
    PROCEDURE.undo(plan, _quiet)
    assert case.content() == changed


def test_immutable_over_mutable(case: Case) -> None:
    """A Secret that a restore makes immutable is replaced in its place, and gone back on though nothing can change it."""
    case.client.delete(f"{case.path}/s7")
    case.create("s7", "mutable", immutable=False)
    before = case.content()
    given = case.arguments(select=(f"{case.namespace}/s7",))
    PROCEDURE.do(given, _quiet)
    assert case.content()["s7"] == case.original["s7"]
    for _ in ("the new one is deleted", "the old one is made"):
        case.killed(given, 1, "undo")
    PROCEDURE.undo(given, _quiet)
    assert case.content() == before


def test_held_by_a_finalizer(case: Case) -> None:
    """What a finalizer holds is not deleted to be made anew: it would hang between, and nothing be in its place."""
    given = case.arguments()
    hold = {"metadata": {"finalizers": ["example.com/hold"]}}
    merge = {"Content-Type": "application/merge-patch+json"}
    case.client.request("PATCH", f"{case.path}/s7", hold, merge)
    try:
        now = case.content()
        assert [place.name for place, why in case.planned().skipped if "finalizers" in why] == ["s7"]
        with pytest.raises(PlanError, match="s7 has finalizers"):
            PROCEDURE.do(given, _quiet)
        assert case.content() == now
        assert "deletionTimestamp" not in case.client.get(f"{case.path}/s7")["metadata"]
    finally:
        case.client.request("PATCH", f"{case.path}/s7", {"metadata": {"finalizers": None}}, merge)


def test_the_same_by_somebody_else(case: Case) -> None:
    """What somebody else made before a restore is not taken for its own, even if equal: going back would delete it."""
    given = case.arguments()
    case.create("s0", "backed up 0")
    now = case.content()
    with pytest.raises(PlanError, match="s0 is not as when the plan was made"):
        PROCEDURE.do(given, _quiet)
    PROCEDURE.undo(given, _quiet)
    assert case.content() == now


def test_every_part_is_for_one_cluster(case: Case) -> None:
    """A context that has come to mean another cluster is noticed by every part, not only by the check at the start."""
    given = case.arguments()
    PROCEDURE.do(given, _quiet)
    astray = {**given, "cluster": "another"}
    for part in (PROCEDURE.do, PROCEDURE.undo):
        with pytest.raises(PlanError, match="for another cluster"):
            part(astray, _quiet)
    with pytest.raises(PlanError, match="for another cluster"):
        PROCEDURE.verify(astray)
    assert case.content() == case.original


def test_what_another_plan_kept(case: Case) -> None:
    """A plan that has the id of another, as one that was edited, goes neither on nor back with what that one kept."""
    first = case.arguments()
    PROCEDURE.do(first, _quiet)
    case.set("s3", "by somebody else")
    second = {**case.arguments(), "id": first["id"]}
    now = case.content()
    for part in (PROCEDURE.do, PROCEDURE.undo):
        with pytest.raises(PlanError, match="was kept for another restore"):
            part(second, _quiet)
    assert case.content() == now


def test_names_that_meet_nothing(case: Case) -> None:
    """A namespace that is mapped and a pattern that is selected must be in the backup: else a slip restores elsewhere."""
    with pytest.raises(UsageError, match="no Secret of namespace shpo"):
        case.planned(namespaces={"shpo": "copy"})
    with pytest.raises(UsageError, match="no Secret that shop/typo selects"):
        case.planned(select=("*", "shop/typo"))


def test_empty_values(case: Case) -> None:
    """A value that was given as null comes back as the empty one that it is."""
    case.client.create(case.path, {"metadata": {"name": "null"}, "data": {"a": None, "b": ""}})
    case.back_up()
    case.client.delete(f"{case.path}/null")
    PROCEDURE.do(case.arguments(select=("*/null",)), _quiet)
    assert case.client.get(f"{case.path}/null")["data"] == {"a": "", "b": ""}
