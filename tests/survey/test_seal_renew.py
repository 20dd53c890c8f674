"""A tree is sealed anew as a plan."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from tests.support.sealing_keys import BEGIN, Pair, pair

from strongroom.errors import ClusterError
from strongroom.files.sealed import private_keys
from strongroom.files.sealed.emit import as_json, as_yaml
from strongroom.files.sealed.known import Known
from strongroom.files.sealed.opening import open_all
from strongroom.files.sealed.scope import Scope
from strongroom.files.sealed.sealed import SealedSecret, read_sealed
from strongroom.files.sealed.sealing import sealed_body
from strongroom.files.sealed.secrets import PlainSecret
from strongroom.model.plaintext import Plaintext
from strongroom.plans.apply import Doing
from strongroom.survey.seal_renew import Renewal, offline, renewal
from strongroom.survey.seal_tree import sealed_files

OLD, NEW = pair(0), pair(1, BEGIN + timedelta(days=30))
KEY = b"k" * 32


def body(by: Pair, scope: Scope = Scope.STRICT, name: str = "db") -> dict[str, object]:
    """A SealedSecret with two values."""
    values = {"user": Plaintext("app"), "password": Plaintext("hunter2")}
    return sealed_body(PlainSecret(name, "shop", values, type="Opaque"), by.key.public_key(), scope)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Write a tree: YAML with comments and every scope, a JSON List, one that is new already, one of another cluster."""
    root = tmp_path / "tree"
    (root / "apps").mkdir(parents=True)
    scopes = "".join(as_yaml(body(OLD, scope, f"db-{scope.value}")) for scope in Scope)
    (root / "apps" / "scopes.yaml").write_text("# mine\n" + scopes + "---\nkind: ConfigMap  # and this\n")
    items = [body(OLD, name="one"), body(NEW, name="two")]
    (root / "list.json").write_text(as_json({"apiVersion": "v1", "kind": "List", "items": items}))
    (root / "new.yaml").write_text(as_yaml(body(NEW)))
    (root / "other.yaml").write_text(as_yaml(body(pair(2))))
    return root


def renewed(tree: Path, known: Known) -> Renewal:
    """Make the plan."""
    keys = private_keys.together([private_keys.read(Plaintext(one.private), "k") for one in (OLD, NEW)])
    files = sealed_files((str(path.relative_to(tree)), path) for path in sorted(tree.rglob("*.*")))
    return renewal(files, offline(keys, NEW.key.public_key(), NEW.fingerprint, known), tree, KEY)


def made_by(path: Path, key: Pair) -> list[bool]:
    """Whether each object of a file is opened by a key alone, with the right values."""
    keys = private_keys.together([private_keys.read(Plaintext(key.private), "k")])
    found = []
    for sealed in read_sealed(path.read_bytes(), "f"):
        values = {name: one.value.reveal() for name, one in open_all(sealed, keys).items()}
        found.append(values == {"user": b"app", "password": b"hunter2"})
    return found


def test_everything_under_the_newest_key(tree: Path, tmp_path: Path) -> None:
    """What is under an older key is sealed anew, with its scope; what is new or of another cluster stays."""
    known = Known(tmp_path / "known", KEY)
    untouched = {name: (tree / name).read_bytes() for name in ("new.yaml", "other.yaml")}
    found = renewed(tree, known)

    assert (found.values, found.kept) == (8, 4)
    assert [one.split(":")[0] for one in found.failed] == ["other.yaml"]
    assert [change.path for change in found.plan.files] == ["apps/scopes.yaml", "list.json"]
    assert Doing(found.plan, tree, KEY, tmp_path / "state").apply() == 2
    assert made_by(tree / "apps" / "scopes.yaml", NEW) == [True] * 3
    assert made_by(tree / "list.json", NEW) == [True] * 2
    assert {name: (tree / name).read_bytes() for name in untouched} == untouched
    scopes = [sealed.scope for sealed in read_sealed((tree / "apps" / "scopes.yaml").read_bytes(), "f")]
    assert scopes == [*Scope]


def test_only_ciphertexts_change(tree: Path, tmp_path: Path) -> None:
    """Comments, order and everything else stay byte for byte."""
    path = tree / "apps" / "scopes.yaml"
    before = path.read_text()
    Doing(renewed(tree, Known(tmp_path / "known", KEY)).plan, tree, KEY, tmp_path / "state").apply()
    pairs = [(a, b) for a, b in zip(before.splitlines(), path.read_text().splitlines(), strict=True) if a != b]

    assert len(pairs) == 6
    assert all(a.split(": ")[0] == b.split(": ")[0] for a, b in pairs)


def test_gone_back_on(tree: Path, tmp_path: Path) -> None:
    """A renewal can be gone back on, and a second one has nothing to do."""
    known = Known(tmp_path / "known", KEY)
    before = {path: path.read_bytes() for path in tree.rglob("*.*")}
    doing = Doing(renewed(tree, known).plan, tree, KEY, tmp_path / "state")
    doing.apply()
    assert renewed(tree, known).plan.steps == ()
    doing.undo()

    assert {path: path.read_bytes() for path in tree.rglob("*.*")} == before


def test_the_plan_holds_no_value(tree: Path, tmp_path: Path) -> None:
    """A plan that is saved holds ciphertexts, and neither a value nor a key."""
    import msgspec

    text = msgspec.json.encode(renewed(tree, Known(tmp_path / "known", KEY)).plan)

    assert b"hunter2" not in text
    assert b"PRIVATE" not in text


def test_renewed_values_are_known_again(tree: Path, tmp_path: Path) -> None:
    """What is sealed anew here is known to the next sealing."""
    known = Known(tmp_path / "known", KEY)
    Doing(renewed(tree, known).plan, tree, KEY, tmp_path / "state").apply()
    known.save()
    found = next(yaml.safe_load_all((tree / "apps" / "scopes.yaml").read_text()))
    text = found["spec"]["encryptedData"]["password"]

    again = Known(tmp_path / "known", KEY)
    assert again.is_same(NEW.fingerprint, b"shop/db-strict", "password", Plaintext("hunter2"), text)


def test_outside_of_the_folder(tree: Path, tmp_path: Path) -> None:
    """A plan is for one folder: a file outside of it is named and left."""
    keys = private_keys.together([private_keys.read(Plaintext(OLD.private), "k")])
    files = sealed_files([("list", tree / "apps" / "scopes.yaml")])
    anew = offline(keys, NEW.key.public_key(), NEW.fingerprint, Known(tmp_path / "known", KEY))
    found = renewal(files, anew, tmp_path / "elsewhere", KEY)

    assert found.plan.steps == ()
    assert "lies outside of the folder" in found.failed[0]


def test_objects_are_whole_or_left(tree: Path) -> None:
    """An object of which one value cannot be sealed anew is left with all of them."""

    def anew(sealed: SealedSecret) -> dict[str, str]:
        if sealed.name == "one":
            raise ClusterError("it does not want to")
        return {key: text[:-4] + "AAAA" for key, text in sealed.values.items()}

    before = read_sealed((tree / "list.json").read_bytes(), "f")[0].values
    found = renewal(sealed_files([("list.json", tree / "list.json")]), anew, tree, KEY)

    assert found.failed == ("list.json: it does not want to",)
    (step,) = found.plan.steps
    assert all(text not in repr(step) for text in before.values())
