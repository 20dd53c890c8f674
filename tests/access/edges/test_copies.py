"""Ways by credentials in Secrets, by what the control plane keeps, and by what it sends: what each needs, exactly."""

from __future__ import annotations

from typing import Any

import pytest
from tests.access.reach import JEWEL, MALLORY, Body, given, own_steps, reached, rule, steps_of
from tests.support.controlplane.pki import Authority

from strongroom.model.access import Node, Power, power

SECRET = "secret/vault/jewel"
READS = rule("secrets", "get")
GROUP = "system:bootstrappers:kubeadm:default-node-token"


def _account(name: str, namespace: str = "vault") -> Body:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}


def _gone(namespace: str = "vault") -> list[Body]:
    return given(
        "vault", READS, subject={"kind": "ServiceAccount", "namespace": namespace, "name": "gone"}, name="gone"
    )


def test_a_missing_account_is_known_where_others_are() -> None:
    """With the ServiceAccount ``default`` the list of a namespace is whole; without it, the step has a condition."""
    makes = given("vault", rule("serviceaccounts", "create"), rule("serviceaccounts/token", "create"))

    assert SECRET in reached(JEWEL, _account("default"), *_gone(), *makes)
    assert SECRET not in reached(JEWEL, _account("other"), *_gone(), *makes)
    assert SECRET in reached(JEWEL, _account("other"), *_gone(), *makes, conditional=True)
    assert own_steps("account-recreate", JEWEL, _account("default"), _account("gone"), *_gone(), *makes) == []


def test_making_an_account_is_not_being_it() -> None:
    """Whoever makes the ServiceAccount needs a token of it too: of that name, in that namespace, or a pod."""
    makes = rule("serviceaccounts", "create")

    def found(*other: Body) -> bool:
        given_all = given("vault", makes, *other)
        return bool(own_steps("account-recreate", JEWEL, _account("default"), *_gone(), *given_all))

    assert not found()
    assert not found(rule("serviceaccounts/token", "create", names=("other",)))
    assert found(rule("serviceaccounts/token", "create", names=("gone",)))
    assert found(rule("jobs", "create", group="batch"))


def _token(kind: str, name: str, namespace: str, *, data: dict[str, str] | None = None, account: str = "") -> Body:
    annotations = {"kubernetes.io/service-account.name": account} if account else {}
    metadata = {"name": name, "namespace": namespace, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata, "stringData": data or {}}


def test_a_bootstrap_token_has_the_groups_that_it_names() -> None:
    """Its groups stand in its values; where these are not there, kubeadm's group is a condition."""

    def groups(**data: str) -> list[tuple[str, str]]:
        found = _token("bootstrap.kubernetes.io/token", "bootstrap-token-abcdef", "kube-system", data=data)
        steps = steps_of("bootstrap-token", found)
        return [(step.target.name, step.condition) for step in steps if step.target.kind == "Group"]

    use = {"usage-bootstrap-authentication": "true"}
    assert groups(**use, **{"auth-extra-groups": f"{GROUP},evil"}) == [("system:bootstrappers", ""), (GROUP, "")]
    assert groups(**use) == [("system:bootstrappers", "")]
    assert groups(**{"usage-bootstrap-signing": "true"}) == []
    assert groups() == [("system:bootstrappers", ""), (GROUP, "if the token names that group")]


def test_a_bootstrap_token_counts_in_its_namespace() -> None:
    """Elsewhere, or with another name or type, a Secret is no such token."""
    kind, name = "bootstrap.kubernetes.io/token", "bootstrap-token-abcdef"

    assert steps_of("bootstrap-token", _token(kind, name, "vault")) == []
    assert steps_of("bootstrap-token", _token(kind, "abcdef", "kube-system")) == []
    assert steps_of("bootstrap-token", _token("Opaque", name, "kube-system")) == []


def test_a_long_lived_token_is_of_its_namespace() -> None:
    """A token Secret is of a ServiceAccount of its own namespace, and of none without the type."""
    kind = "kubernetes.io/service-account-token"

    (step,) = steps_of("service-account-token", _token(kind, "t", "vault", account="robot"))
    assert step.target == Node("ServiceAccount", "vault", "robot")
    assert steps_of("service-account-token", _token("Opaque", "t", "vault", account="robot")) == []


def _approved(*rules: Body) -> bool:
    return bool(own_steps("csr-auto-approve", *given("", *rules)))


