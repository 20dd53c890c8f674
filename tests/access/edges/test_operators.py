"""Ways through operators: what each needs, exactly."""

from __future__ import annotations

from typing import Any

import pytest
from tests.access.reach import JEWEL, Body, given, own_steps, reached, rule, steps_of

SECRET = "secret/vault/jewel"
ESO, VSO, VELERO = "external-secrets.io", "secrets.hashicorp.com", "velero.io"
READS = rule("secrets", "get")


def thing(group: str, kind: str, name: str, namespace: str = "", **body: Any) -> Body:
    """Return an object of an operator."""
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": name, **where}, **body}


def store(**spec: Any) -> Body:
    """Return a ClusterSecretStore."""
    return thing(ESO, "ClusterSecretStore", "platform", spec={"provider": {"vault": {}}, **spec})


EXTERNAL = thing(
    ESO,
    "ExternalSecret",
    "jewel",
    "vault",
    spec={
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": "platform"},
        "dataFrom": [{"extract": {"key": "k"}}],
    },
)
WRITES = rule("externalsecrets", "create", group=ESO)


def test_a_wildcard_does_not_speak_of_an_operator_that_is_not_seen() -> None:
    """A right on all groups says nothing of an operator of which the sources show nothing; naming its group does."""
    everything = {"apiGroups": ["*"], "resources": ["secretstores"], "verbs": ["create"]}
    named = rule("secretstores", "create", group=ESO)

    assert own_steps("secret-store-write", JEWEL, *given("vault", everything)) == []
    assert {step.condition for step in own_steps("secret-store-write", JEWEL, *given("vault", named))} == {
        "if its operator runs"
    }
    assert SECRET not in reached(JEWEL, *given("vault", named))
    assert SECRET in reached(JEWEL, store(), *given("vault", everything))


def test_an_external_secret_is_worth_reading_only() -> None:
    """Writing ExternalSecrets gives nothing without reading the Secrets that come of them."""
    assert SECRET not in reached(store(), EXTERNAL, *given("mine", WRITES))
    assert SECRET in reached(store(), EXTERNAL, *given("mine", WRITES, READS))
    assert SECRET in reached(store(), EXTERNAL, *given("mine", WRITES, rule("deployments", "create", group="apps")))


def _space(name: str, **labels: str) -> Body:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


@pytest.mark.parametrize(
    ("condition", "admitted"),
    [
        ({"namespaces": ["vault"]}, False),
        ({"namespaces": ["mine"]}, True),
        ({"namespaceRegexes": ["^mi"]}, True),
        ({"namespaceRegexes": ["^vau"]}, False),
        ({"namespaceRegexes": ["^(mine|yours)$"]}, True),
        ({"namespaceRegexes": ["^(vault|yours)-.*"]}, False),
        ({"namespaceSelector": {"matchLabels": {"team": "red"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "blue"}}}, False),
        ({"namespaceSelector": {}}, True),
        ({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}}, False),
    ],
)
def test_a_store_admits_namespaces(condition: Body, admitted: bool) -> None:
    """A ClusterSecretStore with conditions is of use in the namespaces that any of them admits."""
    bodies = [store(conditions=[condition]), EXTERNAL, _space("mine", team="red"), *given("mine", WRITES, READS)]

    assert (SECRET in reached(*bodies)) is admitted


