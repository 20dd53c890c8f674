"""``strongroom install``: what a cluster needs for Strongroom."""

from __future__ import annotations

import click

from strongroom.cli.lazy import LazyGroup
from strongroom.cli.root import CLEAN
from strongroom.errors import UsageError

SUBCOMMANDS = {"kms-plugin": "Render how a KMS v2 plugin runs: static pod, systemd unit, EncryptionConfiguration"}
"""Subcommand to its line of help."""

_VARIANTS = ("none", "metadata", "values")
_NOTES = {
    "none": "Without Secrets: where they are used and who may reach them is seen, not what is there.",
    "metadata": "With Secrets. RBAC has no permission for metadata alone: this account could read the values too,\n"
    "# and strongroom audit does not ask for them. --variant none leaves Secrets out.",
    "values": "With Secrets and their values, for strongroom audit --values.",
}


@click.group("install", cls=LazyGroup, package=__name__, table=SUBCOMMANDS, invoke_without_command=True)
@click.option(
    "--rbac", type=click.Choice(["audit", "backup", "at-rest"]), help="Render the least role that a command needs."
)
@click.option(
    "--variant", type=click.Choice(_VARIANTS), default="metadata", show_default=True, help="How far it reaches Secrets."
)
@click.option(
    "--name", default="", help="The account's and the role's name.  [default: strongroom-audit, -backup, -at-rest]"
)
@click.option("--account-namespace", default="strongroom", show_default=True, help="The account's namespace.")
@click.option(
    "-n", "--namespace", multiple=True, help="Only this namespace may be read, through a Role in it. Repeatable."
)
@click.option(
    "--resource",
    multiple=True,
    metavar="NAME",
    help="For at-rest: what is encrypted, such as widgets.example.com. Repeatable.  [default: secrets]",
)
@click.option("--read-only", is_flag=True, help="For at-rest: status and verify only; nothing may be rewritten.")
@click.pass_context
def command(
    context: click.Context,
    rbac: str | None,
    variant: str,
    name: str,
    account_namespace: str,
    namespace: tuple[str, ...],
    resource: tuple[str, ...],
    read_only: bool,
) -> int:
    """Render what runs, or is needed, in a cluster; nothing is applied.

    strongroom install --rbac audit | kubectl apply -f -
    """
    if context.invoked_subcommand is not None:
        return CLEAN
    if rbac is None:
        raise UsageError(
            "install has nothing to render", hint="strongroom install --rbac audit, strongroom install kms-plugin"
        )
    if rbac != "at-rest" and (resource or read_only):
        raise UsageError("--resource and --read-only are of --rbac at-rest", hint="leave them out")
    import yaml

    name = name or f"strongroom-{rbac}"
    if rbac == "backup":
        return _backup(name, account_namespace, namespace)
    if rbac == "at-rest":
        if namespace:
            raise UsageError("encryption at rest is of the whole cluster", hint="leave --namespace out")
        return _at_rest(name, account_namespace, resource or ("secrets",), read_only=read_only)

    from strongroom.sources.cluster_role import Reach, objects, out_of_reach

    click.echo(f"# What strongroom audit needs to read a cluster.\n# {_NOTES[variant]}")
    only = tuple(dict.fromkeys(namespace))
    if only:
        chosen = " ".join(f"-n {one}" for one in only)
        click.echo(
            f"# For: strongroom audit cluster {chosen}\n# A Role reaches nothing outside of its namespace. Not read:"
        )
        click.echo("".join(f"#   {kind}\n" for kind in out_of_reach()), nl=False)
    for one in objects(Reach(variant), name, account_namespace, only):
        click.echo("---\n" + yaml.safe_dump(one, sort_keys=False, default_flow_style=False), nl=False)
    return CLEAN


def _backup(name: str, account_namespace: str, namespaces: tuple[str, ...]) -> int:
    import yaml

    from strongroom.atrest.backup_role import objects

    only = tuple(dict.fromkeys(namespaces))
    chosen = "".join(f" -n {one}" for one in only)
    click.echo(f"# What strongroom at-rest backup{chosen} needs: it reads the values of Secrets, and writes nothing.")
    for one in objects(name, account_namespace, only):
        click.echo("---\n" + yaml.safe_dump(one, sort_keys=False, default_flow_style=False), nl=False)
    return CLEAN


def _at_rest(name: str, account_namespace: str, resources: tuple[str, ...], *, read_only: bool) -> int:
    import yaml

    from strongroom.atrest.rotation_role import objects

    rendered = [
        yaml.safe_dump(one, sort_keys=False, default_flow_style=False)
        for one in objects(name, account_namespace, resources, rewrite=not read_only)
    ]
    what = "status and verify" if read_only else "status, verify and rotate"
    click.echo(
        f"# What strongroom at-rest {what} need of the API servers. They ask for metadata only; RBAC has no\n"
        "# permission for that alone: this account could read the values too."
    )
    click.echo("".join(f"---\n{one}" for one in rendered), nl=False)
    return CLEAN
