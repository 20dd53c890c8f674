"""The options at the end of a key's URI: ``?name=value&name=value``, none of which is a secret."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl

from strongroom.errors import UsageError


def split(uri: str, scheme: str, known: Collection[str]) -> tuple[str, Mapping[str, str]]:
    """Return what stands between the scheme and the options, and the options.

    Args:
        uri: begins with the scheme and a colon.
        scheme: of the kind.
        known: names of options; one that ends in a dot begins names: ``context.``.

    Raises:
        UsageError: an option is not known, has no value, or stands there twice.
    """
    body, mark, query = uri.removeprefix(f"{scheme}:").partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict") if query else []
    except ValueError:
        raise UsageError(f"the options of a key of {scheme} are not NAME=VALUE&NAME=VALUE") from None
    names = [name for name, _ in pairs]
    begun = tuple(name for name in known if name.endswith("."))
    for name, value in pairs:
        if name in begun or not (name in known or name.startswith(begun)):
            raise UsageError(
                f"a key of {scheme} has an option that is not known",
                hint="known are " + ", ".join(sorted(known)) if known else "it takes none",
            )
        if not value or not value.isprintable() or names.count(name) > 1:
            raise UsageError(f"the option {name} of a key of {scheme} is empty, not printable, or given twice")
    if not body.isprintable() or (mark and not query):
        raise UsageError(f"the URI of a key of {scheme} is none")
    return body, dict(pairs)
