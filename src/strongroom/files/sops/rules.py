"""Which rule of ``.sops.yaml`` holds for a file, as sops finds it.

https://getsops.io/docs/#using-sops-yaml-conf-to-select-kms-pgp-and-age-for-new-files. The file is searched for from the
working folder upwards, not from the folder of the file that is encrypted; ``path_regex`` is searched for in the path
relative to the folder of ``.sops.yaml``; the first rule that matches counts; where there are rules and none
matches, that is an error even if the command line names keys.

Ours differs from sops in three places, each time by being stricter or plainer: a Kubernetes Secret without any rule is
encrypted in ``data`` and ``stringData`` alone; a rule without keys is refused; a ``path_regex`` of
``destination_rules`` that is no regular expression is an error instead of one that never matches.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from strongroom.errors import DocumentError, UsageError
from strongroom.files.sops.config import KEY_FIELDS, Config, CreationRule, DestinationRule, KeyGroup, read
from strongroom.files.sops.rule import Rule
from strongroom.files.sops.selection import MATCHERS, Selection, effective, matcher
from strongroom.keys.key import MasterKey
from strongroom.keys.kinds import kind_of

VARIABLE = "SOPS_CONFIG"
NAME = ".sops.yaml"
OTHER_NAME = ".sops.yml"
SECRETS_SELECTION = Selection(encrypted_regex="^(data|stringData)$")
"""What is encrypted of Kubernetes Secrets where no rule says."""

_HIGHEST = 100  # folders upwards
_KINDS = {
    "age": "age",
    "pgp": "pgp",
    "kms": "kms",
    "gcp_kms": "gcp_kms",
    "azure_keyvault": "azure_kv",
    "hc_vault_transit_uri": "hc_vault",
    "hc_vault": "hc_vault",
}
"""Field of ``.sops.yaml`` to kind of key."""


class Asked(NamedTuple):
    """What a command line asks; it goes before what a rule says.

    Attributes:
        keys: kind of key and list of keys as text; any of them takes the place of all keys of the rule.
        aws_profile, encryption_context: of the keys of AWS KMS among these.
        format: id of the format of the file; ``binary`` has no selection.
        manifest: the file is a Kubernetes manifest with a Secret.
        indent: None where nothing is asked.
    """

    keys: tuple[tuple[str, str], ...] = ()
    aws_profile: str = ""
    encryption_context: str = ""
    shamir_threshold: int = 0
    selection: Selection = Selection()
    format: str = "yaml"
    manifest: bool = False
    indent: int | None = None


NOTHING_ASKED = Asked()


class Found(NamedTuple):
    """A configuration; ``ignored`` is a ``.sops.yml`` that was passed over on the way, which people should be told."""

    path: Path | None
    ignored: Path | None = None


class Destination(NamedTuple):
    """Where `strongroom file publish` puts a file.

    Attributes:
        kind: ``s3``, ``gcs`` or ``vault``.
        options: the fields of the rule that are set, under sops' names without the prefix of the kind: ``bucket``.
        omit_extensions: publish under the name without its suffix.
        recreation: the rule under which the file is encrypted anew; None where it stays as it is.
    """

    kind: str
    options: Mapping[str, str]
    omit_extensions: bool
    recreation: Rule | None


def find(start: Path, environment: Mapping[str, str]) -> Path | None:
    """Return the configuration that holds in a folder: that of ``SOPS_CONFIG``, else the nearest upwards."""
    return look_up(start, environment).path


def look_up(start: Path, environment: Mapping[str, str]) -> Found:
    """Return what `find` returns, and what it passed over."""
    if environment.get(VARIABLE):
        return Found(absolute(Path(environment[VARIABLE]), environment))
    folder = absolute(start, environment)
    ignored = None
    for place in (folder, *folder.parents)[:_HIGHEST]:
        if os.path.exists(place / NAME):  # noqa: PTH110 - Path.exists() raises below a closed folder
            return Found(place / NAME, ignored)
        if ignored is None and os.path.exists(place / OTHER_NAME):  # noqa: PTH110
            ignored = place / OTHER_NAME
    return Found(None, ignored)


def absolute(path: Path, environment: Mapping[str, str]) -> Path:
    """Return a path from the root, as Go does: through ``PWD``, which may lead over links, where it is the folder."""
    here = environment.get("PWD", "")
    try:
        if not (here.startswith("/") and os.path.samefile(here, ".")):  # noqa: PTH121 - a text, not a path
            here = os.getcwd()  # noqa: PTH109
    except OSError:
        here = os.getcwd()  # noqa: PTH109
    return Path(os.path.normpath(os.path.join(here, path)))  # noqa: PTH118 - normpath, as Go, without asking the disk


def rule_for(file: Path, config: Path | None, environment: Mapping[str, str], asked: Asked = NOTHING_ASKED) -> Rule:
    """Return who can open a new file and what of it is encrypted.

    Args:
        file: the file, or the name under which the rules are asked; it need not be there.
        config: the ``.sops.yaml``, from `find` or an option; None where there is none.
        environment: of the process, for ``PWD``.
        asked: what the command line asks.

    Raises:
        UsageError: no rule matches, no key is named, or options exclude each other.
        DocumentError: the configuration cannot be read.
    """
    settings = read(config) if config is not None else Config(None, (), {})
    name, number, rule = "", 0, None
    if config is not None and settings.creation_rules is not None:
        name = _relative(file, config, environment)
        number, rule = _matching(settings.creation_rules, name, config)
    chosen, by_default = _selection(asked, rule)
    # What is wrong with the keys of the rule is an error even if others are asked for.
    groups = _groups(rule, config) if rule is not None else ()
    if asked.keys:
        groups = (asked_keys(asked.keys, asked.aws_profile, asked.encryption_context),)
    if not groups or not all(groups):
        raise _no_keys(file, config, rule, groups)
    threshold = asked.shamir_threshold or (rule.shamir_threshold if rule is not None else 0)
    return Rule(
        groups=groups,
        shamir_threshold=_threshold(threshold, len(groups)),
        selection=chosen,
        indent=max(0, settings.indents.get(asked.format, 0) if asked.indent is None else asked.indent),
        origin=f"{config}, rule {number}" if number else "",
        by_default=by_default,
    )


def destination_for(file: Path, config: Path) -> Destination:
    """Return where a file is published.

    Args:
        file: the file as the user names it: sops asks ``path_regex`` of ``destination_rules`` about that.
        config: the ``.sops.yaml``.

    Raises:
        UsageError: no rule matches, or the one that does names several places, or none.
        DocumentError: the configuration cannot be read.
    """
    settings = read(config)
    for number, rule in enumerate(settings.destination_rules, 1):
        pattern = rule.texts.get("path_regex", "")
        if not pattern or _matches(pattern, str(file), f"destination rule {number} of {config}"):
            return _destination(rule, number, config)
    raise UsageError(f"no destination rule of {config} matches {file}", hint="destination_rules names one")


def _destination(rule: DestinationRule, number: int, config: Path) -> Destination:
    places = {"s3_bucket": "s3", "gcs_bucket": "gcs", "vault_path": "vault"}
    kinds = [kind for field, kind in places.items() if rule.texts.get(field)]
    if len(kinds) != 1:
        count = "several places" if kinds else "no place"
        raise UsageError(f"destination rule {number} of {config} names {count}", hint=f"one of {', '.join(places)}")
    prefix = f"{kinds[0]}_"
    options = {name.removeprefix(prefix): text for name, text in rule.texts.items() if name.startswith(prefix) and text}
    if kinds[0] == "vault" and rule.vault_kv_version:
        options["kv_version"] = str(rule.vault_kv_version)
    origin = f"{config}, destination rule {number}"
    groups = _groups(rule.recreation, config)
    recreation = None
    if any(groups):
        threshold = _threshold(rule.recreation.shamir_threshold, len(groups))
        recreation = Rule(groups, threshold, effective(rule.recreation.selection), 0, origin)
    return Destination(kinds[0], options, rule.omit_extensions, recreation)


def _relative(file: Path, config: Path, environment: Mapping[str, str]) -> str:
    path = str(absolute(file, environment))
    # At the root, sops looks for "//" in front, finds none, and takes the whole path.
    return path.removeprefix(f"{absolute(config, environment).parent}/")


def _matching(rules: tuple[CreationRule, ...], name: str, config: Path) -> tuple[int, CreationRule]:
    for number, rule in enumerate(rules, 1):
        if not rule.path_regex or _matches(rule.path_regex, name, f"creation rule {number} of {config}"):
            return number, rule
    raise UsageError(f"no creation rule of {config} matches {name}", hint="add one, or name another file with --config")


def _matches(pattern: str, text: str, where: str) -> bool:
    """Search as Go's ``regexp`` does, whose syntax is RE2's (https://github.com/google/re2/wiki/Syntax)."""
    # What is not UTF-8 in a name, Go's engine takes byte by byte for the replacement character.
    readable = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    try:
        return matcher(pattern)(readable)
    except UsageError:
        raise UsageError(f"path_regex of {where} cannot be read", hint="the syntax is that of RE2") from None


def _selection(asked: Asked, rule: CreationRule | None) -> tuple[Selection, bool]:
    """Return what is encrypted, and whether that is our own default."""
    if asked.format == "binary":
        effective(rule.selection if rule is not None else asked.selection)
        return Selection(), False
    given = asked.selection
    if rule is not None:
        given = Selection._make(mine or theirs for mine, theirs in zip(given, rule.selection, strict=True))
    if rule is None and asked.manifest and not any(given[: len(MATCHERS)]):
        return SECRETS_SELECTION._replace(mac_only_encrypted=given.mac_only_encrypted), True
    return effective(given), False


def _threshold(asked: int, groups: int) -> int:
    """Return how many groups are needed: all of several, where nothing is said."""
    if asked < 0 or (groups > 1 and asked > groups):
        raise UsageError(f"a threshold of {asked} cannot be reached by {groups} key groups")
    if groups > 1 and asked == 1:
        # Shamir's scheme of sops has no shares of which one is enough.
        raise UsageError(f"of {groups} key groups at least 2 must be needed", hint="shamir_threshold: 2, or one group")
    return asked if asked or groups == 1 else groups


def asked_keys(texts: Sequence[tuple[str, str]], profile: str = "", context: str = "") -> tuple[MasterKey, ...]:
    """Return the keys that options name.

    Args:
        texts: kind of key and list of keys as text.
        profile: the profile of AWS for those of its KMS.
        context: their encryption context, ``name:value,name:value``.

    Raises:
        UsageError: one of them is no key.
    """
    named = _context(context)
    keys: list[MasterKey] = []
    for kind_id, text in texts:
        found = kind_of(kind_id).parse(text)
        keys += _with_aws(found, profile, named) if kind_id == "kms" else found
    return tuple(keys)


def _context(text: str) -> dict[str, str]:
    """Read ``name:value,name:value``."""
    pairs = [piece.split(":") for piece in text.split(",")] if text else []
    if any(len(pair) != 2 for pair in pairs):
        raise UsageError("--encryption-context is not of the form name:value,name:value")
    return {pair[0]: pair[1] for pair in pairs}


def _with_aws(keys: tuple[MasterKey, ...], profile: str, context: Mapping[str, str]) -> tuple[MasterKey, ...]:
    if not profile and not context:
        return keys
    from strongroom.keys.aws_kms import with_options

    return with_options(keys, context, profile)


def _groups(rule: CreationRule, config: Path | None) -> tuple[tuple[MasterKey, ...], ...]:
    if rule.key_groups:
        return tuple(tuple(dict.fromkeys(_merged(group))) for group in rule.key_groups)
    keys: list[MasterKey] = []
    for field in KEY_FIELDS:
        text = ",".join(_listed(rule.keys.get(field), field, config))
        if text:
            found = kind_of(_KINDS[field]).parse(text)
            keys += _with_aws(found, rule.aws_profile, {}) if field == "kms" else found
    return (tuple(keys),)


def _merged(group: KeyGroup) -> Iterator[MasterKey]:
    for inner in group.merge:
        yield from dict.fromkeys(_merged(inner))
    for field, entry in group.keys:
        yield from kind_of(_KINDS[field]).from_rule(entry)


def _listed(given: Any, field: str, config: Path | None) -> list[str]:
    if given is None:
        return []
    if isinstance(given, str):
        return [piece.strip() for piece in given.split(",") if piece.strip()]
    if isinstance(given, list) and all(isinstance(one, str) for one in given):
        return given
    raise DocumentError(f"{field} in {config} is neither a text nor a list of texts")


def _no_keys(
    file: Path, config: Path | None, rule: CreationRule | None, groups: tuple[tuple[MasterKey, ...], ...]
) -> UsageError:
    if any(groups):
        # sops would encrypt, and lose the share of that group.
        return UsageError(f"a key group of {config} for {file} names no key")
    if rule is not None:
        return UsageError(f"the rule of {config} for {file} names no key", hint="age: with a recipient names one")
    return UsageError(
        f"nothing says who can open {file}",
        hint="strongroom file init makes a key and a .sops.yaml; --age names a recipient",
    )
