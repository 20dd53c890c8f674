"""Fixes of Secrets that nothing uses, of tokens that never expire, and of Secrets that are missing."""

from __future__ import annotations

from pathlib import Path

from tests.posture.fixes.mending import KEY, VALUE, Result, deployment, mended, pod_spec

from strongroom.model.fix import FixPlan
from strongroom.posture.fixes.decisions import RIGHTS, UNSEEN
from strongroom.survey.fixes.planning import Wanted, plan_fixes
from strongroom.survey.run import Request

IDLE = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: idle, namespace: default}}
stringData: {{password: {VALUE}}}
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
DEFAULT = "secret-in-default-namespace"


def test_an_unused_secret(tmp_path: Path) -> None:
    """It leaves the manifests, and what to delete in the cluster is said; only when asked, since somebody may use it."""
    files = {"s.yaml": f"{NAMESPACE}---\n{IDLE}"}
    result = mended(tmp_path, files, DEFAULT, unsafe=True)
    assert [*result.objects()] == [("Namespace", "shop")]
    assert "kubectl delete secret idle --namespace default" in result.fix.to_do[0]
    (offered,) = mended(tmp_path, files, DEFAULT).fix.offered
    assert (offered.unseen, offered.decision) == (True, UNSEEN)


def test_what_the_sources_do_not_show(tmp_path: Path) -> None:
    """Without any workload of its namespace in the sources, nobody can tell that it is unused."""
    text = IDLE.replace("namespace: default", "namespace: far")
    assert "do not show enough" in mended(tmp_path, {"s.yaml": text}, "unused-secret", unsafe=True).why("unused-secret")


def test_a_used_secret(tmp_path: Path) -> None:
    """What a workload or another object names is left."""
    spec = "containers: [{name: a, image: a, envFrom: [{secretRef: {name: idle}}]}]"
    user = deployment(spec).replace("namespace: shop", "namespace: default")
    assert "something uses it" in mended(tmp_path / "a", {"s.yaml": IDLE, "d.yaml": user}, DEFAULT, unsafe=True).why(
        DEFAULT
    )
    other = "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: t, namespace: default}\nspec: {secret: idle}\n"
    assert "Thing default/t says its name" in mended(
        tmp_path / "b", {"s.yaml": IDLE, "t.yaml": other}, DEFAULT, unsafe=True
    ).why(DEFAULT)


def test_a_namesake(tmp_path: Path) -> None:
    """An object of the same name that says it again, as operators have it, keeps the Secret."""
    body = (
        "apiVersion: example.org/v1\nkind: Database\nmetadata: {name: idle, namespace: default}\nspec: {NAME: idle}\n"
    )
    for number, field in enumerate(("passwordSecret", "size")):
        text = body.replace("NAME: idle", "passwordSecret: idle" if number == 0 else "size: small")
        result = mended(tmp_path / field, {"s.yaml": IDLE, "t.yaml": text}, DEFAULT, unsafe=True)
        assert (("Secret", "idle") in result.objects()) is (number == 0)


def test_what_was_moved_is_not_deleted(tmp_path: Path) -> None:
    """A Secret that took the value of an annotation says so, and is no rubbish when the fixes are made again."""
    service = (
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: api\n  namespace: default\n"
        f"  annotations:\n    example.org/token: {VALUE}\nspec: {{ports: [{{port: 80}}]}}\n"
    )
    first = mended(tmp_path, {"s.yaml": service}, "secret-in-metadata", unsafe=True)
    made = first.objects()["Secret", "api-metadata"]
    assert made["metadata"]["annotations"] == {
        "strongroom.dev/taken-from": "Service default/api, annotation example.org/token"
    }
    again = mended(tmp_path, first.files, DEFAULT, unsafe=True)
    assert "it was taken from Service default/api" in again.why(DEFAULT)


CONFIG = f"""\
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: default}}
data: {{DB_PASSWORD: {VALUE}}}
"""
IN_CONFIGMAP = "secret-in-configmap"


def _here(spec: str) -> str:
    return deployment(spec).replace("namespace: shop", "namespace: default")


def test_what_the_plan_begins_to_use(tmp_path: Path) -> None:
    """A Secret that nothing used stays where the same plan gives it to a workload, as the holder of a moved value."""
    spec = "containers: [{name: a, image: a, envFrom: [{configMapRef: {name: settings}}]}]"
    files = {"s.yaml": IDLE, "c.yaml": CONFIG, "d.yaml": _here(spec)}
    assert ("Secret", "idle") not in mended(tmp_path, files, "unused-secret", unsafe=True).objects()

    result = mended(tmp_path, files, IN_CONFIGMAP, "unused-secret", DEFAULT, unsafe=True)
    (variable,) = pod_spec(result)["containers"][0]["env"]
    assert variable["valueFrom"] == {"secretKeyRef": {"name": "idle", "key": "password"}}
    assert result.files["s.yaml"] == IDLE
    assert "this plan relies on it" in result.why("unused-secret")
    assert "this plan relies on it" in result.why(DEFAULT)


