"""The graph of access in a real browser: walked with a mouse, with keys, and read without a script."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.report import access_large, access_reports
from tests.report.watched import CONTRAST, Watched

from strongroom.model.access import Node, Step
from strongroom.model.access_report import AccessReport, Route
from strongroom.report import access_html


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write the pages and return their addresses."""
    folder: Path = tmp_path_factory.mktemp("access")
    reports = {question: access_reports.report(question) for question in access_reports.QUESTIONS}
    reports |= {
        "hostile": access_reports.report("exposure", access_reports.HOSTILE),
        "team": access_large.build(2, accounts=3, secrets=4),
        "own": msgspec.structs.replace(
            access_large.build(1, accounts=3, secrets=1), control_plane=(Node("ServiceAccount", "team-0", "account-1"),)
        ),
        "long": _long(),
        "large": access_large.build(60),
    }
    for name, report in reports.items():
        (folder / f"{name}.html").write_text(access_html.render(report), encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in reports}


def _long() -> AccessReport:
    people = [Node("User", "", f"user-{index}") for index in range(8)]
    route = Route(tuple(Step(one, other, "impersonate-users") for one, other in pairwise(people)))
    report = access_reports.report("paths")
    return msgspec.structs.replace(report, about="", routes=(route,), graph=route.steps)


def _ask(page: Page, what: str) -> str | int:
    answer: str | int = page.evaluate(f"document.getElementById('graph-canvas').strongroom.{what}")
    return answer


