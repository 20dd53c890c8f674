"""The HTML report in a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from tests.report import hostile, shop
from tests.report.watched import CONTRAST, Watched

from strongroom.report import html


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write the reports and return their addresses."""
    folder: Path = tmp_path_factory.mktemp("reports")
    reports = {"shop": shop.build(), "hostile": hostile.report(), "large": hostile.large(5_000)}
    for name, report in reports.items():
        (folder / f"{name}.html").write_text(html.render(report), encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in reports}


@pytest.mark.parametrize("name", ["shop", "hostile", "large"])
def test_the_page_loads_without_a_complaint_or_a_request(
    context: BrowserContext, files: dict[str, str], name: str
) -> None:
    """The browser runs the script under the policy, reports nothing on its console, and fetches nothing."""
    tab = Watched(context, files[name])
    expect(tab.page.locator("#filter")).to_be_visible()
    assert tab.complaints == []
    assert tab.requests == []


def test_a_script_that_is_not_ours_does_not_run(context: BrowserContext, files: dict[str, str]) -> None:
    """The policy stops a handler that something adds to the page."""
    tab = Watched(context, files["shop"])
    tab.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<b onclick=\"document.title=1\" id=evil>x</b>')")
    tab.page.evaluate("document.getElementById('evil').click()")
    assert tab.page.title() == "Secrets audit: examples/shop"
    assert any("Content Security Policy" in complaint for complaint in tab.complaints)


def test_findings_are_filtered_by_text_severity_practice_and_check(
    context: BrowserContext, files: dict[str, str]
) -> None:
    """Each filter narrows what is shown and says how many are left; reset brings everything back."""
    page = Watched(context, files["shop"]).page
    state = page.locator("#filter-state")
    page.keyboard.press("/")
    page.keyboard.type("worker.yaml queue_1")
    expect(state).to_have_text("6 of 24 shown")
    expect(page.locator(".case:visible")).to_have_count(6)
    page.keyboard.press("Escape")
    expect(state).to_have_text("24 shown")
    page.locator("#filter .choice", has_text="high").click()
    expect(state).to_have_text("5 of 24 shown")
    page.locator("#filter-reset").click()
    page.locator("#filter-practice").select_option(label="Who may reach secrets")
    expect(page.locator(".practice:visible")).to_have_count(1)
    page.locator("#filter-check").select_option(label="secret-in-configmap")
    expect(page.locator("#filter-empty")).to_be_visible()
    page.locator("#filter-reset").click()
    expect(state).to_have_text("24 shown")


def test_a_filter_opens_what_it_finds_and_reset_closes_it_again(context: BrowserContext, files: dict[str, str]) -> None:
    """Matches inside closed checks and folds become visible, and the page is as before afterwards."""
    page = Watched(context, files["shop"]).page
    opened = "Array.from(document.querySelectorAll('details[open]')).map((e) => e.id + e.className)"
    before = page.evaluate(opened)
    page.locator("#filter-text").fill("nothing uses")
    expect(page.locator(".case:visible")).to_have_count(1)
    page.locator("#filter-reset").click()
    assert page.evaluate(opened) == before


def test_a_tile_filters_by_its_severity(context: BrowserContext, files: dict[str, str]) -> None:
    """A click on a count shows exactly these findings."""
    page = Watched(context, files["shop"]).page
    page.locator(".tile", has_text="medium").click()
    expect(page.locator("#filter-state")).to_have_text("2 of 24 shown")


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
def test_a_secrets_page_opens_and_closes(browser: Browser, files: dict[str, str], script: bool) -> None:
    """A name in the index leads to the page of the Secret alone; back brings the overview; no script is needed."""
    context = browser.new_context(java_script_enabled=script, reduced_motion="reduce")
    page = Watched(context, files["shop"]).page
    article = page.locator("#secret-shop-db")
    expect(article).to_be_hidden()
    page.locator(".index a", has_text=re.compile(r"^shop/db$")).click()
    expect(article).to_be_visible()
    expect(article.locator("svg .flow-title").first).to_be_visible()
    expect(page.locator("article:visible")).to_have_count(1)
    expect(page.locator("#findings")).to_be_hidden()
    article.locator(".flow-badge").first.click()
    expect(article).to_be_visible()
    article.locator(".about a").first.click()
    expect(article).to_be_hidden()
    expect(page.locator(".case:target")).to_be_in_viewport()
    page.go_back()
    expect(article).to_be_visible()
    article.locator(".back a").click()
    expect(page.locator("#secrets")).to_be_in_viewport()
    context.close()


def test_without_a_script_every_finding_can_be_read(browser: Browser, files: dict[str, str]) -> None:
    """Folds open by click, and nothing that needs the script is shown."""
    context = browser.new_context(java_script_enabled=False)
    page = Watched(context, files["shop"]).page
    expect(page.locator("#filter")).to_be_hidden()
    closed = page.locator(".findings details:not([open]) > summary:visible")
    while closed.count():
        closed.first.click()
    for case in page.locator(".case").all():
        expect(case).to_be_visible()
    context.close()


def test_a_link_to_a_folded_finding_opens_its_fold(context: BrowserContext, files: dict[str, str]) -> None:
    """An address with the id of a finding shows it, wherever it is folded."""
    page = Watched(context, files["shop"]).page
    anchor = page.locator(".rest .case").last.get_attribute("id")
    tab = Watched(context, f"{files['shop']}#{anchor}")
    expect(tab.page.locator(f"#{anchor}")).to_be_in_viewport()


def test_a_link_to_a_section_goes_there_at_once(browser: Browser, files: dict[str, str]) -> None:
    """The heading is at the top also where motion is liked: a moving page would grow on the way and miss it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="no-preference")
    page = Watched(context, files["shop"]).page
    page.locator('nav a[href="#secrets"]').click()
    assert 0 <= page.locator("#secrets").evaluate("section => section.getBoundingClientRect().top") < 100
    context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("name", ["shop", "hostile"])
def test_the_page_never_scrolls_sideways(browser: Browser, files: dict[str, str], name: str, width: int) -> None:
    """From a small telephone to a desk, tables and drawings scroll in their own boxes, and the page does not."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = Watched(context, files[name]).page
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("location.hash = document.querySelector('article').id")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_that_wcag_asks_for(browser: Browser, files: dict[str, str], scheme: str) -> None:
    """In both colour schemes all text reaches 4.5:1 (WCAG 2.2, 1.4.3 AA) against what lies behind it."""
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = Watched(context, files["shop"]).page
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert page.evaluate(CONTRAST) == []
    page.evaluate("location.hash = 'secret-shop-db'")
    expect(page.locator("#secret-shop-db")).to_be_visible()
    assert page.evaluate(CONTRAST) == []
    context.close()