def test_a_store_that_may_admit() -> None:
    """Where the labels of a namespace are not known, whether the store admits it is a condition."""
    selector = {"namespaceSelector": {"matchLabels": {"team": "red"}}}
    bodies = [store(conditions=[selector]), EXTERNAL, *given("mine", WRITES, READS)]

    assert SECRET not in reached(*bodies)
    assert SECRET in reached(*bodies, conditional=True)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(", "a?a?a?a?a", "(?i)MINE", "x" * 300])
def test_a_pattern_that_is_not_tried(pattern: str) -> None:
    """A pattern that could take for ever, or is none of Python's, may admit the namespace."""
    space = "a" * 60
    bodies = [store(conditions=[{"namespaceRegexes": [pattern]}]), EXTERNAL, *given(space, WRITES, READS)]

    assert SECRET not in reached(*bodies)
    assert SECRET in reached(*bodies, conditional=True)


def test_a_store_of_another_namespace() -> None:
    """A SecretStore serves its own namespace only."""
    own = thing(ESO, "SecretStore", "own", "vault", spec={"provider": {"vault": {}}})
    taken = {**EXTERNAL, "spec": {**EXTERNAL["spec"], "secretStoreRef": {"kind": "SecretStore", "name": "own"}}}

    assert SECRET not in reached(own, taken, *given("mine", WRITES, READS))
    assert SECRET in reached(own, taken, *given("vault", WRITES, rule("secrets", "get", names=("other",))))


def test_pushing_needs_a_store_of_ones_own() -> None:
    """A PushSecret goes to a store: without the right to write one, it goes where others meant it to go."""
    pushes, stores = rule("pushsecrets", "create", group=ESO), rule("secretstores", "create", group=ESO)

    assert own_steps("push-secret-write", JEWEL, store(), *given("vault", pushes)) == []
    assert own_steps("push-secret-write", JEWEL, store(), *given("vault", pushes, stores))


@pytest.mark.parametrize(("allowed", "admitted"), [(None, False), (["*"], True), (["mine"], True), (["other"], False)])
def test_a_vault_auth_allows_namespaces(allowed: list[str] | None, admitted: bool) -> None:
    """A VaultAuth serves its own namespace, and those that it allows."""
    spec = {"method": "kubernetes", **({"allowedNamespaces": allowed} if allowed else {})}
    auth = thing(VSO, "VaultAuth", "platform", "vault", spec=spec)
    made = thing(
        VSO, "VaultStaticSecret", "x", "vault", spec={"vaultAuthRef": "platform", "destination": {"name": "jewel"}}
    )
    bodies = [JEWEL, auth, made, *given("mine", rule("vaultstaticsecrets", "create", group=VSO), READS)]

    assert (SECRET in reached(*bodies)) is admitted


def test_a_vault_auth_needs_who_uses_it() -> None:
    """The operator logs in for a VaultStaticSecret: VaultAuth and VaultConnection alone send no token anywhere."""
    both = rule("vaultauths", "create", group=VSO), rule("vaultconnections", "create", group=VSO)
    user = rule("vaultdynamicsecrets", "patch", group=VSO)

    assert own_steps("vault-auth-write", *given("vault", *both)) == []
    assert len(own_steps("vault-auth-write", *given("vault", *both, user))) == 1


def test_a_restore_goes_where_one_reads() -> None:
    """Who creates restores reads a backup where he reads Secrets of any name, in whichever namespace that is."""
    place = thing(VELERO, "BackupStorageLocation", "default", "velero", spec={})
    restores = rule("restores", "create", group=VELERO)

    def found(*read: Body) -> bool:
        return SECRET in reached(JEWEL, place, *given("velero", restores), *read)

    assert not found()
    assert found(*given("mine", READS, name="reads"))
    assert not found(*given("mine", rule("secrets", "get", names=("one",)), name="reads"))


def test_rights_on_backups_elsewhere_give_nothing() -> None:
    """Velero looks at objects of its own namespace only."""
    place = thing(VELERO, "BackupStorageLocation", "default", "velero", spec={})
    downloads = rule("downloadrequests", "create", "get", group=VELERO)

    assert SECRET not in reached(JEWEL, place, *given("mine", downloads))
    assert SECRET in reached(JEWEL, place, *given("velero", downloads))


def test_argo_cd_is_limited_by_projects() -> None:
    """Where no project is known to permit everything, what Argo CD applies is a condition."""
    account = {"kind": "ServiceAccount", "namespace": "argocd", "name": "argocd-application-controller"}
    acts = given("vault", READS, subject=account, name="argo")
    project = thing("argoproj.io", "AppProject", "default", "argocd")
    writes = given("argocd", rule("applications", "patch", group="argoproj.io"))

    def found(repositories: list[str], namespace: str, *, conditional: bool = False) -> bool:
        spec = {
            "sourceRepos": repositories,
            "destinations": [{"namespace": namespace, "server": "https://kubernetes.default.svc"}],
        }
        return SECRET in reached(JEWEL, *acts, {**project, "spec": spec}, *writes, conditional=conditional)

    assert found(["*"], "*")
    assert not found(["*"], "team")
    assert not found(["https://git.example.com/team"], "*")
    assert found(["https://git.example.com/team"], "*", conditional=True)


def test_flux_acts_as_any_account_of_the_namespace() -> None:
    """Locked down, Flux acts as the ServiceAccount that a Kustomization names, and no longer as its controller."""
    group = "kustomize.toolkit.fluxcd.io"
    container = {"name": "manager", "image": "ghcr.io/fluxcd/kustomize-controller:v1.7.0"}
    controller = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "kustomize-controller", "namespace": "flux-system"},
        "spec": {
            "serviceAccountName": "boss",
            "containers": [{**container, "args": ["--default-service-account=low"]}],
        },
    }
    boss = given(
        "vault", READS, subject={"kind": "ServiceAccount", "namespace": "flux-system", "name": "boss"}, name="b"
    )
    team = given("vault", READS, subject={"kind": "ServiceAccount", "namespace": "team", "name": "team"}, name="t")
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "team", "namespace": "team"}}
    writes = given("team", rule("kustomizations", "create", group=group))

    assert SECRET not in reached(JEWEL, controller, *boss, *writes)
    assert SECRET in reached(JEWEL, controller, *team, account, *writes)


