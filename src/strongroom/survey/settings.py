"""Read ``strongroom.toml``, or ``[tool.strongroom]`` of ``pyproject.toml``."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from strongroom.errors import UsageError
from strongroom.model.finding import Severity
from strongroom.model.imported import PREFIX as IMPORTED
from strongroom.model.leak import PREFIX as LEAK
from strongroom.model.settings import Ignore, Settings

_FILE = "strongroom.toml"


class _Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    max_secret_age_days: int | None = None
    certificate_warning_days: int | None = None
    shared_account_limit: int | None = None
    secret_reach_limit: int | None = None


class _Conventions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    name_pattern: str | None = None
    owner_labels: list[str] | None = None
    version_labels: list[str] | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """The file as it is written; see docs/configuration.md."""

    fail_on: str | None = None
    severities: dict[str, str] = {}
    ignore: list[dict[str, Any]] = []
    thresholds: _Thresholds = _Thresholds()
    conventions: _Conventions = _Conventions()


def find(start: Path) -> Path | None:
    """Return the configuration that applies in a folder: the nearest upwards, ``strongroom.toml`` before the other."""
    for folder in (start, *start.parents):
        if (folder / _FILE).is_file():
            return folder / _FILE
        project = folder / "pyproject.toml"
        if project.is_file() and _has_table(project):
            return project
        if (folder / ".git").exists():
            return None
    return None


def _has_table(project: Path) -> bool:
    try:
        return "strongroom" in tomllib.loads(project.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError):
        return False  # a broken pyproject.toml is for the tools that it configures to report


def load(path: Path | None, known_ids: frozenset[str]) -> Settings:
    """Read the settings; the defaults where there is no file.

    Args:
        path: ``strongroom.toml`` or a ``pyproject.toml``.
        known_ids: ids of checks, to refuse a misspelt one.

    Raises:
        UsageError: the file cannot be read, is not TOML, or says something that does not exist.
    """
    if path is None:
        return Settings()
    try:
        tables: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        if path.name != _FILE and "tool" in tables:
            tables = tables["tool"].get("strongroom", {})
        written = msgspec.convert(tables, _File)
    except OSError as error:
        raise UsageError(f"configuration {path} cannot be read", hint=(error.strerror or "").lower()) from None
    except (ValueError, msgspec.ValidationError) as error:
        raise UsageError(f"configuration {path} is not valid", hint=str(error).lower()) from None
    return _settings(written, path, known_ids)


def _settings(written: _File, path: Path, known_ids: frozenset[str]) -> Settings:
    changes: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for part in (written.thresholds, written.conventions)
        for name, value in msgspec.structs.asdict(part).items()
        if value is not None
    }
    if "name_pattern" in changes:
        try:
            re.compile(changes["name_pattern"])
        except re.error:
            raise UsageError(f"name-pattern in {path} is not a regular expression") from None
    if written.fail_on is not None:
        changes["fail_on"] = severity(written.fail_on, f"fail-on in {path}")
    for id_ in (*written.severities, *(str(entry.get("id", "")) for entry in written.ignore)):
        require_known(id_, known_ids, str(path))
    changes["severities"] = {
        id_: severity(text, f"severity of {id_} in {path}") for id_, text in written.severities.items()
    }
    changes["ignores"] = tuple(_ignore(entry, path) for entry in written.ignore)
    return Settings(**changes)


def severity(text: str, where: str) -> Severity:
    """Return a severity by its name.

    Raises:
        UsageError: there is none of that name.
    """
    try:
        return Severity[text.upper()]
    except KeyError:
        names = ", ".join(s.label for s in Severity)
        raise UsageError(f"{where} is not a severity", hint=f"one of {names}") from None


def require_known(id_: str, known_ids: frozenset[str], where: str) -> None:
    """Refuse the id of a check that does not exist.

    Raises:
        UsageError: with the nearest id as the hint.
    """
    if id_ in known_ids or id_.startswith((IMPORTED, LEAK)):
        return
    import difflib

    near = difflib.get_close_matches(id_, known_ids, n=1)
    hint = f"did you mean {near[0]}?" if near else "strongroom checks lists them"
    raise UsageError(f"{where} names the check {id_!r}, which does not exist", hint=hint)


def _ignore(entry: dict[str, Any], path: Path) -> Ignore:
    expires = entry.get("expires", "")
    text = {**entry, "expires": expires.isoformat() if isinstance(expires, date) else expires}
    try:
        ignore = msgspec.convert(text, Ignore, strict=True)
        if ignore.expires:
            date.fromisoformat(ignore.expires)
    except (ValueError, msgspec.ValidationError):
        ignore = None
    if ignore is None or set(entry) - set(Ignore.__struct_fields__) or not ignore.reason.strip():
        raise UsageError(
            f"an ignore in {path} is not valid",
            hint="id and reason are needed; path, resource and expires (YYYY-MM-DD) are possible",
        )
    return ignore