def _select(page: Page, label: str, *, twice: bool = False) -> None:
    place = page.evaluate("(l) => document.getElementById('graph-canvas').strongroom.place(l)", label)
    box = page.locator("#graph-canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + place["x"], box["y"] + place["y"], click_count=2 if twice else 1)


@pytest.mark.parametrize("name", [*access_reports.QUESTIONS, "hostile", "team", "large"])
def test_a_page_loads_without_a_complaint_or_a_request(
    context: BrowserContext, files: dict[str, str], name: str
) -> None:
    """The library runs under the policy: nothing on the console, nothing fetched, and the graph is drawn."""
    tab = Watched(context, files[name])

    expect(tab.page.locator("#graph")).to_be_visible()
    expect(tab.page.locator("#graph-canvas canvas").first).to_be_visible()
    assert tab.complaints == []
    assert tab.requests == []


def test_one_walks_from_a_secret_to_who_reaches_it(context: BrowserContext, files: dict[str, str]) -> None:
    """A node that is clicked tells its path with the evidence; a double click closes and expands it."""
    page = Watched(context, files["exposure"]).page
    about = page.locator("#graph-about")

    assert _ask(page, "start()") == "secret/shop/dbann"
    _select(page, "user/ann")
    expect(about.locator("h3")).to_have_text("user/ann")
    expect(about.locator("h4").first).to_have_text("Path, 1 step")
    expect(about).to_contain_text("binding RoleBinding shop/ann deploy/ann.yaml:12:3")
    assert _ask(page, "visible()") == 4
    _select(page, "reads every Secret in shop", twice=True)
    assert _ask(page, "visible()") == 2
    expect(page.locator("#graph-state")).to_contain_text("closed")
    page.locator("#graph-about button", has_text="Expand").click()
    assert _ask(page, "visible()") == 4


def test_one_starts_from_an_identity(context: BrowserContext, files: dict[str, str]) -> None:
    """A name that is typed becomes the start, and what it reaches is shown; the other side shows who reaches it."""
    page = Watched(context, files["team"]).page
    page.locator("#graph-start").fill("account-1")
    page.keyboard.press("Enter")

    assert _ask(page, "start()") == "serviceaccount/team-0/account-1"
    expect(page.locator("input[value=out]")).to_be_checked()
    expect(page.locator("#graph-state")).to_contain_text("12 nodes")
    page.locator("#graph-start").fill("nobody of that name")
    page.keyboard.press("Enter")
    expect(page.locator("#graph-state")).to_contain_text("there is no nobody of that name")
    page.locator("#answer-table button").nth(5).click()
    assert _ask(page, "start()") == "secret/team-1/secret-1"
    expect(page.locator("input[value=in]")).to_be_checked()


def test_ways_are_filtered(context: BrowserContext, files: dict[str, str]) -> None:
    """A way that is not ticked leads nowhere; all and none are one click."""
    page = Watched(context, files["team"]).page
    before = _ask(page, "visible()")
    page.locator(".ways-pick summary").click()
    page.locator("#graph-ways input[value=secrets-list]").uncheck()

    expect(page.locator("#graph-ways-state")).to_have_text("3 of 4")
    assert _ask(page, "visible()") == 5
    assert "secrets-list" not in page.evaluate("document.getElementById('graph-canvas').strongroom.lines().join()")
    page.locator("#graph-ways-none").click()
    assert _ask(page, "visible()") == 1
    page.locator("#graph-ways-all").click()
    assert _ask(page, "visible()") == before


def test_the_control_plane_is_there_until_it_is_left_out(context: BrowserContext, files: dict[str, str]) -> None:
    """Identities of every cluster are shown, and go when that is asked for; without any, it cannot be asked for."""
    page = Watched(context, files["own"]).page

    assert _ask(page, "visible()") == 6
    page.locator("#graph-own").check()
    assert _ask(page, "visible()") == 5
    expect(Watched(context, files["team"]).page.locator("#graph-own")).to_be_hidden()


def test_a_long_path_leads_downwards(context: BrowserContext, files: dict[str, str]) -> None:
    """A graph that is long and thin runs from the top to the bottom, each node below the one before."""
    page = Watched(context, files["long"]).page
    labels = [f"user/user-{index}" for index in range(8)]
    heights = [
        page.evaluate("(l) => document.getElementById('graph-canvas').strongroom.place(l).y", label) for label in labels
    ]

    assert heights == sorted(set(heights))


def test_the_graph_is_walked_with_keys_alone(context: BrowserContext, files: dict[str, str]) -> None:
    """Tab reaches the graph, arrows move, Enter closes and expands, S starts anew, and every move is said."""
    page = Watched(context, files["exposure"]).page
    page.locator("#graph-out").focus()
    while page.evaluate("document.activeElement.id") != "graph-canvas":
        page.keyboard.press("Tab")
    state = page.locator("#graph-state")
    page.keyboard.press("ArrowLeft")
    expect(state).to_contain_text("reads every Secret in shop, 0 steps away")
    page.keyboard.press("ArrowLeft")
    expect(state).to_contain_text("group/devs, 1 step away")
    page.keyboard.press("Enter")
    assert _ask(page, "visible()") == 3
    page.keyboard.press("Enter")
    assert _ask(page, "visible()") == 4
    page.keyboard.press("ArrowLeft")
    expect(state).to_contain_text("user/ann")
    page.keyboard.press("Escape")
    expect(state).to_contain_text("secret/shop/dbann, the start")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("s")
    assert _ask(page, "start()") == "reads every Secret in shop"
    assert page.evaluate("document.activeElement.id") == "graph-canvas"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") != "graph-canvas"


def test_two_thousand_nodes_are_drawn_and_walked(context: BrowserContext, files: dict[str, str]) -> None:
    """The graph grows to 2,000 visible nodes, says that there are more, keeps none over another, and stays usable."""
    page = Watched(context, files["large"]).page
    more = page.locator("#graph-more")
    while more.is_enabled():
        more.click()

    assert _ask(page, "visible()") == 2000
    expect(page.locator("#graph-state")).to_contain_text("2,000 nodes")
    expect(page.locator("#graph-state")).to_contain_text("are the most that are drawn")
    assert page.evaluate("document.getElementById('graph-canvas').strongroom.overlaps()") == 0
    page.locator("#graph-canvas").focus()
    page.keyboard.press("ArrowLeft")
    assert _ask(page, "selected()") == "reads every Secret in team-0"
    page.locator("#graph-start").fill("serviceaccount/team-7/account-7")
    page.keyboard.press("Enter")
    assert _ask(page, "start()") == "serviceaccount/team-7/account-7"


def test_a_line_tells_its_ways(context: BrowserContext, files: dict[str, str]) -> None:
    """A click on a line lists the ways that it stands for, with their evidence."""
    page = Watched(context, files["exposure"]).page
    one, other = (
        page.evaluate("(l) => document.getElementById('graph-canvas').strongroom.place(l)", label)
        for label in ("group/devs", "reads every Secret in shop")
    )
    box = page.locator("#graph-canvas").bounding_box()
    assert box is not None
    along = 0.5
    page.mouse.click(
        box["x"] + one["x"] + (other["x"] - one["x"]) * along, box["y"] + one["y"] + (other["y"] - one["y"]) * along
    )

    expect(page.locator("#graph-about h3")).to_have_text("Line")
    expect(page.locator("#graph-about")).to_contain_text("secrets-get")
    expect(page.locator("#graph-about")).to_contain_text("get secrets")


def test_without_a_script_everything_can_be_read(browser: Browser, files: dict[str, str]) -> None:
    """The tables are there, the pages of the ways open, and nothing that needs the script is shown."""
    context = browser.new_context(java_script_enabled=False)
    page = Watched(context, files["exposure"]).page

    expect(page.locator("#graph")).to_be_hidden()
    expect(page.locator(".filter").first).to_be_hidden()
    expect(page.locator("#steps-table")).to_contain_text("binding RoleBinding shop/ann deploy/ann.yaml:12:3")
    page.locator("#way-secrets-get summary").click()
    expect(page.locator("#way-secrets-get .prose")).to_be_visible()
    context.close()


def test_tables_are_filtered_by_text(context: BrowserContext, files: dict[str, str]) -> None:
    """The filter of a table shows the rows that have all words, and says how many they are."""
    page = Watched(context, files["team"]).page
    page.locator("[data-filters=steps-table]").fill("team-1 binding-2")

    expect(page.locator("#steps-table tbody tr:visible")).to_have_count(1)
    expect(page.locator("#steps [role=status]")).to_have_text("1 of 22 shown")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["exposure", "review"])
