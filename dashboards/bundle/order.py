"""Whether what was judged was judged by what was frozen before: order and content, from the folder alone (CHG-05)."""

from collections.abc import Iterator, Mapping
from typing import Any

from registry.domain.canonical import parse_canonical
from registry.domain.digest import PREFIX
from registry.domain.estimate import decimal_text

_ORDER: Mapping[str, str] = {
    "plan": "change_plan.adopted",
    "cohort": "cohort.frozen",
    "frozen": "protocol.frozen",
}
Files = Mapping[str, bytes]
Told = Mapping[int, tuple[Mapping[str, Any], Mapping[str, Any] | None]]


def comparison_faults(files: Files, told: Told, seq: int, payload: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a comparison lacks: plan and test set, then the frozen look, then scores; one and the same criteria.

    Args:
        files: the folder's files by name.
        told: the events that it carries, by number: the event, and its payload.
        seq: the event that tells of the comparison.
        payload: that event's payload.
    """
    record = _record(files, "comparisons", payload["digest"])
    order, name = record["order"], f"the comparison of event {seq}"
    if [told[order[key]][0]["type"] for key in _ORDER] != list(_ORDER.values()):
        yield f"{name} names other events than its plan, cohort and look"
        return
    if not max(order["plan"], order["cohort"]) < order["frozen"] < seq:
        yield f"{name} was not frozen before it was scored: the order is violated"
    frozen = _payload(told, order["frozen"])
    if record["protocol_digest"] != frozen["digest"]:
        yield f"{name} was judged by another protocol than event {order['frozen']} froze: the order is violated"
        return
    look = _record(files, "protocols", frozen["digest"])
    plan = _record(files, "plans", _payload(told, order["plan"])["digest"])
    yield from _content_faults(name, record, look, plan)
    first = _first_scored(told, record)
    if first < order["plan"]:
        yield f"{name}: scored in event {first}, before its criteria were signed: the order is violated"


def evaluation_faults(files: Files, seq: int, record: Mapping[str, Any]) -> Iterator[str]:
    """Yield where an evaluation was judged by other criteria, cohort or artifact than its protocol froze."""
    protocol = _record(files, "protocols", record["protocol_digest"])
    judged = [criterion["criterion"] for criterion in record["criteria"]]
    wanted = ["".join(text.split()) for text in protocol["criteria"]]
    if judged != wanted:
        yield f"the evaluation of event {seq} was judged by other criteria than were frozen: the order is violated"
    for key in ("cohort_digest", "artifact_digest"):
        if protocol[key] != record[key]:
            yield f"the evaluation of event {seq} has another {key.split('_')[0]} than its protocol was frozen to"


def _content_faults(
    name: str, record: Mapping[str, Any], look: Mapping[str, Any], plan: Mapping[str, Any]
) -> Iterator[str]:
    """Yield where plan, look and comparison differ in criteria, margins, level, metric code or test set."""
    rules = plan["acceptance"]
    if look["acceptance"] != rules:
        yield f"{name} was frozen with other acceptance criteria than the plan's: the order is violated"
    margins = {
        (row["metric"], against): row[f"margin_to_{against}"]
        for row in rules["criteria"]
        for against in ("original", "deployed")
    }
    if {(row["metric"], row["against"]): row["margin"] for row in record["metrics"]} != margins:
        yield f"{name} was judged by other criteria than were frozen: the order is violated"
    if record["level"] != decimal_text(1 - 2 * float(rules["alpha"]) / rules["looks"]):
        yield f"{name} has intervals of another level than its looks leave"
    codes = {record["metric_code"], look["metric_code"], plan["frozen"]["metric_code"]}
    if len(codes) > 1:
        yield f"{name} was judged by other code than was frozen"
    if len({record["cohort_digest"], look["cohort_digest"], plan["frozen"]["test_set"]}) > 1:
        yield f"{name} was made on another test set than was frozen"


def _first_scored(told: Told, record: Mapping[str, Any]) -> int:
    """Return the event that first tells that a comparison's candidate was scored on its cohort."""
    subject = {"kind": "cohort", "name": record["cohort"], "digest": record["cohort_digest"]}
    wanted = f"{record['model']}@{record['candidate']}"
    scored = [
        seq
        for seq, (event, _) in told.items()
        if event["type"] in {"evaluation.completed", "candidate.compared"}
        and subject in event["subjects"]
        and event["subjects"][0]["name"] == wanted
    ]
    return min(scored)


def _payload(told: Told, seq: int) -> Mapping[str, Any]:
    return told[seq][1] or {}


def _record(files: Files, folder: str, digest: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = parse_canonical(files[f"{folder}/{digest.removeprefix(PREFIX)}.json"])
    return found
