"""The HTML report as a whole: whole without a script, well formed, closed to the outside, bounded."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

import msgspec
import pytest
from tests.report import factories as make
from tests.report import hostile, shop
from tests.report.html_page import Page, local, text

from strongroom.model.finding import Severity
from strongroom.model.report import Report
from strongroom.model.skipped import Reason
from strongroom.report import html, html_findings, html_secrets

EMPTY = make.report(sources=())


def page_of(report: Report) -> Page:
    """Return the rendered and strictly parsed report."""
    return Page(html.render(report))


@pytest.fixture(scope="module")
def shop_page() -> Page:
    """Return the page of the report in which everything occurs."""
    return page_of(shop.build())


@pytest.fixture(scope="module", params=["shop", "hostile", "empty", "large"])
def any_page(request: pytest.FixtureRequest) -> Page:
    """Return one of several reports' pages."""
    reports: dict[str, Callable[[], Report]] = {
        "shop": shop.build,
        "hostile": hostile.report,
        "empty": lambda: EMPTY,
        "large": lambda: hostile.large(900),
    }
    return page_of(reports[request.param]())


def test_every_id_is_unique(any_page: Page) -> None:
    """No two elements share an id, whatever the names are."""
    assert len(any_page.ids) == len(set(any_page.ids))


def test_every_inner_link_has_its_target(any_page: Page) -> None:
    """Each ``#link`` and each reference between elements points at an element of the page."""
    ids = set(any_page.ids)
    links = {a.attrib["href"][1:] for a in any_page.all("a") if a.attrib["href"].startswith("#")}
    named = {name for e in any_page.all() for name in e.get("aria-labelledby", "").split()}
    assert links | named <= ids


def test_nothing_is_loaded_from_elsewhere(any_page: Page) -> None:
    """No element and no rule of the style sheet fetches anything; links to the web are only links."""
    for element in any_page.all():
        assert not {"src", "srcset", "data", "action", "formaction", "background"} & set(element.attrib)
        if "href" in element.attrib and local(element) != "a":
            assert element.attrib["href"].startswith("data:image/svg+xml,")
        assert local(element) not in {"iframe", "object", "embed", "base", "form", "img", "image", "use"}
    assert "url(" not in any_page.style
    assert "@import" not in any_page.style


def test_links_to_the_web_are_https_and_tell_nobody(any_page: Page) -> None:
    """A link that leaves the file has an http scheme and sends no referrer."""
    leaving = [a for a in any_page.all("a") if not a.attrib["href"].startswith("#")]
    assert all(re.match(r"https?://", a.attrib["href"]) and a.get("rel") == "noreferrer" for a in leaving)


