"""``strongroom seal``: one-way sealing; one module per subcommand, loaded when it is called."""

from __future__ import annotations

import click

from strongroom.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "secret": "Seal Secrets, or one value with --raw; seal FILE means the same",
    "validate": "Check that every value can be opened, here or by the controller",
    "status": "Which sealing key each value was made with, how old it is",
    "renew": "Seal a tree anew under the newest key",
    "recover": "Open SealedSecrets with exported keys",
    "certificate": "Fetch and show the certificate to seal with",
}
"""Subcommand to its line of help."""


@click.group(
    "seal",
    cls=LazyGroup,
    package=__name__,
    table=SUBCOMMANDS,
    default="secret",
    epilog="strongroom seal secret --help shows the options of sealing.",
)
def command() -> None:
    """Seal Secrets so that only the cluster can open them.

    strongroom seal FILE turns Secrets into SealedSecrets of the Sealed Secrets
    controller (bitnami.com/v1alpha1): anybody can seal with its certificate, and
    nobody but the controller can open. FILE is a manifest, or - for standard
    input.
    """
