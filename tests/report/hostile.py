"""Reports whose names were chosen by an enemy, and reports that are large."""

from __future__ import annotations

from tests.report import factories as make

from strongroom.model.finding import Finding, Practice, Related, Severity
from strongroom.model.report import Report
from strongroom.model.secret import How, Way
from strongroom.model.skipped import Coverage, Reason

NAMES = (
    "\x1b[2J\x1b]0;owned\x07",
    "a\r\nb\tc\x00d",
    "\u202egpj.exe\u2066",
    "\x9b31m\u2028\u200b",
    "\ud800\udfff",
    "[red]markup[/red] [link=file:///etc/passwd]x[/link] :bomb:",
    "<script>alert(1)</script>&amp;\"'",
    "`code` **bold** _em_ | cell | ![i](https://evil.example/x.png) @octocat #1 <!-- -->",
    "=HYPERLINK(1)",
    "+1+cmd",
    "-2",
    "@SUM(A1)",
    "]]>",
    "%s {0} {{x}} ${y} \\",
    "\u6f22\u5b57" * 60,
    "x" * 100_000,
    "",
)


def report() -> Report:
    """Return a report in which every text that comes from input is one of `NAMES`."""
    findings = [_finding(name, index) for index, name in enumerate(NAMES)]
    secrets = [
        make.secret(
            name,
            name,
            definitions=[
                make.definition(
                    name,
                    name,
                    how=How.SECRET,
                    type=name,
                    keys=[make.key(name, name)],
                    at=make.origin(name),
                    labels={name: name},
                    annotations={name: name},
                )
            ],
            stores=[make.stored(name, property=name, key=name, refresh=name)],
            consumers=[make.consumer(name, Way.ENV, kind=name, namespace=name, container=name, key=name, target=name)],
        )
        for name in NAMES
    ]
    return make.report(
        *findings,
        secrets=secrets,
        sightings=[make.sighting(name, "one value", at=make.origin(name, field=(name,))) for name in NAMES],
        skips=[make.skipped(name, detail=name) for name in NAMES],
        coverage=Coverage(files=1, notes=NAMES),
        sources=NAMES,
    )


def _finding(name: str, index: int) -> Finding:
    place = make.origin(name, index + 1, 3, field=("data", name), inner=name, end_line=index + 1, end_column=9)
    return make.finding(
        message=f"key {name} holds a password",
        at=place,
        about=make.resource(name or "ConfigMap", name, name),
        frame=f"  {name}: ********",
        related=[Related(place, name)],
        value=name,
    )


def large(number: int) -> Report:
    """Return a report of many findings in files of fifty."""
    practices = list(Practice)
    return make.report(
        *(
            make.finding(
                f"check-{index % 7}",
                practice=practices[index % 7 % len(practices)],
                severity=list(Severity)[index % 5],
                message=f"key KEY_{index} holds a password",
                at=make.origin(f"deploy/part-{index // 50}.yaml", 1 + index % 50 * 2, 5),
                value=str(index % 100),
            )
            for index in range(number)
        ),
        skips=[make.skipped(f"deploy/bad-{index}.yaml", Reason.BAD_DOCUMENT) for index in range(number // 10)],
    )