def test_the_policy_allows_exactly_the_style_and_the_script_of_the_file(any_page: Page) -> None:
    """The hashes of the content security policy are those of the contents, and everything else is forbidden."""
    (policy,) = any_page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    rules = dict(rule.strip().split(" ", 1) for rule in policy.attrib["content"].split(";"))
    assert rules == {
        "default-src": "'none'",
        "style-src": f"'sha256-{_digest(any_page.style)}'",
        "script-src": f"'sha256-{_digest(any_page.script)}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def _digest(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def test_no_element_carries_style_or_script_of_its_own(any_page: Page) -> None:
    """There is no style attribute and no event handler, which the policy would refuse."""
    attributes = {name for element in any_page.all() for name in element.attrib}
    assert not {name for name in attributes if name == "style" or name.startswith("on")}


def test_the_script_only_adds(shop_page: Page) -> None:
    """Without the script, only the filters are hidden, which do nothing without it."""
    hidden = {element.get("id") for element in shop_page.all() if "hidden" in element.attrib}
    assert hidden == {"filter", "filter-empty", "secrets-filter"}


def test_every_finding_stands_in_the_page(shop_page: Page) -> None:
    """Message, place, object, severity and check of each finding are in its case, in plain markup."""
    cases = {text(case) for case in shop_page.all("li", class_="case")}
    findings = shop.build().findings
    assert len(cases) == len(findings)
    for finding in findings:
        (case,) = [case for case in cases if f"{finding.origin.show()} " in case and finding.message in case]
        assert finding.resource is None or finding.resource.show() in case


def test_findings_stand_under_their_practice_and_check(shop_page: Page) -> None:
    """A check's section stands in its practice's, with its page's advice, its controls and all its cases."""
    practice = shop_page.one("practice-plaintext")
    check = next(e for e in practice.iter() if e.get("id") == "check-secret-in-env-literal")
    assert sum("case" in e.get("class", "").split() for e in check.iter()) == 15
    said = text(check)
    assert "Everyone who may read ConfigMaps reads it." in said
    assert "Keep the value in a Secret. Mount it as a file." in said
    assert "CIS-5.4.1 OWASP-K03" in said


def test_the_line_of_the_file_is_shown_with_its_place_marked(shop_page: Page) -> None:
    """The code frame has the number of the line and sets the masked place apart."""
    frames = [text(frame) for frame in shop_page.all("pre", class_="frame")]
    assert any(frame.startswith("7 GITHUB_TOKEN:") for frame in frames)
    assert any("*" in text(mark) for mark in shop_page.all("mark"))


def test_severe_checks_are_open_and_others_closed(shop_page: Page) -> None:
    """What fails the run can be read at once; the rest is one click away."""
    folds = {fold.attrib["id"]: "open" in fold.attrib for fold in shop_page.all("details", class_="check")}
    assert folds["check-secret-in-configmap"]
    assert not folds["check-secret-in-env"]


def test_the_head_says_what_was_audited_and_when(shop_page: Page) -> None:
    """Source, time and tool stand at the top."""
    (head,) = shop_page.all("header")
    assert "examples/shop" in text(head)
    assert "21 November 2026, 09:30 UTC" in text(head)
    assert "strongroom 0.1.0" in text(head)


def test_the_verdict_counts_what_reaches_the_threshold() -> None:
    """The heading says how many findings fail the run, and changes with the threshold."""
    report = shop.build()
    assert "20 findings at or above high" in text(page_of(report).one("summary"))
    assert "Exit 1: high or worse was found." in text(page_of(report).one("summary"))
    lenient = msgspec.structs.replace(report, findings=tuple(f for f in report.findings if f.severity < Severity.HIGH))
    assert "Nothing at or above high" in text(page_of(lenient).one("summary"))


def test_a_run_in_which_a_check_broke_off_does_not_look_clean() -> None:
    """The summary says that the run is incomplete, as the exit code does."""
    page = page_of(make.report(skips=[make.skipped("a.yaml", Reason.CHECK_FAILED, detail="secret-in-env: KeyError")]))
    assert "Exit 2: 1 check broke off." in text(page.one("summary"))
    assert page.one("summary-title").attrib["class"] == "fails"


def test_an_empty_report_says_so() -> None:
    """Without findings and Secrets the page says that there are none, and keeps its sections."""
    page = page_of(EMPTY)
    assert "No findings" in text(page.one("summary"))
    assert "define no Secret" in text(page.one("secrets"))
    assert "Nothing was left out" in text(page.one("coverage"))
    assert "no source" in text(next(page.all("h1")))


def test_what_to_do_first_leads_to_its_check(shop_page: Page) -> None:
    """Each deed of the list is a link to a check that it settles."""
    links = [a for a in shop_page.one("first").iter() if local(a) == "a"]
    assert 1 < len(links) <= 10
    assert all(link.attrib["href"].startswith("#check-") for link in links)
    assert "17 findings" in text(shop_page.one("first"))


def test_the_chart_of_practices_is_a_table_of_their_counts(shop_page: Page) -> None:
    """A reader who does not see the bars reads the same numbers."""
    (chart, *_) = shop_page.all("table", class_="bars")
    rows = [text(row) for row in chart.iter() if local(row) == "tr"]
    assert "Plaintext where a Secret belongs 1 critical, 17 high 18" in rows
    assert any(row.startswith("Isolation of namespaces and stores") and row.endswith("0") for row in rows)


def test_the_matrix_counts_findings_by_control(shop_page: Page) -> None:
    """Each control has its findings by severity and the checks that found them."""
    row = text(shop_page.one("control-owasp-k03"))
    findings = [f for f in shop.build().findings if "OWASP-K03" in f.standards]
    high = sum(f.severity is Severity.HIGH for f in findings)
    assert f"{high} high" in row
    assert "credential-file" in row


def test_coverage_says_what_was_read_and_what_not_and_why(shop_page: Page) -> None:
    """Counts, notes, everything that was left out with its reason, and findings that were suppressed."""
    said = text(shop_page.one("coverage"))
    assert "Left out of this report: 12 findings (baseline), 3 findings (ignored), 41 findings (pedantic)." in said
    assert "deploy/broken.yaml:3:5 mapping values are not allowed here" in said
    assert "overlays/production: built by kustomize 5.4.3" in said
    assert "ignored by .gitignore 2" in said


def test_one_value_in_several_places_is_listed_with_its_pages(shop_page: Page) -> None:
    """A value that a ConfigMap and a Secret share names both places and leads to the Secret's page."""
    (group,) = shop_page.all("div", class_="group")
    assert "3 places" in text(group)
    assert "deploy/config.yaml:7:16" in text(group)
    assert "#secret-shop-git" in {a.attrib["href"] for a in group.iter() if local(a) == "a"}


def test_hostile_names_are_shown_and_do_nothing() -> None:
    """A name with markup stands there as text; the page has no element that the template did not write."""
    page = page_of(hostile.report())
    assert "<script>alert(1)</script>" in text(page.one("findings"))
    assert "<script>alert" not in page.html
    assert {local(e) for e in page.all()} <= {local(e) for e in page_of(shop.build()).all()} | {"br"}


def test_hidden_characters_are_made_visible() -> None:
    """Control and bidirectional characters of names appear as escapes, and no raw one reaches the file."""
    rendered = html.render(hostile.report())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", rendered)
    assert "\\x1b[2J" in rendered
    assert "\\u202egpj.exe" in rendered


def test_names_of_100_kilobytes_are_shortened() -> None:
    """The page stays small, and says how much of a name is missing."""
    rendered = html.render(hostile.report())
    assert len(rendered) < 400_000
    assert re.search(r"x…\(\d+ more\)…x", rendered)


def test_the_same_report_gives_the_same_bytes() -> None:
    """Rendering is a function of the report alone."""
    assert html.render(shop.build()) == html.render(shop.build())


def test_a_flood_is_bounded_and_every_check_is_still_there() -> None:
    """Of 20,000 findings and 5,000 Secrets the page shows a part, says which, and counts them all."""
    secrets = [
        make.secret(f"s{index}", definitions=[make.definition(f"s{index}", keys=[make.key("a", f"v{index}")])])
        for index in range(5_000)
    ]
    page = page_of(msgspec.structs.replace(hostile.large(20_000), secrets=tuple(secrets)))
    assert len(page.html) < 12_000_000
    assert sum(1 for _ in page.all("li", class_="case")) == html_findings.FINDING_LIMIT
    assert sum(1 for _ in page.all("article")) == html_secrets.PAGE_LIMIT
    assert "This page shows 5,000 of 20,000 findings" in text(page.one("findings"))
    assert f"{html_secrets.PAGE_LIMIT} of 5,000 Secrets have a page here" in text(page.one("secrets"))
    for index in range(7):
        check = page.one(f"check-check-{index}")
        assert any("case" in e.get("class", "").split() for e in check.iter())
        assert "more of this check, not listed here" in text(check)


def test_a_time_that_cannot_be_read_is_shown_as_it_is() -> None:
    """The page does not fail over its date."""
    assert "yesterday" in text(next(page_of(msgspec.structs.replace(EMPTY, created="yesterday")).all("header")))
