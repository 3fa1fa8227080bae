"""Validation: each evaluation with its verdict, criteria, metrics and curves; earlier ones short, but never hidden."""

from collections.abc import Sequence

from dashboards.view.blocks import Block, Cell, Columns, Details, Facts, Heading, Paragraph, Section, state_cell
from dashboards.view.evaluation_figures import forest_figures, reliability_figures, roc_figures
from dashboards.view.evaluation_tables import bins_block, criteria_table, methods_block, metrics_table
from dashboards.view.groups import group_blocks
from dashboards.view.numbers import count_text, instant_words, number_text
from dashboards.view.words import state_words
from registry.domain.dossier import Dossier, EvaluationView, Json

JUDGED = "A criterion is judged on the bound of the interval, never on the estimate."
EARLIER = (
    "This cohort was evaluated again later, under another protocol. This evaluation and its verdict stay on record."
)

Pair = tuple[str, Cell]


def validation_section(dossier: Dossier) -> Section:
    """Return all evaluations, the oldest first."""
    ordered = sorted(dossier.evaluations, key=lambda view: view.event_seq)
    blocks = [
        block for number, view in enumerate(ordered, start=1) for block in evaluation_blocks(view, number, ordered)
    ]
    intro = Paragraph(JUDGED if blocks else "This version has not been evaluated on any cohort.", "quiet")
    return Section("validation", "Validation", (intro, *blocks))


def evaluation_blocks(view: EvaluationView, number: int, every: Sequence[EvaluationView]) -> tuple[Block, ...]:
    """Return one evaluation in full, or in short where a newer one judged the same cohort by another.

    Args:
        view: the evaluation.
        number: its place in the ledger's order, from 1.
        every: all evaluations of the version, in the ledger's order.
    """
    key = f"evaluation-{number}"
    title = f"{view.record['cohort']}, {view.record['cohort_role']}"
    others = _of_the_same_cohort(view, every)
    newer = [other for other in others if other.event_seq > view.event_seq]
    if newer:
        heading = Heading(key, f"{title} (earlier, ledger event {count_text(view.event_seq)})")
        judged = (_head(view, others), criteria_table(view.record, key))
        return (heading, Paragraph(EARLIER, "warn"), *judged, *_measured_again(view, newer[-1], key, title))
    return (Heading(key, title), _head_row(view, others, key, title), *_full(view, key, title))


def _of_the_same_cohort(view: EvaluationView, every: Sequence[EvaluationView]) -> list[EvaluationView]:
    """Return the other evaluations of the same cohort under another protocol."""
    return [
        other
        for other in every
        if other.record["cohort_digest"] == view.record["cohort_digest"]
        and other.record["protocol_digest"] != view.record["protocol_digest"]
    ]


def _head_row(view: EvaluationView, others: Sequence[EvaluationView], key: str, title: str) -> Block:
    """Return the head, beside the criteria's picture where there is one."""
    head, forest = _head(view, others), forest_figures(view.record, key, title)
    return Columns((head,), forest, halves=True) if forest else head


def _measured_again(view: EvaluationView, newer: EvaluationView, key: str, title: str) -> tuple[Block, ...]:
    """Return what was measured: in a sentence where the newer evaluation measured just the same."""
    if _same_measures(view, newer):
        seq = count_text(newer.event_seq)
        said = f"Metrics, curves and bins are the same, number by number, as those of ledger event {seq}, shown there."
        return (Paragraph(said, "quiet"), _digests(view))
    measured = (*forest_figures(view.record, key, title), *_measured(view, key, title))
    return (Details("Metrics and curves of this earlier evaluation", measured),)


def _same_measures(view: EvaluationView, newer: EvaluationView) -> bool:
    mine, theirs = view.record["metrics"], newer.record["metrics"]
    same = mine == theirs and view.record.get("groups") == newer.record.get("groups")
    return bool(same and view.roc == newer.roc and view.reliability == newer.reliability)


def _full(view: EvaluationView, key: str, title: str) -> tuple[Block, ...]:
    return _measured(view, key, title, criteria_table(view.record, key))


def _measured(view: EvaluationView, key: str, title: str, *before: Block) -> tuple[Block, ...]:
    """Return `before`, the metrics and what folds, beside the curves where there are any."""
    tables, groups = (*before, metrics_table(view.record, key)), group_blocks(view.record, key)
    folded = (*methods_block(view.record), *bins_block(view.reliability, key, view.record["cohort"]), _digests(view))
    curves = (*roc_figures(view, key, title), *reliability_figures(view, key, title))
    return (*((Columns((*tables, *folded), curves),) if curves else (*tables, *folded)), *groups)


def _head(view: EvaluationView, others: Sequence[EvaluationView]) -> Facts:
    record = view.record
    return Facts(
        (
            ("Verdict", state_cell(record["verdict"])),
            ("Completed", Cell(instant_words(view.completed_at))),
            ("Threshold", Cell(number_text(record["threshold"]), "number")),
            ("Data", state_cell("synthetic", "synthetic") if record["synthetic"] else Cell("observed")),
            ("Ledger event", Cell(count_text(view.event_seq), "number")),
            *(_mention(view, other) for other in others),
            *_why(record),
        )
    )


def _digests(view: EvaluationView) -> Details:
    facts = Facts(
        (
            ("Evaluation record", Cell(view.digest, "code")),
            ("Cohort", Cell(view.record["cohort_digest"], "code")),
            ("Protocol", Cell(view.record["protocol_digest"], "code")),
        )
    )
    return Details("Digests of record, cohort and protocol", (facts,))


def _why(record: Json) -> tuple[Pair, ...]:
    """Return the reason of the verdict, unless it only repeats what the table of criteria says row by row."""
    repeated = "; ".join(
        f"{found['criterion']}: {found['why']}" for found in record["criteria"] if found["verdict"] == record["verdict"]
    )
    return () if record["why"] == repeated else (("Why", Cell(record["why"])),)


def _mention(view: EvaluationView, other: EvaluationView) -> Pair:
    when = "Evaluated again" if other.event_seq > view.event_seq else "Evaluated before"
    note = f"ledger event {count_text(other.event_seq)}, another protocol"
    verdict = str(other.record["verdict"])
    return (when, state_cell(verdict, state_words(verdict), note))
