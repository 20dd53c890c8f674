"""Plans that change objects of a real API server, killed at any point."""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.plans.build import KEY, new, plan
from tests.plans.killing import Killable
from tests.support.controlplane.access import Access, RefusedError

from strongroom.crypto.plan_values import seal
from strongroom.errors import PlanError
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import (
    ClusterRef,
    CreateObject,
    DeleteObject,
    FieldEdit,
    Hole,
    ObjectChange,
    PatchObject,
    Plan,
)
from strongroom.plans.objects import looked_at, owned, whole
from strongroom.plans.preview import preview
from strongroom.plans.saved import load
from strongroom.report.plan_text import as_json, as_text

_VALUE = "Zq7-plan-value-in-a-cluster"
_ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}"


class Live(Killable):
    """A namespace with some objects, and a plan that makes, changes and deletes some of them."""

    def __init__(self, folder: Path, cluster: Access, namespace: str) -> None:
        (folder / "tree").mkdir(parents=True)
        self.client, self.namespace = cluster.client(), namespace
        uid = self.client.get("/api/v1/namespaces/kube-system")["metadata"]["uid"]
        self.cluster = ClusterRef(uid, "test", str(cluster.kubeconfig(namespace=namespace)))
        core, roles = f"/api/v1/namespaces/{namespace}", _ROLES.format(namespace)
        self.paths = {
            "config": f"{core}/configmaps/config",
            "secret": f"{core}/secrets/db",
            "role": f"{roles}/roles/web",
            "binding": f"{roles}/rolebindings/web",
        }
        self._make()
        self.before = self.now()
        super().__init__(folder, self._plan())

    def _make(self) -> None:
        self.client.create(f"/api/v1/namespaces/{self.namespace}/configmaps", _CONFIG)
        rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]}]
        roles = _ROLES.format(self.namespace)
        self.client.create(f"{roles}/roles", {"metadata": {"name": "web"}, "rules": rules})
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "web"}
        subjects = [{"kind": "ServiceAccount", "name": "default", "namespace": self.namespace}]
        self.client.create(
            f"{roles}/rolebindings", {"metadata": {"name": "web"}, "roleRef": reference, "subjects": subjects}
        )

    def patch(self, name: str, *edits: FieldEdit) -> PatchObject:
        """Return the change of an object as it is now."""
        path = self.paths[name]
        return PatchObject(self.cluster, path, name, looked_at(self.client.get(path), edits, KEY), edits)

    def create(self) -> CreateObject:
        """Return the making of the Secret."""
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "data": {"password": ""}}
        sealed = seal(Plaintext(base64.b64encode(_VALUE.encode())), KEY)
        return CreateObject(
            self.cluster, self.paths["secret"], "Secret db", body, (Hole(("data", "password"), sealed),)
        )

    def _plan(self) -> Plan:
        gone = DeleteObject(
            self.cluster, self.paths["binding"], "binding", whole(self.client.get(self.paths["binding"]), KEY)
        )
        return plan(
            new("note", "x"),
            self.create(),
            self.patch(
                "config", FieldEdit(("data", "password"), gone=True), FieldEdit(("metadata", "labels", "a"), "b")
            ),
            self.patch("role", FieldEdit(("rules", 0, "verbs"), ["get"])),
            gone,
        )

    def now(self) -> dict[str, Any]:
        """Return what is there, without what is the API server's."""
        found: dict[str, Any] = {}
        for name, path in self.paths.items():
            try:
                found[name] = owned(self.client.get(path))
            except RefusedError:
                found[name] = None
        return found

    def is_done(self) -> bool:
        """Tell whether everything is as the plan wants it."""
        now = self.now()
        return (
            now["secret"]["data"] == {"password": base64.b64encode(_VALUE.encode()).decode()}
            and now["config"]["data"] == {"host": "db"}
            and now["config"]["metadata"]["labels"] == {"a": "b"}
            and now["role"]["rules"] == [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
            and now["binding"] is None
        )


_CONFIG = {"metadata": {"name": "config"}, "data": {"host": "db", "password": _VALUE}}


@pytest.fixture
def live(tmp_path: Path, cluster: Access, namespace: str) -> Live:
    """A namespace of its own."""
    return Live(tmp_path, cluster, namespace)


def test_apply_and_undo(live: Live) -> None:
    """Objects are made, changed and deleted, and come back as they were, as often as one likes."""
    for _ in range(2):
        assert live.doing().apply() == 5
        assert live.is_done()
        assert live.doing().undo() == 5
        assert live.now() == live.before


def test_no_value_is_shown_or_kept(live: Live) -> None:
    """Neither the plan, nor what is shown of it, nor the journal holds a value that moves or one that was there."""
    views = tuple(preview(live.plan, live.root, str))
    live.doing().apply()

    shown = "".join([*as_text(live.plan, views, "d"), *as_json(live.plan, views, "d")])
    encoded = base64.b64encode(_VALUE.encode())
    kept = [path.read_bytes() for path in live.folder.rglob("*") if path.is_file()]
    assert _VALUE not in shown
    assert encoded.decode() not in shown
    assert not any(_VALUE.encode() in data or encoded in data for data in kept)
    assert views[1].diff == (
        "--- /dev/null",
        "+++ Secret db",
        "+apiVersion: v1",
        "+kind: Secret",
        "+metadata:",
        "+  name: db",
        "+data:",
        "+  password: ••••••",
    )
    assert views[2].diff == ("--- config", "+++ config", "-data.password", "+metadata.labels.a: b")
    assert views[3].diff == ("--- role", "+++ role", "+rules[0].verbs:", "+  - get")
    assert views[4].diff == ("--- binding", "+++ /dev/null")


@pytest.mark.parametrize("first", [0, pytest.param(1, marks=pytest.mark.verify)])
def test_killed_while_doing(tmp_path: Path, cluster: Access, namespace: str, first: int) -> None:
    """Killed at any point, going on ends at what the plan wants and going back at what there was."""
    live = Live(tmp_path / "0", cluster, namespace)
    stop = 1
    while True:
        then = ("resume", "undo")[(first + stop) % 2]
        case = _again(live, tmp_path / str(stop))
        if not case.killed("apply", stop):
            break
        case.finish(then)
        assert case.is_done() if then == "resume" else case.now() == live.before, stop
        if then == "resume":
            case.doing().undo()
        stop += 1
    assert stop > 20
    assert case.is_done()


def test_killed_while_going_back(tmp_path: Path, cluster: Access, namespace: str) -> None:
    """Killed while going back, at any point, the next run goes back to the end."""
    live = Live(tmp_path / "0", cluster, namespace)
    stop, more = 1, True
    while more:
        case = _again(live, tmp_path / str(stop))
        case.doing().apply()
        more = case.killed("undo", stop)
        if more:
            case.finish("undo")
        assert case.now() == live.before, stop
        stop += 1
    assert stop > 8


def _again(live: Live, folder: Path) -> Live:
    """Return the plan for the same objects, which are as they were, with a folder and a journal of its own."""
    case = Live.__new__(Live)
    case.client, case.namespace, case.paths, case.cluster = live.client, live.namespace, live.paths, live.cluster
    (folder / "tree").mkdir(parents=True)
    Killable.__init__(case, folder, live.plan)
    return case


def test_others_may_change_other_fields(live: Live) -> None:
    """What controllers and people change beside the fields of a step survives it, and survives going back."""
    _change(live, "config", {"data": {"port": "1"}})
    live.doing().apply()
    _change(live, "config", {"data": {"port": "2"}, "metadata": {"annotations": {"their": "own"}}})

    live.doing().undo()

    now = live.now()["config"]
    assert now["data"] == {**_CONFIG["data"], "port": "2"}
    assert now["metadata"]["annotations"] == {"their": "own"}
    assert "labels" not in now["metadata"]


def test_a_changed_field_stops_the_plan_before_it_begins(live: Live) -> None:
    """A plan one of whose fields is no longer as it was is refused, and nothing is done."""
    _change(live, "role", {"rules": []})
    before = live.now()

    with pytest.raises(PlanError, match="role is not as it was when the plan was made"):
        live.doing().apply()

    assert live.now() == before
    assert not (live.root / "note").exists()


def test_an_object_that_is_there_stops_the_plan(live: Live) -> None:
    """Nothing is made where something of that name is there already."""
    live.client.create(f"/api/v1/namespaces/{live.namespace}/secrets", {"metadata": {"name": "db"}})

    with pytest.raises(PlanError, match="Secret db exists already"):
        live.doing().apply()
    assert not (live.root / "note").exists()


def test_undo_does_not_lose_later_work(live: Live) -> None:
    """A field of a step that was changed after it is not overwritten by going back; once it is put right, undo goes on."""
    live.doing().apply()
    _change(live, "role", {"rules": []})

    with pytest.raises(PlanError, match="role was changed after the plan"):
        live.doing().undo()
    assert not live.now()["role"]["rules"]

    _change(live, "role", {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]})
    live.doing().resume()
    assert live.now() == live.before


