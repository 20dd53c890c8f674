"""``strongroom install``: what a cluster needs for Strongroom."""

from __future__ import annotations

import click

from strongroom.cli.root import CLEAN
from strongroom.errors import UsageError

_VARIANTS = ("none", "metadata", "values")
_NOTES = {
    "none": "Without Secrets: where they are used and who may reach them is seen, not what is there.",
    "metadata": "With Secrets. RBAC has no permission for metadata alone: this account could read the values too,\n"
    "# and strongroom audit does not ask for them. --variant none leaves Secrets out.",
    "values": "With Secrets and their values, for strongroom audit --values.",
}


@click.command("install")
@click.option("--rbac", type=click.Choice(["audit"]), help="Render the least role that a command needs.")
@click.option(
    "--variant", type=click.Choice(_VARIANTS), default="metadata", show_default=True, help="How far it reaches Secrets."
)
@click.option("--name", default="strongroom-audit", show_default=True, help="The account's and the role's name.")
@click.option("--account-namespace", default="strongroom", show_default=True, help="The account's namespace.")
@click.option(
    "-n", "--namespace", multiple=True, help="Only this namespace may be read, through a Role in it; repeatable."
)
def command(rbac: str | None, variant: str, name: str, account_namespace: str, namespace: tuple[str, ...]) -> int:
    """Render what runs, or is needed, in a cluster; nothing is applied.

    strongroom install --rbac audit | kubectl apply -f -
    """
    if rbac is None:
        raise UsageError("install has nothing to render", hint="strongroom install --rbac audit")
    import yaml

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