def test_automatic_approval_needs_all_three() -> None:
    """Creating and reading requests alone gives nothing, and neither does the approval of no request."""
    csr = "certificates.k8s.io"
    create = rule("certificatesigningrequests", "create", group=csr)
    read = rule("certificatesigningrequests", "watch", group=csr)
    node = rule("certificatesigningrequests/nodeclient", "create", group=csr)
    renewal = rule("certificatesigningrequests/selfnodeclient", "create", group=csr)

    assert _approved(create, read, node)
    assert not _approved(create, read)
    assert not _approved(read, node)
    assert not _approved(create, node)
    assert not _approved(create, read, renewal)


def test_redirecting_the_core_api() -> None:
    """It takes the core group's APIService, its change, and a Service; without one, that is a condition."""
    group = "apiregistration.k8s.io"
    services = given("mine", rule("services", "create"), name="services")

    def conditions(verb: str, *names: str, namespace: str = "") -> set[str]:
        writes = given(namespace, rule("apiservices", verb, names=names, group=group))
        return {step.condition for step in own_steps("api-service-write", JEWEL, *services, *writes)}

    assert conditions("patch") == conditions("update", "v1.") == {""}
    assert conditions("create") == conditions("patch", "v1beta1.metrics.k8s.io") == set()
    assert conditions("patch", namespace="mine") == set()
    alone = own_steps("api-service-write", JEWEL, *given("", rule("apiservices", "patch", group=group)))
    assert [step.condition for step in alone] == ["if some Service leads to a server of his own"]


@pytest.mark.parametrize(
    ("kind", "powers"),
    [
        ("mutatingwebhookconfigurations", {Power.READ_SECRETS, Power.RUN_PODS}),
        ("validatingwebhookconfigurations", {Power.READ_SECRETS}),
    ],
)
def test_a_webhook_of_ones_own(kind: str, powers: set[Power]) -> None:
    """A validating webhook sees, a mutating one changes too; deleting configurations does neither."""
    group = "admissionregistration.k8s.io"

    found = own_steps("webhook-write", *given("", rule(kind, "update", names=("one",), group=group)))
    assert {step.target for step in found} == {power(one) for one in powers}
    assert own_steps("webhook-write", *given("", rule(kind, "delete", group=group))) == []


def _mounting(path: str, node: str = "") -> Body:
    spec: dict[str, Any] = {
        "containers": [{"name": "c", "image": "i"}],
        "volumes": [{"name": "v", "hostPath": {"path": path}}],
    }
    if node:
        spec["nodeName"] = node
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "tools"}, "spec": spec}


def _etcd(*bodies: Body) -> list[str]:
    steps = steps_of("etcd-read", *bodies)
    return [step.condition for step in steps if step.target == power(Power.READ_ETCD)]


def test_which_folders_are_of_etcd() -> None:
    """Its own folders and files are; a wider one is where the pod runs on the control plane."""
    wider = ["if it runs on a machine of the control plane"]
    label = {"node-role.kubernetes.io/control-plane": ""}
    master = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "master", "labels": label}}

    assert _etcd(_mounting("/var/lib/etcd")) == _etcd(_mounting("/var/lib/etcd/member")) == [""]
    assert _etcd(_mounting("/etc/kubernetes/pki/etcd/")) == [""]
    assert _etcd(_mounting("/")) == _etcd(_mounting("/var/lib")) == _etcd(_mounting("/etc/kubernetes")) == wider
    assert _etcd(_mounting("/var/lib/etcd-backups")) == _etcd(_mounting("/var/log")) == []
    assert _etcd(master, _mounting("/var/lib", "master")) == [""]
    assert _etcd(master, _mounting("/var/lib", "worker")) == wider


def test_a_login_to_etcd_in_a_secret() -> None:
    """A certificate of one of etcd's clients, and its key, log in where the network lets them."""
    own, other = (Authority.new("any").user(name) for name in ("kube-etcd-healthcheck-client", "somebody"))

    def conditions(certificate: bytes, **more: str) -> list[str]:
        return _etcd(_token("Opaque", "etcd", "vault", data={"tls.crt": certificate.decode(), **more}))

    assert conditions(own.certificate, key=own.key.decode()) == ["if it reaches etcd, and etcd trusts the signer"]
    assert conditions(own.certificate) == []
    assert conditions(other.certificate, key=other.key.decode()) == []


