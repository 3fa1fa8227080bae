"""Figures are well-formed, inert, told in words, and the same bytes each time."""

import re
from xml.etree import ElementTree as ET

import pytest
from dossiers import HOSTILE, bins, daily, dossier, hostile_dossier, roc_points
from monitor_runs import monitor

from dashboards.charts.daily import daily_series
from dashboards.charts.forest import ForestRow, forest_plot
from dashboards.charts.funnel import FunnelPoint, scanner_funnel
from dashboards.charts.reliability import reliability_curve
from dashboards.charts.roc import roc_curve
from dashboards.charts.scale import range_of, ticks
from dashboards.charts.signal_strip import signal_strip
from dashboards.charts.svg import element
from dashboards.charts.theme import PRINT, WEB, Frame, Theme
from dashboards.view.blocks import Figure, leaves
from dashboards.view.document import report_document
from dashboards.view.funnel_limits import funnel_limits
from dashboards.view.monitoring import monitor_figures
from dashboards.view.overrides import override_figures
from registry.domain.dossier import CurvePoint, DailyPoint, Dossier

FRAME = Frame("key", "Title", "Description")
SVG = "{http://www.w3.org/2000/svg}"


def figures(of: Dossier) -> list[Figure]:
    """Return every figure of a dossier's report."""
    blocks = [block for section in report_document(of).sections for block in leaves(section.blocks)]
    return [block for block in blocks if isinstance(block, Figure)]


def texts(svg: str) -> str:
    """Return the text that a figure shows."""
    return " ".join(node.text or "" for node in ET.fromstring(svg).iter(f"{SVG}text"))


def test_the_rich_dossier_draws_every_kind_of_figure() -> None:
    kinds = {figure.key.split("-")[0] for figure in figures(dossier())}
    assert kinds == {"evaluation", "strip", "daily", "subgroup", "funnel", "overrides"}