def test_text_has_the_contrast_that_wcag_asks_for(
    browser: Browser, files: dict[str, str], scheme: str, name: str
) -> None:
    """In both colour schemes all text reaches 4.5:1 (WCAG 2.2, 1.4.3 AA), the names on the nodes included."""
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = Watched(context, files[name]).page
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert page.evaluate(CONTRAST) == []
    page.evaluate(_ON_NODES)
    assert page.locator("#probe span").count() == 9
    assert page.evaluate(CONTRAST) == []
    context.close()


_ON_NODES = """() => {
  const probe = document.createElement("div");
  probe.id = "probe";
  for (const kind of ["user", "group", "serviceaccount", "node", "secret", "configmap", "power", "external", "code"]) {
    const span = document.createElement("span");
    span.textContent = kind;
    span.className = kind;
    span.style.backgroundColor = `var(--k-${kind})`;
    span.style.color = "var(--ink)";
    probe.append(span);
  }
  document.body.append(probe);
}"""


@pytest.mark.parametrize("width", [320, 768, 1280])
@pytest.mark.parametrize("name", ["exposure", "hostile", "review", "paths"])
def test_the_page_never_scrolls_sideways(browser: Browser, files: dict[str, str], name: str, width: int) -> None:
    """From a small telephone to a desk, tables and the graph stay in their own boxes."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = Watched(context, files[name]).page
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_a_review_prints_on_paper(context: BrowserContext, files: dict[str, str]) -> None:
    """On paper there are the table with its empty columns and the place to sign, and no graph."""
    page = Watched(context, files["review"]).page
    page.emulate_media(media="print")

    expect(page.locator("#graph")).to_be_hidden()
    expect(page.locator("#steps")).to_be_hidden()
    expect(page.locator("#answer-table")).to_be_visible()
    expect(page.locator("td.sign").first).to_be_visible()
    expect(page.locator("#sign")).to_be_visible()
    assert page.pdf().startswith(b"%PDF")
