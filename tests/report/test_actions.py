"""What to do first is short, ranked, and counts what has to be done, not what was found."""

from __future__ import annotations

import pytest
from tests.report import factories as make
from tests.report import hostile, shop

from strongroom.model.finding import Practice, Severity
from strongroom.model.leak import PENDING
from strongroom.model.leak import PREFIX as LEAK
from strongroom.posture.checks import CHECKS
from strongroom.report.actions import MOST_ACTIONS, actions, first_actions
from strongroom.report.remedies import REMEDIES


def test_one_value_in_three_places_is_one_credential() -> None:
    """A credential is rotated once, wherever it stands: three findings with the same value count as one."""
    report = make.report(*(make.finding(value="same", at=make.origin(line=n)) for n in (1, 2, 3)))
    (action,) = actions(report)
    assert action.text == "Rotate and move 1 credential out of ConfigMaps: shop/api-config"
    assert action.findings == 3


def test_related_checks_become_one_deed() -> None:
    """Credentials in a ConfigMap and in a container's environment are moved in one go, and each place is named."""
    report = make.report(
        make.finding(value="a"),
        make.finding("secret-in-env-literal", value="b", about=make.resource("Deployment", "web", group="apps")),
    )
    (action,) = actions(report)
    assert action.checks == ("secret-in-configmap", "secret-in-env-literal")
    assert action.text == (
        "Rotate and move 2 credentials out of manifests: ConfigMap shop/api-config, Deployment shop/web"
    )


def test_more_than_three_places_are_counted() -> None:
    """The first three places are named and the others counted, so that a deed stays one line."""
    report = make.report(*(make.finding(value=str(n), about=make.resource(name=f"c{n}")) for n in range(5)))
    assert first_actions(report) == (
        "Rotate and move 5 credentials out of ConfigMaps: shop/c0, shop/c1, shop/c2 and 2 more",
    )


def test_the_worst_comes_first_and_what_leaked_before_what_might() -> None:
    """Severity ranks first; at the same severity a leaked credential goes before a wide role."""
    report = make.report(
        make.finding("rbac-wildcard", practice=Practice.ACCESS, about=make.resource("ClusterRole", "ops", "")),
        make.finding(value="a"),
        make.finding(
            "rbac-node-proxy",
            practice=Practice.ACCESS,
            severity=Severity.CRITICAL,
            about=make.resource("ClusterRole", "mon", ""),
        ),
    )
    assert [action.checks[0] for action in actions(report)] == [
        "rbac-node-proxy",
        "secret-in-configmap",
        "rbac-wildcard",
    ]


def test_an_unlisted_check_is_answered_by_its_page() -> None:
    """Where no remedy is worded for a check, the first sentence of its page's "Instead" is the deed."""
    report = make.report(make.finding("new-check", title="Something new"))
    assert first_actions(report) == ("Keep the value in a Secret: shop/api-config",)


def test_advice_that_is_no_short_sentence_gives_way_to_the_check() -> None:
    """A first sentence that would not fit a line, or a page without "Instead", leaves the check's id to look up."""
    long = make.page("new-check", text=f"Title.\n\n## Instead\n\n{'Do this and ' * 20}that.")
    code = make.page("new-check", text="Title.\n\n## Instead\n\n`a: b` in the manifest.")
    for page in (long, code, make.page("new-check", text="Title.")):
        report = make.report(make.finding("new-check", title="Something new"), checks=[page])
        assert first_actions(report) == ("Resolve new-check: shop/api-config",)


def test_low_findings_ask_for_deeds_only_where_nothing_is_worse() -> None:
    """Hygiene is not "first" while something of medium severity or more is there."""
    low = make.finding("secret-without-owner", severity=Severity.LOW, practice=Practice.LIFECYCLE)
    assert len(actions(make.report(low))) == 1
    assert [a.severity for a in actions(make.report(low, make.finding()))] == [Severity.HIGH]


def test_there_are_at_most_ten() -> None:
    """However many checks have findings, at most ten deeds are named."""
    report = make.report(*(make.finding(f"check-{n:02}") for n in range(30)))
    assert len(first_actions(report)) == MOST_ACTIONS


def test_deeds_are_single_clean_lines() -> None:
    """Names chosen by an enemy put no control character and no line break into a deed, and cannot make it long."""
    for text in first_actions(hostile.report()):
        assert text.isprintable()
        assert len(text) < 1_500


@pytest.mark.parametrize(("kind", "many"), [("NetworkPolicy", "NetworkPolicies"), ("Ingress", "Ingresses")])
def test_kinds_have_their_plural(kind: str, many: str) -> None:
    """The plural of a kind is the one that the API uses."""
    report = make.report(make.finding(value="a", about=make.resource(kind, "x")))
    assert f"out of {many}: " in first_actions(report)[0]


def test_every_worded_remedy_belongs_to_a_check() -> None:
    """No remedy outlives its check: each id in the table is one of a check's, and none stands twice."""
    worded = [check for remedy in REMEDIES for check in remedy.checks]
    assert len(set(worded)) == len(worded)
    assert set(worded) <= {LEAK, PENDING, *(check.id for check in CHECKS)}


def test_nothing_found_asks_for_nothing() -> None:
    """Without findings there is nothing to do first."""
    assert first_actions(make.report()) == ()
    assert first_actions(shop.build())


def test_a_phrase_names_as_many_places_as_asked() -> None:
    """Shorter phrases of a deed name fewer places and count the rest; none at all is the deed alone."""
    report = make.report(*(make.finding(value=str(n), about=make.resource(name=f"c{n}")) for n in range(3)))
    (action,) = actions(report)
    deed = "Rotate and move 3 credentials out of ConfigMaps"
    assert [action.phrase(most) for most in (0, 1, 3)] == [
        deed,
        f"{deed}: shop/c0 and 2 more",
        f"{deed}: shop/c0, shop/c1, shop/c2",
    ]
