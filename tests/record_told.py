"""A card and a lineage for tests of the pages that show them."""

from groups_told import some_groups
from monitor_runs import digest

from registry.domain.card import Card, CardField, FieldKind, Source
from registry.domain.card_fields import FIELDS
from registry.domain.record_views import CardView, CohortUse, LineageView

SOURCES = (Source("evaluation", 19, digest("internal evaluation")),)
AT = "2026-08-20T14:05:09.000123Z"


def some_card(model: str) -> CardView:
    """Return a stale card: one field measured, one declared, one not applicable, the rest unknown."""
    counts = {"cohort": "sarcoma-internal", "role": "internal-test", "units": 642, "positive": 231, "patients": 48}
    told = [one.to_json() for one in some_groups().found if "*" not in one.axis]
    test = counts | {"scanners": 2, "sites": ["general"], "synthetic": True, "groups": told, "unknown": {}}
    groups = {"tests": [test], "assessed": ["scanner", "sex"], "not_assessed": ["age_band", "ethnicity", "race"]}
    unknown = CardField(FieldKind.UNKNOWN, reason="nobody declared it")
    known = {
        "fairness_internal": CardField(FieldKind.MEASURED, groups, SOURCES),
        "known_biases": CardField(FieldKind.DECLARED, f"None, says {model}", SOURCES, "lead-1", AT),
        "foundation_models": CardField(FieldKind.NOT_APPLICABLE, None, SOURCES, "lead-1", AT, "none is used"),
    }
    card = Card(
        model,
        "3",
        "sarcoma-visible",
        digest("artifact"),
        synthetic=True,
        inputs={"evaluations": [{"event_seq": 19, "digest": digest("internal evaluation")}], "change_plan": None},
        fields={key: known.get(key, unknown) for key in FIELDS},
        assessed=("scanner", "sex"),
        not_assessed=("age_band", "ethnicity", "race"),
    )
    return CardView(card, 21, AT, "evaluations")


def some_lineage(model: str) -> LineageView:
    """Return the lineage of a version whose training cohort another version shares."""
    name, here = f"{model}@3", (11, AT, "engineer-1")
    told = {"event_seq": 19, "at": AT, "person": "lead-1"}
    spans = ((AT, "2026-09-01T08:00:00.000000Z"), ("2026-09-02T08:00:00.000000Z", ""))
    return LineageView(
        name,
        "sarcoma-visible",
        digest("artifact"),
        *here,
        (
            CohortUse("sarcoma-train", "train", digest("train"), 3, "fitted", (f"{model}@2",), ()),
            CohortUse("sarcoma-internal", "internal-test", digest("internal"), 5, "tested", (), (f"{model}@2",)),
        ),
        ({"kind": "evaluation", "cohort": "sarcoma-internal", "verdict": "passed", **told},),
        ({"role": "clinical lead", **told},),
        ({"site": "general", "mode": "shadow", "spans": spans, **told},),
    )
