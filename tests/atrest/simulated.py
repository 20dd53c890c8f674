"""A cluster that is only bookkeeping: which file each API server works with, and under which key each object lies.

A plan is done to it by the real machine of plans, with real files; the procedures work on the bookkeeping. Whenever the
plan reaches the disk or a procedure does something, other things happen too: servers load their file, objects are
written and deleted, and the machine may be killed.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from strongroom.atrest.configuration import Configuration, KeyRef, Provider, parse
from strongroom.atrest.expected import Expected
from strongroom.atrest.rotation import Facts, Secrecy, steps
from strongroom.atrest.servers import Server, config_hash
from strongroom.atrest.stored import Etcd
from strongroom.crypto.plan_values import seal
from strongroom.errors import PlanError
from strongroom.model.plan import Plan, PlanStep
from strongroom.model.procedure import Procedure
from strongroom.plans.apply import Doing
from strongroom.plans.saved import key_id

KEY = b"k" * 32
SERVERS = 3


def fast_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder in memory where there is such a place: what is lost with the power is no matter here."""
    memory = Path("/dev/shm")  # noqa: S108 - of a test, and private
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)


class Killed(BaseException):
    """The machine was killed."""


class World:
    """The cluster.

    Args:
        folder: for the files and the journals.
        text: the file that all API servers work with at first.
        seed: decides what happens meanwhile.
    """

    def __init__(self, folder: Path, text: bytes, seed: int) -> None:
        self.root, self.state = folder / "hosts", folder / "state"
        self.chance = random.Random(seed)  # noqa: S311 - a history that can be repeated
        self.files = tuple(f"{number}/encryption.yaml" for number in range(SERVERS))
        for file in self.files:
            (self.root / file).parent.mkdir(parents=True)
            (self.root / file).write_bytes(text)
        self.before = parse(text, "the file")
        self.loaded = [self.before] * SERVERS
        self.objects = dict.fromkeys("abcdef", self.before.rules[0].writer)
        self.left: int | None = None
        self.plan: Plan | None = None

    def planned(self, new: Provider | None, change: Callable[[tuple[PlanStep, ...]], tuple[PlanStep, ...]]) -> Plan:
        """Make the plan of a rotation, with ``change`` made to its steps."""
        facts = Facts(
            self.before,
            frozenset({0}),
            self.files,
            tuple(Server(str(number)) for number in range(SERVERS)),
            Etcd("etcd:https://127.0.0.1:2379"),
        )
        made = change(steps(facts, new, Secrecy(partial(seal, key=KEY), KEY)))
        self.plan = Plan(tool="t", created="c", key_id=key_id(KEY), summary="s", steps=made)
        return self.plan

    def doing(self, kill_after: int | None) -> Doing:
        """Return the machine, which is killed after so many things happened."""
        assert self.plan is not None
        self.left = kill_after
        return Doing(self.plan, self.root, KEY, self.state, lambda _: self.meanwhile(), self.procedure)

    def meanwhile(self) -> None:
        """Let something else happen, see that every server can read everything, and maybe be killed."""
        for _ in range(self.chance.randrange(4)):
            number = self.chance.randrange(SERVERS)
            what = self.chance.randrange(12)
            if what == 0:
                self.load(number)
            elif what < 9:
                self.objects[self.chance.choice("abcdefgh")] = self.loaded[number].rules[0].writer
            elif len(self.objects) > 1:
                del self.objects[self.chance.choice(sorted(self.objects))]
            self.check()
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed

    def load(self, number: int) -> None:
        """Let a server take its file."""
        path = self.root / self.files[number]
        self.loaded[number] = parse(path.read_bytes(), str(path))

    def check(self) -> None:
        """See that every server can read every object.

        Raises:
            AssertionError: one cannot.
        """
        for number, configuration in enumerate(self.loaded):
            for name, key in self.objects.items():
                assert key in configuration.rules[0].readers, f"server {number} cannot read {name} under {key.show()}"

    def procedure(self, name: str) -> Procedure:
        """Return a procedure that works on this world."""

        def nothing(*_: Any) -> None:
            self.meanwhile()

        do, undo = {
            "wait-until-loaded": (
                lambda told, _: self.wait({told["hash"]}),
                lambda told, _: self.wait({told["hash"], told["before"]}),
            ),
            "rewrite": (lambda told, _: self.rewrite(told["rules"]), nothing),
            "prove": (lambda told, _: self.prove(told["rules"]), nothing),
            "keep-readable": (nothing, lambda told, _: self.take_back(told)),
        }[name]
        return Procedure(name, lambda _: (), lambda _: None, do, lambda _: None, undo)

    def wait(self, wanted: set[str]) -> None:
        """Wait as the procedure does: servers load their files by and by."""
        while True:
            self.meanwhile()
            behind = [n for n, one in enumerate(self.loaded) if config_hash(one.text.reveal()) not in wanted]
            if not behind:
                return
            files = {config_hash((self.root / file).read_bytes()) for file in self.files}
            if not files & wanted:
                raise PlanError("nobody will ever load that")
            self.load(self.chance.choice(behind))
            self.check()

    def rewrite(self, rules: list[dict[str, Any]]) -> None:
        """Rewrite everything through one of the servers, the first one that the plan names."""
        for name in list(self.objects):
            self.meanwhile()
            if name in self.objects:
                self.objects[name] = self.loaded[0].rules[0].writer
        assert rules

    def prove(self, rules: list[dict[str, Any]]) -> None:
        """Refuse where an object lies under another key than the rule says."""
        self.meanwhile()
        if astray := [name for name, key in self.objects.items() if not _met(rules[0], key)]:
            raise PlanError(f"{astray} are not as they shall be")

    def take_back(self, told: dict[str, Any]) -> None:
        """Do what keep-readable does on the way back."""
        if any(_met(told["new"][0], key) for key in self.objects.values()):
            self.rewrite(told["former"])
        self.meanwhile()
        if any(_met(told["new"][0], key) for key in self.objects.values()):
            raise PlanError("something needs the new key")

    @property
    def now(self) -> Configuration:
        """What the files say, which all say the same."""
        first, *others = {(self.root / file).read_bytes() for file in self.files}
        assert not others
        return parse(first, "the file")


def _met(rule: dict[str, Any], key: KeyRef) -> bool:
    expected = Expected(tuple(rule["resources"]), rule["provider"], rule["key"])
    return (expected.provider.removesuffix(" v2"), expected.key) == (key.kind, key.name)
