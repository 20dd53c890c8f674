"""The nature of values, and their weaknesses."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.leaks.names import Promise
from strongroom.leaks.nature import LONGEST, looks_random, nature_of
from strongroom.leaks.weak import weak
from strongroom.model.place import Nature


@pytest.mark.parametrize(
    ("value", "promised", "nature"),
    [
        ("6b1f0c52-88aa-4d0e-9c37-1d2f6e4b7a90", None, Nature.PLAIN),
        ("6b1f0c52-88aa-4d0e-9c37-1d2f6e4b7a90", Promise.TOKEN, Nature.SECRET),
        ("12345678", None, Nature.PLAIN),
        ("12345678", Promise.PASSWORD, Nature.SECRET),
        ("30s", Promise.TOKEN, Nature.PLAIN),
        ("500m", None, Nature.PLAIN),
        ("2024-05-01T10:00:00Z", Promise.TOKEN, Nature.PLAIN),
        ("v1.28.3", Promise.TOKEN, Nature.PLAIN),
        ("10.0.0.0/8", None, Nature.PLAIN),
        ("*/5 * * * *", Promise.TOKEN, Nature.PLAIN),
        ("ops@shop.example.com", Promise.SECRET, Nature.PLAIN),
        ("api.shop.svc.cluster.local:8443", Promise.SECRET, Nature.PLAIN),
        ("https://shop.example.com/a?b=c", Promise.PASSWORD, Nature.PLAIN),
        ("shop-db-credentials", Promise.SECRET, Nature.REFERENCE),
        ("org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder", Promise.PASSWORD, Nature.PLAIN),
        ("«the password»", Promise.PASSWORD, Nature.PLACEHOLDER),
        ("purple-otter-lamp", Promise.PASSWORD, Nature.SECRET),
        ("./certs/server.key", Promise.KEY, Nature.REFERENCE),
        ("C:\\certs\\server.key", Promise.KEY, Nature.REFERENCE),
        ("kv/data/shop/db", Promise.SECRET, Nature.REFERENCE),
        ("hT4bLk8qVn2/r6WxYp0sDf3gJm7cQe9uAi5oKlPz", Promise.KEY, Nature.SECRET),
        ("/hT4bLk8qVn2Zr6WxYp0sDf3gJm7cQe9uAi5oKl=", Promise.KEY, Nature.SECRET),
        ("Pa$$w0rdless-9", Promise.PASSWORD, Nature.SECRET),
        ("age1" + "q" * 58, None, Nature.PUBLIC),
    ],
)
def test_a_value_is_judged_by_its_shape_and_its_name(value: str, promised: Promise | None, nature: Nature) -> None:
    """Shape decides first; where it says nothing, the promise of the name does."""
    assert nature_of(value, promised) is nature


_LETTERS = string.ascii_letters + string.digits
_NAMES = st.sampled_from(["DB_PASSWORD", "TOKEN", "token", "db_host", "dbPassword", "ApiToken", "PGPASSWORD", "V2_KEY"])


def test_a_dollar_in_a_generated_password_is_no_reference() -> None:
    """Of ten thousand drawn passwords that hold ``$A``, nearly none is taken for a reference, wherever it stands."""
    dice = random.Random(20261121)  # noqa: S311
    signs = _LETTERS + "!$%&/=+-_#@"
    taken = 0
    for _ in range(10_000):
        drawn = "".join(dice.choices(signs, k=dice.randint(16, 40)))
        at = dice.randint(0, len(drawn))
        value = drawn[:at] + "$" + dice.choice(string.ascii_letters) + drawn[at:]
        taken += nature_of(value, Promise.PASSWORD) is not Nature.SECRET
    assert taken < 60


def test_an_unclosed_bracket_in_a_generated_password_is_no_template() -> None:
    """Of passwords drawn from all signs of a keyboard, few are taken for anything else, although some hold ``{{``."""
    dice = random.Random(7)  # noqa: S311
    drawn = ["".join(dice.choices(_LETTERS + string.punctuation, k=24)) for _ in range(4000)]
    assert sum(nature_of(value, Promise.PASSWORD) is Nature.SECRET for value in drawn) > 3950
    held = [value[:9] + mark + value[9:] for value in drawn[:500] for mark in ("{{", "${", "$(")]
    assert sum(nature_of(value, Promise.PASSWORD) is Nature.SECRET for value in held) > 0.8 * len(held)


@given(_NAMES, st.sampled_from(["${%s}", "$(%s)", "{{ .Values.%s }}", "$%s"]))
def test_a_whole_reference_is_one(name: str, form: str) -> None:
    """A variable by itself is a reference, in whatever form."""
    assert nature_of(form % name, Promise.PASSWORD) is Nature.REFERENCE


@given(_NAMES, _NAMES, st.sampled_from(["${%s}", "$(%s)", "$%s"]))
def test_clear_parts_are_references(user: str, password: str, form: str) -> None:
    """A text that is put together of variables is a reference: they end where a name does."""
    one, two = form % user, form % password
    for text in (
        f"{one}:{two}",
        f"postgres://{one}:{two}@db.shop.svc:5432/app?sslmode=disable",
        f"Bearer {two}",
        f"/run/secrets/{one}/{two}",
        f"user={one} password={two}",
    ):
        assert nature_of(text, Promise.PASSWORD) is Nature.REFERENCE, text


@pytest.mark.parametrize("rest", ["TIgJb", "Mr4tQz", "x9Kq2vLw", "hT4bLk8qVn2"])
def test_a_bracketed_reference_beside_anything_is_one(rest: str) -> None:
    """``${VAR}`` says clearly what it is, whatever stands around it."""
    assert nature_of(f"{rest}${{DB_PASSWORD}}{rest}", Promise.PASSWORD) is Nature.REFERENCE
    assert nature_of(f"{rest}$(DB_PASSWORD){rest}", Promise.PASSWORD) is Nature.REFERENCE


def test_generated_values_look_random_and_names_do_not() -> None:
    """Of a thousand generated values nearly all look random; names, paths and phrases never do."""
    dice = random.Random(20240501)  # noqa: S311
    made = ["".join(dice.choices(string.ascii_letters + string.digits, k=24)) for _ in range(1000)]
    assert sum(map(looks_random, made)) > 970
    names = [
        "kube-state-metrics-shard-autosharding", "application-controller-leader", "requiredDuringSchedulingIgnored",
        "shop_customer_orders_v2_created_at", "X509CertificateChainValidation", "eu-central-1a.compute.internal",
        "prometheus-kube-prometheus-operator", "01-02-2024-10-30-00", "aaaaaaaaaaaaaaaaaaaaaaaa", "1234567890123456789",
    ]  # fmt: skip
    assert [name for name in names if looks_random(name)] == []


@pytest.mark.parametrize(
    ("value", "name", "reason"),
    [
        ("password", "", "a common default password"),
        ("P@ssw0rd", "", "a common default password"),
        ("letmein2024", "", "a common password with little added"),
        ("!admin1", "", "shorter than 8 characters"),
        ("shop-api", "shop-api", "the same as its name"),
        ("aaaaaaaaaa", "", "one or two characters repeated"),
        ("qwertyuio", "", "a run of keys or digits"),
        ("987654321", "", "a run of keys or digits"),
        ("kz8Lw", "", "shorter than 8 characters"),
        ("vR7!kq2Lx9@w", "", ""),
        ("tulip-harbour-42", "", ""),
        ("x" * 200, "", ""),
    ],
)
def test_a_weak_password_is_said_to_be_so_in_fixed_words(value: str, name: str, reason: str) -> None:
    """Each kind of weakness has its sentence, and a good password has none."""
    assert weak(value, name) == reason


@given(st.text(max_size=300), st.sampled_from([None, *Promise]), st.booleans())
def test_any_text_has_a_nature(value: str, promised: Promise | None, custom: bool) -> None:
    """No value makes the judgement fail."""
    assert nature_of(value, promised, custom=custom) in Nature
    assert isinstance(weak(value), str)


@pytest.mark.parametrize(
    "unit", ["a", "1", "-", "${", "{{", "/a", "a.", "://:", "<", "x y ", "A_", "0h", "((", "*.", "$("]
)
def test_a_long_hostile_value_is_judged_in_few_steps(unit: str) -> None:
    """Repetition that makes naive patterns backtrack is judged like any other value, up to the longest that is looked at."""
    value = (unit * LONGEST)[:LONGEST]
    for promised in (None, Promise.PASSWORD, Promise.TOKEN):
        assert nature_of(value, promised) in Nature
        assert nature_of(value + "!", promised, custom=True) in Nature