def test_the_only_place_of_a_value(tmp_path: Path) -> None:
    """What nothing took of a ConfigMap is in a Secret that says so, new or not, and no later fix deletes that."""
    other = _here("containers: [{name: a, image: a}]")
    for name, more in (("settings-config", {}), ("idle", {"s.yaml": IDLE})):
        checks, folder = (IN_CONFIGMAP, "unused-secret", DEFAULT), tmp_path / name
        first = mended(folder, {"c.yaml": CONFIG, "d.yaml": other, **more}, *checks, unsafe=True)
        secret = first.objects()["Secret", name]
        assert VALUE in secret["stringData"].values()
        assert secret["metadata"]["annotations"] == {
            "strongroom.dev/taken-from": "ConfigMap default/settings, key DB_PASSWORD"
        }
        again = mended(folder, first.files, *checks, unsafe=True)
        assert again.files == first.files
        assert "it was taken from ConfigMap default/settings" in again.why("unused-secret")


def test_every_place_of_a_value(tmp_path: Path) -> None:
    """A Secret that takes the values of two objects names both places, beside the annotations that it had."""
    noted = IDLE.replace("namespace: default}", "namespace: default, annotations: {team: shop}}")
    second = CONFIG.replace("name: settings", "name: more")
    result = mended(tmp_path, {"s.yaml": noted, "c.yaml": CONFIG, "m.yaml": second}, IN_CONFIGMAP, unsafe=True)
    notes = result.objects()["Secret", "idle"]["metadata"]["annotations"]
    assert notes.pop("team") == "shop"
    assert sorted(notes["strongroom.dev/taken-from"].split("; ")) == [
        "ConfigMap default/more, key DB_PASSWORD",
        "ConfigMap default/settings, key DB_PASSWORD",
    ]


TOKEN = """\
apiVersion: v1
kind: Secret
metadata:
  name: ci-token
  namespace: shop
  annotations: {kubernetes.io/service-account.name: ci}
type: kubernetes.io/service-account-token
"""


def test_a_token_that_never_expires(tmp_path: Path) -> None:
    """It goes if nothing mounts it and that is asked for; a token that ends is named in its place."""
    files = {"t.yaml": f"{NAMESPACE}---\n{TOKEN}"}
    result = mended(tmp_path, files, "legacy-token-secret", unsafe=True)
    assert [*result.objects()] == [("Namespace", "shop")]
    assert "kubectl create token ci --namespace shop" in result.fix.to_do[0]
    (offered,) = mended(tmp_path, files, "legacy-token-secret").fix.offered
    assert (offered.unseen, offered.decision) == (False, RIGHTS)


def test_a_token_in_use(tmp_path: Path) -> None:
    """It is left where a workload mounts it."""
    spec = "containers: [{name: a, image: a}]\nvolumes: [{name: t, secret: {secretName: ci-token}}]"
    result = mended(tmp_path, {"t.yaml": TOKEN, "d.yaml": deployment(spec)}, "legacy-token-secret", unsafe=True)
    assert "Deployment shop/api uses it" in result.why("legacy-token-secret")


STORE = """\
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: vault}
spec:
  provider: {vault: {server: https://vault.example.org, auth: {kubernetes: {mountPath: kubernetes, role: r}}}}
"""
MISSING = "dangling-secret-reference"
OTHER = IDLE.replace("name: idle, namespace: default", "name: other, namespace: shop")


def _from_store(folder: Path, spec: str, store: str = STORE, to: str = "external") -> FixPlan:
    for name, text in {"d.yaml": deployment(spec), "o.yaml": OTHER, "s.yaml": store}.items():
        (folder / name).write_text(text)
    wanted = Wanted(frozenset({MISSING}), unsafe=True, root=str(folder), to=to)
    return plan_fixes(Request(sources=(str(folder),), key=KEY), wanted).fix


def _written(fix: FixPlan) -> str:
    return "\n".join(line for view in fix.views for line in view.diff)


def test_a_missing_secret(tmp_path: Path) -> None:
    """Where values come from a store, a Secret that nothing defines does too: every key that is there, or those named."""
    (tmp_path / "a").mkdir()
    whole = "containers: [{name: a, image: a}]\nvolumes: [{name: t, secret: {secretName: gone}}]"
    fix = _from_store(tmp_path / "a", whole)
    assert "+    - extract:" in _written(fix)
    assert "fill shop/gone in ClusterSecretStore vault with the keys that Deployment shop/api reads" in fix.to_do
    (tmp_path / "b").mkdir()
    env = "{name: T, valueFrom: {secretKeyRef: {name: gone, key: token}}}"
    one = _from_store(tmp_path / "b", f"containers: [{{name: a, image: a, env: [{env}]}}]")
    assert "secretKey: token" in _written(one)
    assert one.to_do == ("fill shop/gone in ClusterSecretStore vault with token",)


def test_a_missing_secret_without_a_store(tmp_path: Path) -> None:
    """Where values stay in manifests, or no store is known, somebody has to define it."""
    spec = "containers: [{name: a, image: a}]\nvolumes: [{name: t, secret: {secretName: gone}}]"
    for number, (store, to) in enumerate([(STORE, "secret"), (NAMESPACE, "external")]):
        (tmp_path / str(number)).mkdir()
        fix = _from_store(tmp_path / str(number), spec, store, to)
        assert not fix.plan.steps
        assert Result(fix, {}).why(MISSING) == "define the Secret, or drop the reference"