def test_a_repository_of_another_cluster() -> None:
    """An Application for another cluster says nothing of this one; the address is shown without its credential."""
    spec = {
        "source": {"repoURL": "https://robot:hunter2@git.example.com/deploy?token=x"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "vault"},
    }
    here = thing("argoproj.io", "Application", "shop", "argocd", spec=spec)
    away = {**here, "spec": {**spec, "destination": {"server": "https://10.0.0.9:6443", "namespace": "vault"}}}

    assert [step.source.name for step in steps_of("git-repository", here)] == [
        "repository https://git.example.com/deploy"
    ]
    assert steps_of("git-repository", away) == []


def test_issuers_of_the_cluster_look_in_one_namespace() -> None:
    """A ClusterIssuer names Secrets of the namespace that cert-manager is told, or runs in."""
    image = "quay.io/jetstack/cert-manager-controller:v1.19.0"
    pod: Body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "cert-manager", "namespace": "cert-manager"},
        "spec": {"containers": [{"name": "x", "image": image, "args": ["--cluster-resource-namespace=vault"]}]},
    }
    issuer = thing("cert-manager.io", "ClusterIssuer", "public", spec={})
    writes = given("", rule("clusterissuers", "create", group="cert-manager.io"))

    assert SECRET in reached(JEWEL, pod, issuer, *writes)
    assert SECRET not in reached(JEWEL, issuer, *writes)


def test_a_driver_with_another_audience() -> None:
    """Tokens for a store are tokens of the API server's too only where it accepts their audience."""
    driver = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": "x.csi"}}
    folder = {"name": "p", "hostPath": {"path": "/var/lib/kubelet/plugins/x.csi/"}}
    volume = {"name": "s", "csi": {"driver": "x.csi"}}

    def pod(name: str, namespace: str, one: Body) -> Body:
        spec = {"containers": [{"name": "c", "image": "i"}], "volumes": [one]}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}

    def conditions(audience: str) -> set[str]:
        spec = {"tokenRequests": [{"audience": audience}]}
        pods = pod("driver", "kube-system", folder), pod("web", "vault", volume)
        return {step.condition for step in steps_of("csi-token-requests", {**driver, "spec": spec}, *pods)}

    assert conditions("") == {""}
    assert conditions("vault") == {"", "if the API server accepts the audience"}
