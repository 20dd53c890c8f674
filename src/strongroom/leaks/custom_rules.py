"""Rules that a user brings: the recognition library's YAML and TOML, and the TOML of gitleaks.

The library takes files, and reports of a bad one only that it is bad: so each rule is tried by itself to name the
culprit. TOML is converted (`strongroom.leaks.imports.gitleaks_rules`), because the library leaves out entropy and
allowlists that gitleaks has; the result is a file in a private folder for as long as the library reads it.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from strongroom.errors import SourceError, UsageError
from strongroom.leaks.imports.allowlist import Allowlist
from strongroom.leaks.imports.contract import Rule, Taken
from strongroom.leaks.imports.read import of_toml, read_text

_YAML = (".yml", ".yaml")
_SUFFIXES = (*_YAML, ".toml")
_MOST_FILES = 1000


class RuleTest(msgspec.Struct, frozen=True):
    """How one rule did on its examples.

    Attributes:
        rule: its id.
        missed: numbers of examples, from 1, in which it found nothing.
        wrong: numbers of negative examples in which it found something.
        examples, negatives: how many there are.
    """

    rule: str
    missed: tuple[int, ...]
    wrong: tuple[int, ...]
    examples: int
    negatives: int

    @property
    def passed(self) -> bool:
        """True where every example was found and no negative one; without an example nothing is proved."""
        return self.examples > 0 and not self.missed and not self.wrong


class CustomRules(msgspec.Struct, frozen=True):
    """Rules and what belongs to them.

    Attributes:
        files: YAML files that the library reads itself.
        taken: what TOML files and other scanners' files gave.
    """

    files: tuple[Path, ...] = ()
    taken: tuple[Taken, ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The converted rules; of one id the last."""
        return tuple({rule.id: rule for one in self.taken for rule in one.rules}.values())

    @contextlib.contextmanager
    def paths(self) -> Iterator[tuple[Path, ...]]:
        """Yield the files for the library; converted ones exist only inside the block."""
        if not self.rules:
            yield self.files
            return
        with tempfile.TemporaryDirectory(prefix="strongroom-rules-") as folder:  # mode 0700
            converted = Path(folder) / "converted.toml"
            converted.write_text("\n".join(rule.toml for rule in self.rules), "utf-8")
            yield (*self.files, converted)

    def allows_value(self) -> Callable[[str, str, str, str], bool]:
        """Return the test of a value by rule, secret, line and path: does an allowlist leave it out?"""
        tests = [one.matcher() for one in self._lists() if not one.of_places]
        return lambda rule, secret, line, path: any(test(rule, secret, line, path, "") for test in tests)

    def allows_place(self) -> Callable[[str, str, str], bool]:
        """Return the test of a place by rule, path and commit: is the rule switched off, or the place left out?"""
        tests = [one.matcher() for one in self._lists() if one.of_places]
        disabled = frozenset(id_ for taken in self.taken for id_ in taken.disabled)
        own = frozenset(f"custom.{rule.id}" for rule in self.rules)

        def test(rule: str, path: str, commit: str) -> bool:
            if rule not in own and rule.rpartition(".")[2] in disabled:
                return True
            return any(one(rule, "", "", path, commit) for one in tests)

        return test

    def _lists(self) -> Iterator[Allowlist]:
        return (part for taken in self.taken for one in taken.allowlists for part in one.parts())


NONE = CustomRules()


def load(paths: Iterable[Path], taken: Iterable[Taken] = ()) -> CustomRules:
    """Read rule files and folders of them, and check that the library can use each rule.

    Args:
        paths: files, or folders whose ``.yml``, ``.yaml`` and ``.toml`` files are meant.
        taken: what other scanners' files gave.

    Raises:
        SourceError: a file cannot be read.
        UsageError: a folder holds no rule, a file is no rule file, or the library cannot use a rule of it.
    """
    files: list[Path] = []
    read: list[Taken] = []
    for file in (file for path in paths for file in _files(path)):
        if file.suffix in _YAML:
            _check_yaml(file)
            files.append(file)
        else:
            made = of_toml(file, read_text(file))
            for rule in made.rules:
                if not is_usable(rule):
                    raise UsageError(
                        f"rule {rule.id} of {file} cannot be used",
                        hint="its pattern or its filter uses what the engine lacks, such as look-around",
                    )
            read.append(made)
    return CustomRules(tuple(files), (*read, *(without_unusable(one) for one in taken)))


