"""Test sets under change plans: set apart once with their budget, each look at them counted, over all versions.

A test set's alpha and its looks are frozen when the first plan that names it is adopted; no later plan widens them.
The way to more looks is a new test set, which shares no patient with an earlier one, in a plan that both roles sign.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from registry.cohorts import manifest
from registry.domain.change_plan import ChangePlan
from registry.domain.errors import AnswerIsNoError, LeakFoundError
from registry.domain.event import EventDraft, Subject
from registry.domain.plan_criteria import Acceptance
from registry.domain.ports import ObjectStore
from registry.history import events_of, whole_events
from registry.ledger.store import Transaction
from registry.versions import cohort_row

SEQUESTERED, FROZEN = "test_set.sequestered", "protocol.frozen"


@dataclass(frozen=True)
class TestSet:
    """A test set that is set apart: its cohort, one-sided alpha for all looks together, and how many there may be."""

    __test__ = False  # no test class
    cohort: str
    digest: str
    alpha: str
    looks: int
    event_seq: int

    @property
    def alpha_per_look(self) -> float:
        """The one-sided error that one look may spend (Bonferroni)."""
        return float(self.alpha) / self.looks


@dataclass(frozen=True)
class ToldLook:
    """One look at a test set: its number, the event that froze it, what was frozen, and whose it was."""

    number: int
    event_seq: int
    digest: str
    version: str
    at: str


@dataclass(frozen=True)
class Budget:
    """Where a test set stands: the looks that were made, and what is left."""

    test_set: TestSet
    looks: tuple[ToldLook, ...]

    @property
    def left(self) -> int:
        """Looks that may still be made."""
        return max(0, self.test_set.looks - len(self.looks))

    @property
    def spent(self) -> float:
        """One-sided alpha that was spent."""
        return len(self.looks) * self.test_set.alpha_per_look

    def number_of(self, digest: str) -> ToldLook | None:
        """Return the look at which something was frozen, or None."""
        return next((look for look in self.looks if look.digest == digest), None)

    def require_left(self) -> None:
        """Refuse a further look past the budget.

        Raises:
            AnswerIsNoError: when it is spent.
        """
        if not self.left:
            raise AnswerIsNoError(
                f"the budget of {self.test_set.looks} looks at '{self.test_set.cohort}' is spent",
                mend="freeze a new test cohort and adopt a plan that names it",
            )

    @property
    def warning(self) -> str:
        """What is to be said with one more look: that it is the last one; empty before."""
        return f"the last of {self.test_set.looks} looks at '{self.test_set.cohort}'" if self.left == 1 else ""


def sequestered(session: Session, digest: str) -> TestSet | None:
    """Return the test set of a cohort's digest; None where no plan set it apart."""
    return next((one for one in every_test_set(session) if one.digest == digest), None)


def every_test_set(session: Session) -> Iterator[TestSet]:
    """Yield the test sets that were set apart, oldest first."""
    for event, told in whole_events(session, (SEQUESTERED,)):
        yield TestSet(told["cohort"], told["cohort_digest"], told["alpha"], told["looks"], event.seq)


def budget_of(session: Session, found: TestSet) -> Budget:
    """Count the looks at a test set since it was set apart, by the events alone, whatever became of their payloads.

    Whatever is frozen to be scored on it counts, of any model and version, under any plan; the same twice is one look.
    """
    looks: dict[str, ToldLook] = {}
    for event in events_of(session, (FROZEN,)):
        subjects = event.record["subjects"]
        if event.seq > found.event_seq and any(one["digest"] == found.digest for one in subjects):
            digest = str(subjects[0]["digest"])
            whose = next((str(one["name"]) for one in subjects if one["kind"] == "version"), "")
            looks.setdefault(digest, ToldLook(len(looks) + 1, event.seq, digest, whose, event.record["at"]))
    return Budget(found, tuple(looks.values()))


def require_usable(session: Session, objects: ObjectStore, plan: ChangePlan) -> str:
    """Refuse a plan whose test set has another budget, is spent, or holds patients of another one; return its digest.

    Raises:
        AnswerIsNoError: when the plan would widen the budget, or nothing is left of it.
        LeakFoundError: when a new test set shares patients with one that was set apart for the same question.
    """
    row = cohort_row(session, plan.acceptance.test_cohort)
    known = sequestered(session, row.digest)
    if known is None:
        _require_new(session, objects, row.name, row.digest)
        return row.digest
    _require_same_budget(known, plan.acceptance)
    budget_of(session, known).require_left()
    return known.digest


def sequester(
    tx: Transaction, plan: ChangePlan, digest: str, actor: dict[str, str], signatures: tuple[str, ...]
) -> None:
    """Set a plan's test set apart, unless it is; the plan's signatures are those of the new test set too."""
    if sequestered(tx.session, digest) is not None:
        return
    rules = plan.acceptance
    payload = {
        "model": plan.model,
        "cohort": rules.test_cohort,
        "cohort_digest": digest,
        "alpha": rules.alpha,
        "looks": rules.looks,
        "plan": plan.number,
        "signatures": list(signatures),
    }
    subjects = (Subject("cohort", rules.test_cohort, digest), Subject("change-plan", plan.name, plan.digest))
    tx.append(EventDraft(SEQUESTERED, actor, subjects, payload))


def _require_same_budget(known: TestSet, rules: Acceptance) -> None:
    if (known.alpha, known.looks) != (rules.alpha, rules.looks):
        raise AnswerIsNoError(
            f"'{known.cohort}' was set apart with {known.looks} looks for alpha {known.alpha}, which no plan changes",
            mend="keep them, or name a new test cohort",
        )


def _require_new(session: Session, objects: ObjectStore, name: str, digest: str) -> None:
    fresh = manifest(objects, digest)
    for other in every_test_set(session):
        used = manifest(objects, other.digest)
        shared = fresh.patients() & used.patients() if used.target == fresh.target else frozenset()
        if shared:
            raise LeakFoundError(
                f"'{name}' shares {len(shared)} patients with the test set '{other.cohort}'",
                mend="a new test set holds patients that no candidate was judged on",
            )
