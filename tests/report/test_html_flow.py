"""The drawing of a Secret's way."""

from __future__ import annotations

import itertools
import re

import pytest
from tests.report import factories as make

from strongroom.model.secret import How, SecretRecord, Way
from strongroom.report.html_flow import BOX_WIDTH, BOXES, COLUMNS, WIDTH, Badge, Box, Flow, draw, fit, stored_in
from strongroom.report.html_links import VALUE, Spot


def _column(flow: Flow, title: str) -> list[Box]:
    x = dict(COLUMNS)[title]
    return [box for box in flow.boxes if box.x == x]


def _titles(flow: Flow, title: str) -> list[str]:
    return [box.title for box in _column(flow, title)]


def _crowded() -> SecretRecord:
    return make.secret(
        definitions=[make.definition(f"d{index}", how=how) for index, how in enumerate(How)],
        stores=[make.stored(f"secret/data/{index}", property="p", refresh="1h") for index in range(9)],
        consumers=[
            make.consumer(f"worker-{index}", way, container="c", target=f"T{index}")
            for index, way in enumerate(itertools.chain(Way, Way))
        ],
    )


RECORDS = {
    "crowded": _crowded(),
    "empty": make.secret(),
    "referenced": make.secret(consumers=[make.consumer()]),
    "unused": make.secret(definitions=[make.definition()]),
    "external": make.secret(definitions=[make.definition(how=How.EXTERNAL_SECRET)], stores=[make.stored()]),
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_boxes_lie_inside_the_drawing_and_never_overlap(record: SecretRecord) -> None:
    """Every column keeps its boxes apart and inside, and shows at least one."""
    flow = draw(record, {})
    for title, x in COLUMNS:
        boxes = _column(flow, title)
        assert 1 <= len(boxes) <= BOXES
        assert x + BOX_WIDTH <= WIDTH
        assert all(box.y >= 30 and box.y + box.height <= flow.height for box in boxes)
        assert all(upper.y + upper.height < lower.y for upper, lower in itertools.pairwise(boxes))


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_lines_start_and_end_at_boxes_or_at_the_secret(record: SecretRecord) -> None:
    """No line hangs in the air."""
    flow = draw(record, {})
    edges = {round(box.x, 1) for box in flow.boxes} | {round(box.x + BOX_WIDTH, 1) for box in flow.boxes}
    edges |= {483.0, 517.0}
    levels = {round(box.middle, 1) for box in flow.boxes} | {flow.hub_y}
    for line in flow.lines:
        x1, y1, x2, y2 = map(float, re.match(r"M(\S+) (\S+)C.* (\S+) (\S+)M", line).groups())  # type: ignore[union-attr]
        assert x1 in edges
        assert x2 + 1 in edges
        assert all(min(abs(y - level) for level in levels) < 0.11 for y in (y1, y2))


def test_the_stages_say_where_a_secret_comes_from_and_goes() -> None:
    """An ExternalSecret leads to its store, and each way of delivery to its consumers."""
    record = make.secret(
        definitions=[make.definition(how=How.EXTERNAL_SECRET)],
        stores=[make.stored("kv/shop", property="token", refresh="1h")],
        consumers=[make.consumer("api", Way.ENV, target="TOKEN"), make.consumer("job", Way.VOLUME, kind="CronJob")],
    )
    flow = draw(record, {})
    assert _titles(flow, "Defined") == ["ExternalSecret"]
    assert _titles(flow, "Stored") == ["vault"]
    assert "kv/shop#token" in _column(flow, "Stored")[0].lines
    assert _titles(flow, "Delivered") == ["env", "volume"]
    assert _titles(flow, "Consumed") == ["api", "job"]
    assert len(flow.lines) == 6
    assert flow.spoken == (
        "Defined by: ExternalSecret. Stored in: vault. Delivered by: env, volume. "
        "Consumed by: Deployment shop/api, CronJob shop/job."
    )


@pytest.mark.parametrize(("refresh", "said"), [("1h", "refreshed every 1h"), ("0", "read once"), ("0s", "read once")])
def test_the_interval_of_a_store_is_said(refresh: str, said: str) -> None:
    """An interval of zero means that the store is read once."""
    (box,) = _column(draw(make.secret(stores=[make.stored(refresh=refresh)]), {}), "Stored")
    assert box.lines[-1].startswith(said)


@pytest.mark.parametrize("how", How, ids=lambda how: how.name)
def test_every_kind_of_definition_has_a_place_of_storage(how: How) -> None:
    """Where no store is known, the drawing says what the kind of definition implies."""
    record = make.secret(definitions=[make.definition(how=how)])
    (box,) = _column(draw(record, {}), "Stored")
    assert box.title == stored_in(record)[0]
    assert not box.missing


def test_a_secret_of_a_cluster_is_stored_in_the_cluster() -> None:
    """Without a file there is no manifest that anybody reads."""
    record = make.secret(definitions=[make.definition(at=make.origin(""))])
    assert stored_in(record) == ("cluster",)


def test_what_is_missing_is_drawn_as_missing() -> None:
    """A Secret that is only referenced has no line to its origin; one that nobody uses has none to a consumer."""
    referenced = draw(RECORDS["referenced"], {})
    assert [box.missing for box in _column(referenced, "Defined")] == [True]
    assert "No consumer" not in referenced.spoken
    unused = draw(RECORDS["unused"], {})
    assert [box.missing for box in _column(unused, "Consumed")] == [True]
    assert "No consumer in the sources" in unused.spoken
    assert all(float(re.findall(r" (\d+\.\d)", line)[-1]) <= unused.height for line in unused.lines)


def test_findings_are_marks_on_the_boxes() -> None:
    """A badge stands at the box of its spot; the Secret's own values have theirs."""
    record = make.secret(definitions=[make.definition()], consumers=[make.consumer("a"), make.consumer("b")])
    badge, other = Badge(2, "high", "x"), Badge(1, "low", "y")
    flow = draw(record, {Spot("consumed", 1): badge, VALUE: other})
    assert [box.badge for box in flow.boxes if box.badge] == [badge]
    assert next(box.title for box in flow.boxes if box.badge) == "b"
    assert flow.hub_badge == other


def test_a_box_that_stands_for_the_rest_carries_their_marks() -> None:
    """Folding consumers does not hide that something is wrong with them."""
    record = make.secret(consumers=[make.consumer(f"w{index}") for index in range(40)])
    flow = draw(record, {Spot("consumed", 30): Badge(1, "low", "a"), Spot("consumed", 39): Badge(2, "critical", "b")})
    rest = _column(flow, "Consumed")[-1]
    assert rest.title == f"and {40 - BOXES + 1} more"
    assert rest.badge == Badge(3, "critical", "b")


def test_text_that_does_not_fit_loses_its_middle() -> None:
    """Both ends of a name stay; the whole is in the box's title."""
    assert fit("short", 10) == "short"
    assert (
        fit("deploy/overlays/production/secret.yaml:12", 20) == "deploy/o…et.yaml:12"[:8] + "…" + "cret.yaml:12"[-11:]
    )
    assert len(fit("x" * 1_000, 20)) == 20
    record = make.secret(consumers=[make.consumer("a-very-long-name-of-a-deployment-indeed")])
    (box,) = _column(draw(record, {}), "Consumed")
    assert "a-very-long-name-of-a-deployment-indeed" in box.full
