"""``strongroom seal certificate``: what to seal with, until when, and whether a kept one is still the newest."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from strongroom.cli.root import CLEAN, FINDINGS
from strongroom.cli.seal.options import bundle, certificate_option, cluster_of, controller_options, read_input, say


@click.command("certificate")
@certificate_option
@controller_options
@click.option("-o", "--output", metavar="FILE", help="Write the certificates there.")
@click.option("--check", metavar="FILE", help="Compare with a certificate that was kept.")
def command(cert: str | None, output: str | None, check: str | None, **options: Any) -> int:
    """Fetch the certificate of the newest sealing key, and say what it is.

    Exit codes: 0 valid, 1 it expires within 30 days or has expired, or the kept
    one (--check) is not the newest any more; 2 it could not be fetched.
    """
    from strongroom.files.sealed.certificate import RENEWAL, read
    from strongroom.writing import replace_file

    found, what = bundle(cert, cluster_of(options))
    now = datetime.now(UTC)
    code = CLEAN
    newest = max(found.certificates, key=lambda one: one.since)
    for one in found.certificates:
        say(f"{one.fingerprint}  {one.key.key_size} bits  from {one.since.date()} until {one.until.date()}")
    if newest.until < now:
        say(f"{what} has expired")
        code = FINDINGS
    elif newest.expires_soon(now):
        say(f"{what} expires in {(newest.until - now).days} days")
        code = FINDINGS
    elif now - newest.since > RENEWAL:
        say("it is older than 30 days, after which the controller makes a new key unless it was told otherwise")
    if check is not None:
        kept = {one.fingerprint for one in read(read_input(check).reveal(), check).certificates}
        if newest.fingerprint not in kept:
            say(f"{check} is not the newest certificate any more")
            code = FINDINGS
    pem = b"".join(one.pem for one in found.certificates)
    if output is not None:
        replace_file(Path(output), [pem], what="certificate")
    elif check is None:
        sys.stdout.write(pem.decode())
    return code