def test_etcd_with_encryption_is_not_enough() -> None:
    """Where Secrets are encrypted before they are stored, reading etcd is a condition away from reading them."""
    keys = [{"name": "one", "secret": "c2VjcmV0IGlzIHNlY3VyZSwgb3IgaXMgaXQ/MTIzNDU="}]
    entry = {"resources": ["secrets"], "providers": [{"secretbox": {"keys": keys}}, {"identity": {}}]}
    config = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration", "resources": [entry]}
    pod = _mounting("/var/lib/etcd")
    start = Node("Pod", "tools", "p")

    assert SECRET in reached(JEWEL, pod, start=start)
    assert SECRET not in reached(JEWEL, pod, config, start=start)
    assert SECRET in reached(JEWEL, pod, config, start=start, conditional=True)


@pytest.mark.parametrize(
    ("rules", "logged"),
    [
        ([("Request", ["secrets"], [])], True),
        ([("Metadata", ["secrets"], []), ("RequestResponse", [], [])], False),
        ([("Metadata", ["secrets"], ["create", "update", "patch"]), ("Request", [], [])], False),
        ([("Metadata", ["secrets"], ["create", "update", "patch"]), ("RequestResponse", [], [])], True),
        ([("Request", ["secrets"], ["get", "list", "watch"])], False),
        ([("RequestResponse", ["secrets"], ["get"])], True),
        ([("RequestResponse", ["pods"], []), ("Metadata", [], [])], False),
    ],
)
def test_which_policies_log_values(rules: list[tuple[str, list[str], list[str]]], logged: bool) -> None:
    """The first rule that matches decides, verb by verb; requests for reading have no values, answers have."""
    listed = [
        {"level": level, "verbs": verbs, **({"resources": [{"group": "", "resources": of}]} if of else {})}
        for level, of, verbs in rules
    ]
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": listed}
    start = Node("Pod", "tools", "p")

    assert (SECRET in reached(JEWEL, policy, _mounting("/var/log/kubernetes"), start=start)) is logged
    assert SECRET not in reached(JEWEL, policy, _mounting("/var/lib"), start=start)


def _kubeconfig(*, authority: str = "") -> Body:
    user = {"name": "u", "user": {"token": "e30.eyJzdWIiOiJib2IiLCJncm91cHMiOlsiY3JldyJdfQ.c2ln"}}
    cluster = {"name": "c", "cluster": {"server": "https://10.0.0.1", "certificate-authority-data": authority}}
    context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
    config = {"clusters": [cluster], "users": [user], "contexts": [context]}
    return _token("Opaque", "config", "vault", data={"kubeconfig": str(config)})


def test_whose_kubeconfig_it_is() -> None:
    """The user of each context, and his groups; under a condition where the authority is not this cluster's."""
    root = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kube-root-ca.crt", "namespace": "vault"},
        "data": {"ca.crt": "this one\n"},
    }
    own, other = _kubeconfig(authority="dGhpcyBvbmUK"), _kubeconfig(authority="YW5vdGhlcgo=")

    def found(*bodies: Body) -> list[tuple[str, str]]:
        return [(step.target.show(), step.condition) for step in steps_of("kubeconfig-secret", *bodies)]

    away = "if it is a kubeconfig of this cluster"
    assert found(root, own) == [("user/bob", ""), ("group/crew", "")]
    assert found(root, other) == found(own) == [("user/bob", away), ("group/crew", away)]


def test_whose_certificate_it_is() -> None:
    """A certificate with a key beside it is of the user and the groups that it names, where a binding names them too."""
    credential = Authority.new("any").user("bob", ["crew"])
    crew = given("vault", READS, subject={**MALLORY, "kind": "Group", "name": "crew"}, name="crew")
    certificate, key = credential.certificate.decode(), credential.key.decode()

    def found(*bodies: Body, **data: str) -> list[tuple[str, str]]:
        steps = steps_of("kubeconfig-secret", *bodies, _token("kubernetes.io/tls", "login", "vault", data=data))
        return [(step.target.show(), step.condition.partition(" ")[0]) for step in steps]

    assert found(*crew, **{"tls.crt": certificate, "tls.key": key}) == [("group/crew", "if")]
    assert found(*crew, **{"tls.crt": certificate}) == []
    assert found(**{"tls.crt": certificate, "tls.key": key}) == []


