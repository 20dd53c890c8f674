"""``strongroom at-rest configure``: turn encryption at rest on, on one control-plane node."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.asking import YES
from strongroom.cli.at_rest.options import SERVER_OPTIONS
from strongroom.cli.common import ETCD_OPTIONS, together
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.atrest.procedures.arguments import EtcdArgument, ServerArgument


@click.command("configure")
@click.option(
    "--provider",
    type=click.Choice(["secretbox", "aesgcm", "kms"]),
    default="secretbox",
    show_default=True,
    help="What encrypts. secretbox and aesgcm get a fresh random key.",
)
@click.option(
    "--resources",
    multiple=True,
    metavar="NAME",
    help="What is encrypted: secrets, widgets.example.com, '*.example.com', '*.*'. Repeatable, or by commas.  "
    "[default: secrets]",
)
@click.option("--kms-endpoint", default="", metavar="URL", help="Socket of the KMS v2 plugin: unix:///run/....")
@click.option("--kms-name", default="strongroom", show_default=True, help="Name of the KMS v2 plugin.")
@click.option("--kms-timeout", default="", metavar="TIME", help="How long the plugin may take: 5s.")
@click.option(
    "--config",
    default="",
    metavar="PATH",
    help="The EncryptionConfiguration on the node.  [default: where the API server reads it already, else "
    "/etc/kubernetes/encryption/config.yaml]",
)
@click.option(
    "--manifest",
    "manifests",
    multiple=True,
    metavar="PATH",
    help="What starts the API server: a static pod, a ClusterConfiguration of kubeadm. Repeatable.  [default: "
    "/etc/kubernetes/manifests/kube-apiserver.yaml]",
)
@click.option("--audit-policy", is_flag=True, help="Have an audit log, and no body of a Secret in it.")
@click.option(
    "--staged/--at-once",
    default=None,
    help="Whether what is new is only read with at first, as several API servers need it.  [default: at once where "
    "etcd shows that there is one API server alone]",
)
@click.option(
    "--etcd", metavar="URL", help="etcd, to see on the way back whether a key is needed.  [default: the API server's]"
)
@together(*ETCD_OPTIONS, *SERVER_OPTIONS)
@click.option(
    "--root",
    default="/",
    show_default=True,
    type=click.Path(file_okay=False, exists=True),
    help="Folder in which the files of the node lie.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be changed.")
@YES
@click.option("--save", type=click.Path(dir_okay=False), help="Save the plan; without --yes, do nothing else.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--fingerprint-key", type=click.Path(dir_okay=False), help="File with the key for fingerprints.")
def command(**given: Any) -> int:
    """Turn encryption at rest on, or change with what, on a control-plane node.

    Writes the EncryptionConfiguration (mode 0600) with a fresh key and has the
    API server started with it; what is there stays readable. An existing
    configuration is changed in place. All of it is a plan: shown with keys
    masked, done with a journal, undone unless something needs the new key.
    With --context, --kubeconfig or --api-server it goes on until everything is
    rewritten.
    """
    from strongroom.atrest.configuring import Asked
    from strongroom.cli.plan_carrying import Carrying, carry_out
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.at_rest.configure import Node, planned, several

    now = datetime.now(UTC)
    named = tuple(part.strip() for word in given["resources"] for part in word.split(",") if part.strip())
    root, staged, etcd = Path(given["root"]).resolve(), given["staged"], _etcd(given)
    asked = Asked(
        provider=given["provider"],
        resources=named or ("secrets",),
        today=now.date(),
        config=given["config"],
        staged=several(root, given["manifests"], etcd) if staged is None else staged,
        audit=given["audit_policy"],
        name=given["kms_name"],
        endpoint=given["kms_endpoint"],
        timeout=given["kms_timeout"],
    )
    node = Node(root, given["manifests"], etcd, _server(given))
    plan = planned(asked, node, keys.load(given["fingerprint_key"]), now)
    if not plan.steps:
        click.echo(plan.summary, err=True)
        return 0
    how = Carrying(str(root), given["dry_run"], given["yes"], given["save"], given["fingerprint_key"], given["shape"])
    code = carry_out(plan, how)
    for note in plan.notes if given["yes"] else ():  # the plan was not shown, which has them
        click.echo(f"- {note}", err=True)
    return code


def _etcd(given: Mapping[str, Any]) -> EtcdArgument | None:
    from strongroom.atrest.procedures.arguments import EtcdArgument
    from strongroom.atrest.stored import Etcd
    from strongroom.sources.etcd_options import EtcdOptions

    if not given["etcd"]:
        return None
    found = EtcdOptions.given(given["etcd_cacert"], given["etcd_cert"], given["etcd_key"], os.environ)
    # The plan may be done from another folder.
    options = EtcdOptions(
        *(str(Path(name).absolute()) if name else "" for name in (found.cacert, found.cert, found.key))
    )
    return EtcdArgument.of(Etcd(f"etcd:{given['etcd']}", options))


def _server(given: Mapping[str, Any]) -> ServerArgument | None:
    from strongroom.atrest.procedures.arguments import ServerArgument

    if len(given["api_server"]) > 1:
        raise UsageError("a node has one API server", hint="--api-server names that of this node")
    url = given["api_server"][0] if given["api_server"] else ""
    if not (url or given["context"] or given["kubeconfig"]):
        return None
    kubeconfig = str(Path(given["kubeconfig"]).absolute()) if given["kubeconfig"] else None
    return ServerArgument(url or "the API server", url, given["context"], kubeconfig)