def test_what_the_api_server_refuses_stops_the_plan_before_it_begins(live: Live) -> None:
    """The API server tries every step first: what it takes for invalid is never begun."""
    bad = live.patch("role", FieldEdit(("rules", 0, "verbs"), []))
    unknown = live.patch("config", FieldEdit(("nothing", "such"), "x"))
    for number, change in enumerate((bad, unknown)):
        case = _of(live, live.folder / str(number), new("note", "x"), change)
        with pytest.raises(PlanError, match=r"takes (role|config) for invalid"):
            case.doing().apply()
        assert not (case.root / "note").exists()


def test_another_cluster_is_refused(live: Live) -> None:
    """A context of the same name may be another cluster for somebody else: the plan does nothing there."""
    change = live.create()
    elsewhere = CreateObject(
        ClusterRef("another", "test", live.cluster.kubeconfig), change.path, "Secret db", change.body
    )

    with pytest.raises(PlanError, match="context test is another cluster"):
        _of(live, live.folder / "other", elsewhere).doing().apply()


def test_changed_at_that_moment(live: Live) -> None:
    """Where another field changes between reading and writing, the step is tried again; where its own does, it stops."""
    count = 0

    def meanwhile(what: str) -> None:
        nonlocal count
        if what == "change 2" and count < 3:
            count += 1
            _change(live, "config", {"data": {"port": str(count)}})

    live.doing(meanwhile).apply()
    assert count == 3
    assert live.now()["config"]["data"] == {"host": "db", "port": "3"}
    live.doing().undo()

    def rudely(what: str) -> None:
        if what == "change 2":
            _change(live, "config", {"data": {"password": "theirs"}})

    with pytest.raises(PlanError, match="config is not as it was"):
        live.doing(rudely).apply()
    assert live.now()["config"]["data"]["password"] == "theirs"

    live.doing().undo()
    assert live.now() == {**live.before, "config": live.now()["config"]}
    assert live.now()["config"]["data"] == {"host": "db", "port": "3", "password": "theirs"}


