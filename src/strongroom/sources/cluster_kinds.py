"""Which kinds of objects are read from a cluster: what the inventory and the checks look at, and nothing else.

The roles that `strongroom install --rbac audit` renders are made from these tables.
"""

from __future__ import annotations

SECRETS = ("", "secrets")
PODS = ("", "pods")
CONFIG_MAPS = ("", "configmaps")

BUILT_IN: dict[str, tuple[str, ...]] = {
    "": (
        "configmaps",
        "namespaces",
        "persistentvolumes",
        "pods",
        "podtemplates",
        "replicationcontrollers",
        "secrets",
        "serviceaccounts",
        "services",
    ),
    "admissionregistration.k8s.io": (
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingwebhookconfigurations",
    ),
    "apiextensions.k8s.io": ("customresourcedefinitions",),
    "apiregistration.k8s.io": ("apiservices",),
    "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "batch": ("cronjobs", "jobs"),
    "networking.k8s.io": ("ingresses", "networkpolicies"),
    "rbac.authorization.k8s.io": ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
    "storage.k8s.io": ("csidrivers",),
}
"""API group to plural names: the kinds that every cluster has (Kubernetes API reference, v1.36)."""

CUSTOM: dict[str, tuple[str, ...]] = {
    "argoproj.io": ("applications", "applicationsets", "appprojects", "cronworkflows", "rollouts", "workflowtemplates"),
    "bitnami.com": ("sealedsecrets",),
    "cert-manager.io": ("certificates", "clusterissuers", "issuers"),
    "cilium.io": ("ciliumclusterwidenetworkpolicies", "ciliumnetworkpolicies"),
    "crd.projectcalico.org": ("globalnetworkpolicies", "networkpolicies", "stagednetworkpolicies"),
    "external-secrets.io": (
        "clusterexternalsecrets",
        "clusterpushsecrets",
        "clustersecretstores",
        "externalsecrets",
        "pushsecrets",
        "secretstores",
    ),
    "gateway.networking.k8s.io": ("gateways",),
    "generators.external-secrets.io": (
        "clustergenerators",
        "ecrauthorizationtokens",
        "passwords",
        "vaultdynamicsecrets",
    ),
    "grafana.integreatly.org": ("grafanas",),
    "helm.toolkit.fluxcd.io": ("helmreleases",),
    "infisical.com": ("infisicalsecrets",),
    "isindir.github.com": ("sopssecrets",),
    "kafka.strimzi.io": ("kafkausers",),
    "kustomize.toolkit.fluxcd.io": ("kustomizations",),
    "kyverno.io": ("clusterpolicies", "policies"),
    "monitoring.coreos.com": ("alertmanagers", "prometheuses"),
    "networking.istio.io": ("gateways",),
    "notification.toolkit.fluxcd.io": ("providers", "receivers"),
    "onepassword.com": ("onepassworditems",),
    "policy.networking.k8s.io": (
        "adminnetworkpolicies",
        "baselineadminnetworkpolicies",
        "clusternetworkpolicies",
    ),
    "postgresql.cnpg.io": ("clusters",),
    "rabbitmq.com": ("rabbitmqclusters",),
    "secrets-store.csi.x-k8s.io": ("secretproviderclasses",),
    "secrets.doppler.com": ("dopplersecrets",),
    "secrets.hashicorp.com": (
        "hcpvaultsecretsapps",
        "vaultauths",
        "vaultconnections",
        "vaultdynamicsecrets",
        "vaultpkisecrets",
        "vaultstaticsecrets",
    ),
    "secrets.infisical.com": ("infisicalsecrets",),
    "serving.knative.dev": ("services",),
    "source.toolkit.fluxcd.io": ("buckets", "gitrepositories", "helmrepositories", "ocirepositories"),
    "spv.no": ("azurekeyvaultsecrets",),
    "traefik.io": ("ingressroutes", "tlsstores"),
    "vault.banzaicloud.com": ("vaults",),
}
"""API group to plural names: custom resources that make, store, deliver or use secrets. Read where a cluster has
them."""

MAKERS = frozenset(
    {
        ("", "podtemplates"),
        ("", "replicationcontrollers"),
        ("apps", "daemonsets"),
        ("apps", "deployments"),
        ("apps", "statefulsets"),
        ("batch", "cronjobs"),
    }
)
"""What makes pods, or makes what makes them."""

MADE = frozenset({("apps", "replicasets"), ("batch", "jobs")})
"""What a maker may have made, and what makes pods itself."""
