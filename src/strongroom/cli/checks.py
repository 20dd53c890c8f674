"""``strongroom checks``: what is checked."""

from __future__ import annotations

import click

from strongroom.cli.root import CLEAN


@click.command("checks")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(shape: str) -> int:
    """List the checks, by practice."""
    from strongroom.model.finding import Audience, Practice
    from strongroom.posture.checks import CHECKS

    if shape == "json":
        import msgspec

        rows = [
            {
                "id": check.id,
                "title": check.title,
                "practice": check.practice.value,
                "severity": check.severity.label,
                "confidence": check.confidence.label,
                "audience": check.audience.value,
                "standards": list(check.standards),
            }
            for check in sorted(CHECKS, key=lambda check: check.id)
        ]
        click.echo(msgspec.json.format(msgspec.json.encode({"version": 1, "checks": rows})).decode())
        return CLEAN
    for practice in Practice:
        chosen = sorted((c for c in CHECKS if c.practice is practice), key=lambda c: (-c.severity, c.id))
        if chosen:
            click.echo(f"\n{practice.title}\n")
        for check in chosen:
            mark = "  (pedantic)" if check.audience is Audience.PEDANTIC else ""
            click.echo(f"  {check.severity.label:<9} {check.id}{mark}")
    click.echo(f"\n{len(CHECKS)} checks. strongroom explain ID shows the page of one.")
    return CLEAN