def without_unusable(taken: Taken) -> Taken:
    """Return what was taken over without the rules that the library cannot use; they are named in ``left``."""
    good = tuple(rule for rule in taken.rules if is_usable(rule))
    bad = sorted({rule.id for rule in taken.rules} - {rule.id for rule in good})
    left = tuple(f"rule {id_}: its pattern uses what the engine lacks, such as look-around" for id_ in bad)
    return msgspec.structs.replace(taken, rules=good, left=(*taken.left, *left))


def is_usable(rule: Rule) -> bool:
    """Tell whether the library can use a converted rule."""
    from kingfisher_sdk import Rules

    with CustomRules(taken=(Taken("", "", (rule,)),)).paths() as paths:
        try:
            return len(Rules(paths, builtins=False, confidence="low", cache=False)) > 0
        except (RuntimeError, ValueError):
            return False


def run_examples(path: Path) -> list[RuleTest]:
    """Run each rule of a file against its examples.

    YAML has them in ``examples`` and ``negative_examples``; so has TOML here, though gitleaks knows none. A rule for
    some paths only is run as if each example stood in such a file.

    Raises:
        SourceError, UsageError: as `load`.
    """
    from kingfisher_sdk import Rules, Scanner

    rules = load([path])
    toml = {f"custom.{rule.id}": rule for rule in rules.rules}
    results: list[RuleTest] = []
    with rules.paths() as files:
        library = Rules(files, builtins=False, confidence="low", cache=False)
    scanner = Scanner(library)
    for entry in library.metadata():
        if not entry["visible"]:
            continue
        id_ = entry["id"]
        detail = library.detail(id_)
        found = toml[id_].found if id_ in toml else tuple(detail["examples"])
        quiet = toml[id_].quiet if id_ in toml else tuple(detail["negative_examples"])
        results.append(_tested(scanner, id_, found, quiet, detail["path"] or ""))
    if not results:
        raise UsageError(f"{path} holds no rule")
    return results


def _tested(scanner: object, id_: str, found: tuple[str, ...], quiet: tuple[str, ...], path: str) -> RuleTest:
    missed = tuple(n for n, text in enumerate(found, 1) if not _finds(scanner, id_, text, path))
    wrong = tuple(n for n, text in enumerate(quiet, 1) if _finds(scanner, id_, text, path))
    return RuleTest(id_, missed, wrong, len(found), len(quiet))


def _finds(scanner: object, id_: str, text: str, path: str) -> bool:
    from kingfisher_sdk import ScanInput, Scanner

    assert isinstance(scanner, Scanner)  # noqa: S101 - for the type checker
    source = ScanInput(path=_example_path(path), data=text.encode())
    return any(one.visible and one.rule_id == id_ for one in scanner.scan_input(source))


def _example_path(pattern: str) -> str:
    """Return a path that a rule's pattern of paths takes, for the patterns that rules have: names and suffixes."""
    from strongroom.leaks.imports.allowlist import compiled

    if not pattern:
        return "example.txt"
    wanted = compiled(pattern)
    suffixes = ("yaml", "yml", "json", "toml", "env", "properties", "ini", "cfg", "conf", "tf", "xml", "py", "js", "ts")
    names = ("values", "example", "settings", "config", ".env", "Dockerfile", ".npmrc", ".netrc", "credentials")
    for name in names:
        for path in (name, f"src/{name}", *(f"{name}.{s}" for s in suffixes), *(f"src/{name}.{s}" for s in suffixes)):
            if wanted.search(path):
                return path
    raise UsageError("a rule looks only at paths for which no example can be made", hint="test it without its path")


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        if path.suffix not in _SUFFIXES:
            raise UsageError(f"{path} is no rule file", hint=f"its name ends with {', '.join(_SUFFIXES)}")
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
    if not found:
        raise UsageError(f"{path} holds no rule file", hint=f"a name ends with {', '.join(_SUFFIXES)}")
    if len(found) > _MOST_FILES:
        raise UsageError(f"{path} holds more than {_MOST_FILES} rule files")
    return found


def _check_yaml(file: Path) -> None:
    from kingfisher_sdk import Rules

    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise SourceError(f"{file} cannot be read", hint=(error.strerror or "").lower()) from None
    try:
        count = len(Rules([file], builtins=False, confidence="low", cache=False))
    except (RuntimeError, ValueError):
        raise UsageError(
            f"{file} is no rule file that can be used",
            hint="the form is that of kingfisher's rules; a pattern may not look around",
        ) from None
    if not count:
        raise UsageError(f"{file} holds no rule")