@pytest.mark.parametrize("text", ["users: [", "users: 3\nclusters: x", "clusters: {a: b}\nusers: [1, {name: []}]"])
def test_what_is_no_kubeconfig(text: str) -> None:
    """A value that only looks like one is none."""
    assert steps_of("kubeconfig-secret", _token("Opaque", "config", "vault", data={"kubeconfig": text})) == []


def test_a_release_holds_secrets_of_its_namespace() -> None:
    """A release's record holds the Secrets that name the release, in the namespace of the record."""
    note = {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "vault"}
    jewel = {**JEWEL, "metadata": {**JEWEL["metadata"], "annotations": note}}
    kept = rule("configmaps", "get", names=("sh.helm.release.v1.shop.v12",))

    def record(name: str, namespace: str = "vault") -> Body:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}}

    assert SECRET in reached(jewel, record("sh.helm.release.v1.shop.v12"), *given("vault", kept))
    assert SECRET not in reached(jewel, record("sh.helm.release.v1.shop.v12", "other"), *given("", kept))
    assert SECRET not in reached(JEWEL, record("sh.helm.release.v1.shop.v12"), *given("vault", kept))
    assert SECRET not in reached(
        jewel, record("sh.helm.release.v1.other.v12"), *given("vault", rule("configmaps", "get"))
    )


def test_aws_auth_by_name() -> None:
    """Only where the cluster has the ConfigMap, and who may change that one, is an admin by it."""
    found = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "aws-auth", "namespace": "kube-system"}}
    changes = rule("configmaps", "update", names=("aws-auth",))

    assert SECRET in reached(JEWEL, found, *given("kube-system", changes))
    assert SECRET not in reached(JEWEL, *given("kube-system", changes))
    assert SECRET not in reached(JEWEL, found, *given("vault", changes))
    assert SECRET not in reached(JEWEL, found, *given("kube-system", rule("configmaps", "create", "get")))


def test_credentials_for_pulling_images() -> None:
    """A ServiceAccount lends them to its pods: their machine holds them, and the program does not see them."""
    account = {**_account("robot"), "imagePullSecrets": [{"name": "jewel"}]}
    spec = {"serviceAccountName": "robot", "nodeName": "worker", "containers": [{"name": "c", "image": "i"}]}
    pod: Body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "vault"}, "spec": spec}
    own = {**pod, "spec": {**spec, "imagePullSecrets": [{"name": "other"}]}}

    assert SECRET in reached(JEWEL, account, pod, start=Node("Node", "", "worker"))
    assert SECRET not in reached(JEWEL, account, own, start=Node("Node", "", "worker"))
    assert SECRET not in reached(JEWEL, account, pod, start=Node("Pod", "vault", "web"))


@pytest.mark.parametrize("value", [None, 3, "text", ["a"], {"a": ["b"]}, {"name": 3, "keys": None}])
def test_fields_of_another_form(value: Any) -> None:
    """An object whose fields are of another form than they should be gives no step and no error."""
    kinds = [
        ("v1", "Secret"), ("v1", "ConfigMap"), ("v1", "ServiceAccount"), ("argoproj.io/v1", "Application"),
        ("argoproj.io/v1", "AppProject"), ("external-secrets.io/v1", "ClusterSecretStore"),
        ("external-secrets.io/v1", "ExternalSecret"), ("bitnami.com/v1", "SealedSecret"),
        ("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass"), ("secrets.hashicorp.com/v1", "VaultAuth"),
        ("secrets.hashicorp.com/v1", "VaultStaticSecret"), ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        ("source.toolkit.fluxcd.io/v1", "GitRepository"), ("storage.k8s.io/v1", "CSIDriver"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"), ("velero.io/v1", "Backup"),
        ("apiserver.config.k8s.io/v1", "AuthorizationConfiguration"),
    ]  # fmt: skip
    metadata = {"name": "bootstrap-token-abcdef", "namespace": "kube-system", "annotations": value, "labels": value}
    fields = ("spec", "data", "stringData", "type", "authorizers")
    bodies = [
        {"apiVersion": version, "kind": kind, "metadata": metadata, **dict.fromkeys(fields, value)}
        for version, kind in kinds
    ]
    everything = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}

    assert SECRET in reached(JEWEL, *bodies, *given("", everything), conditional=True)