def test_an_object_that_is_about_to_go_is_made_again(live: Live) -> None:
    """Going back on a deletion that finalizers still hold up waits until the object is gone, and makes it again."""
    hold = {"metadata": {"finalizers": ["example.com/hold"]}}
    _change(live, "config", hold)
    before = live.now()
    path = live.paths["config"]
    case = _of(
        live, live.folder / "held", DeleteObject(live.cluster, path, "config", whole(live.client.get(path), KEY))
    )

    def stop(what: str) -> None:
        if what == "change 0":  # as if it were killed while its request is under way
            live.client.delete(path)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        case.doing(stop).apply()
    assert "deletionTimestamp" in live.client.get(path)["metadata"]
    free = threading.Timer(0.5, lambda: _change(live, "config", {"metadata": {"finalizers": None}}))
    free.start()
    try:
        case.doing().undo()
    finally:
        free.join()

    assert live.now() == before
    assert "deletionTimestamp" not in live.client.get(path)["metadata"]
    _change(live, "config", {"metadata": {"finalizers": None}})


def _of(live: Live, folder: Path, *changes: Any) -> Killable:
    (folder / "tree").mkdir(parents=True)
    return Killable(folder, plan(*changes))


def _change(live: Live, name: str, body: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    live.client.call("PATCH", live.paths[name], body, headers)


def test_every_kind_of_change_survives_saving(live: Live) -> None:
    """A plan with steps on objects is the same after it was saved and read."""
    loaded = load(live.folder / "plan.json", KEY)

    assert loaded == live.plan
    assert [type(step.change) for step in loaded.steps if isinstance(step.change, ObjectChange)] == [
        CreateObject,
        PatchObject,
        PatchObject,
        DeleteObject,
    ]