@pytest.mark.parametrize("theme", [WEB, PRINT], ids=["web", "print"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_never_becomes_markup(name: str, theme: Theme) -> None:
    for figure in figures(hostile_dossier(name)):
        root = ET.fromstring(figure.draw(theme))
        tags = {node.tag.removeprefix(SVG) for node in root.iter()}
        assert not tags & {"script", "img", "image", "foreignObject", "a", "style", "use"}
        named = {attribute for node in root.iter() for attribute in node.attrib}
        assert not [attribute for attribute in named if attribute.startswith("on") or attribute in {"style", "href"}]


def test_every_figure_is_told_in_words_and_marked_when_synthetic() -> None:
    for figure in figures(dossier()):
        root = ET.fromstring(figure.draw(WEB))
        ids = {node.get("id") for node in root.iter()}
        assert root.get("role") == "img"
        assert set(root.get("aria-labelledby").split()) <= ids
        assert root.find(f"{SVG}title").text
        assert root.find(f"{SVG}desc").text
        synthetic = not figure.key.startswith("evaluation")
        assert ("synthetic" in texts(figure.draw(WEB))) is synthetic


def test_ids_are_unique_over_all_figures_of_a_page() -> None:
    drawn = "".join(figure.draw(WEB) for figure in figures(dossier()))
    ids = re.findall(r' id="([^"]+)"', drawn)
    assert len(ids) == len(set(ids))


def test_the_same_data_draws_the_same_bytes_and_the_web_inherits_its_ink() -> None:
    for figure in figures(dossier()):
        assert figure.draw(WEB) == figure.draw(WEB)
        assert "currentColor" in figure.draw(WEB)
        assert "currentColor" not in figure.draw(PRINT)


@pytest.mark.parametrize("name", ["style", "onload", "onclick"])
def test_the_builder_refuses_styles_and_event_attributes(name: str) -> None:
    with pytest.raises(ValueError, match="not allowed"):
        element("rect", **{name: "x"})


def test_attributes_are_escaped_and_numbers_have_two_decimals() -> None:
    assert element("a", x='"><b>', y=1 / 3, z=-0.001) == '<a x="&quot;&gt;&lt;b&gt;" y="0.33" z="0"/>'


def test_a_row_without_a_judgement_stays_in_the_forest_plot() -> None:
    row = ForestRow("sex O", None, None, None, 0.8, "not_assessed", "", "3", "too few cases")
    assert "not assessed: too few cases" in texts(forest_plot([row], FRAME))


def test_a_day_without_cases_is_blank_and_not_zero() -> None:
    empty = DailyPoint("2026-09-02", 0, 0, 0.0)
    days = [DailyPoint("2026-09-01", 10, 2, 0.3), empty, DailyPoint("2026-09-03", 10, 3, 0.4)]
    svg = daily_series(days, FRAME)
    assert len(re.findall(r"<circle", svg)) == 2
    assert len(re.findall(r"<path", svg)) == 0


def test_a_day_far_off_wears_another_shape() -> None:
    far_off = daily_series(daily(), FRAME).count("<polygon")
    calm = daily_series([day for day in daily() if day.day != "2026-09-22"], FRAME).count("<polygon")
    assert far_off == calm + 1


def test_the_operating_point_is_drawn_where_it_is_known() -> None:
    without = roc_curve(roc_points(), None, FRAME)
    assert "no operating point" in texts(without)
    assert roc_curve(roc_points(), CurvePoint(0.16, 0.87), FRAME).count("<rect") == without.count("<rect") + 2


def test_the_reliability_curve_says_how_many_cases_stand_behind_it() -> None:
    svg = reliability_curve(bins(), FRAME)
    assert "n 150" in texts(svg)
    assert svg.count("<rect") == len(bins())


def test_funnel_limits_narrow_with_the_count_and_hold_the_centre() -> None:
    limits = funnel_limits(0.25, 200)
    assert all(row.lowest <= row.low <= 0.25 <= row.high <= row.highest for row in limits)
    assert limits[0].high - limits[0].low > limits[-1].high - limits[-1].low
    assert funnel_limits(0.0, 200) == ()


def test_the_funnel_draws_the_limit_that_judged_each_scanner() -> None:
    judged, other = FunnelPoint("a", 40, 0.5, "ok", 0.8), FunnelPoint("b", 50, 0.4, "not_assessed")
    one, both = (scanner_funnel(points, 0.5, (), FRAME) for points in ([other], [judged, other]))
    assert "its own limit" in one
    assert both.count('stroke-width="2.5"') == one.count('stroke-width="2.5"') + 1


def test_a_funnel_without_limits_is_drawn_still() -> None:
    svg = scanner_funnel([FunnelPoint("one", 3, 0.0, "ok")], 0.0, (), FRAME)
    assert ET.fromstring(svg).tag == f"{SVG}svg"


def test_the_override_matrix_shows_the_counts_of_its_four_cells() -> None:
    figure = override_figures(monitor()["signals"], synthetic=False)[0]
    shown = texts(figure.draw(WEB))
    assert all(count in shown.split() for count in ("78", "18", "7", "309"))
    assert "81.2 % of row" in shown


def test_no_matrix_is_drawn_where_a_cell_is_missing() -> None:
    signals = [s for s in monitor()["signals"] if s["subject"].get("cell") != "ai-read+"]
    assert override_figures(signals, synthetic=False) == ()


def test_signals_of_two_modes_or_sites_never_share_a_picture() -> None:
    run = monitor()
    twice = [*run["signals"], *({**signal, "mode": "live"} for signal in run["signals"])]
    captions = [f.caption for f in monitor_figures(dossier(monitor={**run, "signals": twice}))]
    assert len([caption for caption in captions if "override" in caption.lower() or "decided" in caption]) == 2
    assert len([caption for caption in captions if "funnel" in caption]) == 2


def test_only_shares_of_a_scanner_are_drawn_as_a_funnel() -> None:
    run = monitor()
    shares = [signal for signal in run["signals"] if signal["code"] == "SCN001"]
    other = [{**signal, "code": "SCN005", "statistic": "quality_shift", "value": -1.2} for signal in shares]
    pictures = [monitor_figures(dossier(monitor={**run, "signals": found})) for found in (shares, [*shares, *other])]
    funnels = [[figure.caption for figure in found if "funnel" in figure.caption.lower()] for found in pictures]
    assert funnels[0] == funnels[1] != []


def test_the_strip_shows_the_gravest_state_first_in_marks_and_words() -> None:
    svg = signal_strip({"score": ["ok", "alert", "not_assessed", "watch"]}, FRAME)
    assert "1 alert, 1 watch, 1 not assessed, 1 ok" in texts(svg)


@pytest.mark.parametrize("span", [(0.0, 1.0), (0.7, 0.9), (-3.0, 4.0), (0.0, 128.0), (0.0, 0.1)])
def test_ticks_are_round_ascending_and_inside_the_range(span: tuple[float, float]) -> None:
    found = ticks(span)
    assert found == sorted(found)
    assert len(found) >= 3
    assert span[0] - 1e-9 <= found[0]
    assert found[-1] <= span[1] + 1e-9


@pytest.mark.parametrize("values", [[0.5], [0.0], [1.0], [0.0, 1.0], [3.0], [-1.0, 1.0]])
def test_a_range_holds_its_values_and_is_never_empty(values: list[float]) -> None:
    low, high = range_of(values)
    assert low <= min(values)
    assert high >= max(values)
    assert low < high
