"""The groups of an evaluation in lines for a person: the judged ones, how many were too small, what nobody stated."""

from collections.abc import Iterator

from pipelines.estimate_text import estimate_text
from registry.domain.group_report import GroupFinding, GroupReport

BETWEEN = "*"


def group_lines(report: GroupReport) -> Iterator[str]:
    """Yield one line an attribute, and one a judged group of it; pairs of attributes stay in the record."""
    for covered in report.axes:
        if BETWEEN in covered.axis:
            continue
        found = [one for one in report.found if one.axis == covered.axis]
        judged = [one for one in found if one.estimate.value is not None]
        small = sorted({one.group for one in found} - {one.group for one in judged})
        unknown = covered.unknown
        told = unknown.reason or f"not stated by {unknown.value:.1%} of {unknown.n}"
        few = f"; too small to be assessed: {', '.join(small)}" if small else ""
        more = f" and {covered.further} further" if covered.further else ""
        yield f"  by {covered.axis}: {told}{few}{more}"
        yield from map(_line, judged)


def _line(one: GroupFinding) -> str:
    gap = "" if one.difference is None else f"; less the rest {estimate_text(one.difference)}, q {one.q_value:.3f}"
    return f"    {one.metric + ' ' + one.group:28} {estimate_text(one.estimate)}, n {one.estimate.n}{gap}"
