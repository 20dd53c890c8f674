"""The index and the pages of Secrets."""

from __future__ import annotations

import pytest
from tests.report import factories as make
from tests.report import shop
from tests.report.html_page import Page, local, text

from strongroom.model.secret import How
from strongroom.report import html
from strongroom.report.html_secrets import LIST_LIMIT, paged


@pytest.fixture(scope="module")
def page() -> Page:
    """Return the page of the report in which everything occurs."""
    return Page(html.render(shop.build()))


def test_every_secret_is_in_the_index_and_leads_to_its_page(page: Page) -> None:
    """Each row names a Secret, what defines, stores and delivers it, and links to its page."""
    rows = {text(row): row for row in page.one("secrets").iter() if local(row) == "tr"}
    for record in shop.build().secrets:
        (row,) = [row for said, row in rows.items() if said.startswith(record.ref.show())]
        (link,) = [a.attrib["href"] for a in row.iter() if local(a) == "a"]
        assert text(page.one(f"{link[1:]}_title")) == record.ref.show()
    assert any(said.startswith("shop/git") and "ExternalSecret" in said and "vault" in said for said in rows)
    assert any(said.startswith("shop/registry") and "only referenced" in said for said in rows)


def test_a_page_says_everything_of_the_record(page: Page) -> None:
    """Keys with short fingerprints and marks, definitions, stores and consumers with their places."""
    said = text(page.one("secret-shop-db"))
    for words in ("fp:" + make.value_of("dsn")[:8], "weak: the same as its name", "deploy/secret.yaml:8:13"):
        assert words in said
    for words in ("Deployment shop/api", "StatefulSet shop/db", "/run/secrets/db", "DB_PASSWORD", "postgres"):
        assert words in said
    stored = text(page.one("secret-shop-git"))
    for words in ("vault", "ClusterSecretStore vault", "secret/data/shop/git#token", "1h", "optional", "envFrom"):
        assert words in stored


def test_a_page_draws_the_way_and_says_it_in_words(page: Page) -> None:
    """The drawing has a name for those who do not see it, and the caption says the same."""
    (figure,) = [e for e in page.one("secret-shop-db").iter() if local(e) == "figure"]
    assert text(figure).count("Defined by: Secret. Stored in: manifest. Delivered by: env, volume.") == 2
    titles = [text(e) for e in figure.iter() if e.get("class") == "flow-title"]
    assert titles == ["Secret", "manifest", "env", "volume", "api", "web", "db"]


def test_findings_about_a_secret_stand_on_its_page_and_in_the_drawing(page: Page) -> None:
    """Each is a row that leads to the finding, and a badge of the drawing leads to the row."""
    article = page.one("secret-shop-db")
    rows = {e.attrib["id"]: text(e) for e in article.iter() if e.get("id", "").startswith("about-")}
    assert sorted(said[:4] for said in rows.values()) == ["high", "info"]
    assert any("its value stands there too" in said for said in rows.values())
    badges = [a.attrib["href"][1:] for a in article.iter() if a.get("class") == "flow-badge"]
    assert badges
    assert set(badges) <= set(rows)


def test_a_value_that_stands_elsewhere_is_said_at_its_key(page: Page) -> None:
    """The key links to the list of places that share its value."""
    article = page.one("secret-shop-git")
    assert "2 other places" in text(article)
    assert any(a.get("href", "").startswith("#value-") for a in article.iter())


def test_a_dangling_secret_says_that_nothing_defines_it(page: Page) -> None:
    """A page without definition is no empty page."""
    assert "Nothing in the sources defines it" in text(page.one("secret-shop-registry"))


def test_a_secret_that_is_not_delivered_says_so(page: Page) -> None:
    """A page without consumers is no empty page."""
    assert "Nothing in the sources consumes it." in text(page.one("secret-shop-api-tls"))


def test_secrets_of_one_name_have_pages_of_their_own() -> None:
    """Names that differ only in what an id cannot hold do not meet, nor do names that look like parts of a page."""
    names = ("db", "DB", "db_title", "db-title", "", "d.b", "db-2")
    rendered = Page(html.render(make.report(secrets=[make.secret(name, "") for name in names])))
    assert len(list(rendered.all("article"))) == len(names)
    assert len(rendered.ids) == len(set(rendered.ids))
    assert "(no name)" in text(rendered.one("secrets"))


def test_long_lists_of_a_page_are_cut_and_say_so() -> None:
    """A Secret with hundreds of keys and consumers shows the first ones and the number of the others."""
    keys = [make.key(f"key-{index}") for index in range(300)]
    users = [make.consumer(f"worker-{index}") for index in range(300)]
    record = make.secret(definitions=[make.definition(keys=keys, keys_known=False)], consumers=users)
    (article,) = Page(html.render(make.report(secrets=[record]))).all("article")
    assert f"and {300 - LIST_LIMIT} more keys" in text(article)
    assert f"and {300 - LIST_LIMIT} more consumers" in text(article)
    assert "Which further keys it has is not known" in text(article)


def test_secrets_with_findings_get_a_page_first() -> None:
    """Where not all have room, those that something is said about come before the others."""
    secrets = [
        make.secret(f"s{index}", definitions=[make.definition(f"s{index}", how=How.SECRET)]) for index in range(9)
    ]
    finding = make.finding(about=secrets[7].definitions[0].resource)
    assert paged(make.report(finding, secrets=secrets), limit=3) == (0, 1, 7)
