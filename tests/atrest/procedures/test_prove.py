"""What a proof says of objects that do not lie as they shall."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.atrest.told import NEW, OLD, Telling, telling

from strongroom.atrest.expected import Expected
from strongroom.atrest.procedures.arguments import EtcdArgument
from strongroom.atrest.procedures.prove import PROCEDURE, Proof, prove
from strongroom.atrest.stored import StoredObject
from strongroom.errors import PlanError
from strongroom.model.controlplane import StoredAs

RULE = Expected(("secrets",), "secretbox", "new")


def test_nothing_astray() -> None:
    """Where every object lies as it shall, there is nothing to say."""
    prove([])


def test_counted_and_named() -> None:
    """All are counted by how they lie, and the first ones are named."""
    plain = [StoredObject("secrets", f"shop/p{number}", StoredAs("identity"), 1) for number in range(7)]
    old = [StoredObject("configmaps", "shop/c", StoredAs("secretbox", "old"), 1)]
    with pytest.raises(PlanError, match="7 secrets in plain text, 1 configmaps under secretbox old") as refused:
        prove([*plain, *old])
    assert "secrets shop/p0" in str(refused.value.hint)
    assert "shop/p6" not in str(refused.value.hint)


def test_servers_first(tmp_path: Path) -> None:
    """A server that no longer works with the file spoils the proof, whatever lies in etcd."""
    with telling(tmp_path, Telling("one", OLD)) as servers:
        proof = Proof(EtcdArgument("etcd:http://127.0.0.1:1"), (RULE,), tuple(servers), NEW)
        with pytest.raises(PlanError, match="one does not work with the file"):
            PROCEDURE.do(msgspec.to_builtins(proof), lambda _: None)


def test_arguments() -> None:
    """A proof of nothing is refused; what is proved is shown."""
    with pytest.raises(PlanError, match="proves nothing"):
        PROCEDURE.check(msgspec.to_builtins(Proof(EtcdArgument("etcd:x"), ())))
    lines = PROCEDURE.said(msgspec.to_builtins(Proof(EtcdArgument("etcd:https://e:2379"), (RULE,))))
    assert lines == (
        "read https://e:2379, and stop unless every object lies as it shall:",
        "  secrets: secretbox new",
    )
