"""A small hospital with planted failures, as Arrow tables: the input of the monitors' tests."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from monitors.counts import Counts
from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, Tables, axes_of
from monitors.run import Occasion, monitor_run
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan

FIRST = np.datetime64("2026-01-01T12:00:00.000000")
PLAN = MonitoringPlan()
VERSIONS = {name: {"version": 1, "digest": "sha256:" + "0" * 64} for name in ("acquisitions", "predictions")}


@dataclass(frozen=True)
class Hospital:
    """What is planted, from day `since` on.

    Attributes:
        days, per_day: size; the reference is days 0 to 59, the last window days 92 to 119.
        shift: added to the latent score.
        skill: distance of the classes on the latent score; `late_skill` after `since`.
        bad_scanner, bad_sex: shift, and loss of skill, on scanner `s2`, and in women.
        repeat: units a patient has.
        shown: whether readers saw the model's answer; None for unknown.
        overrides: share of reads that differ from the model; `late_overrides` after `since`.
        labelled: share of units with an outcome; `late_labelled` after `since`.
    """

    seed: int = 0
    days: int = 120
    per_day: int = 20
    since: int = 90
    shift: float = 0.0
    skill: float = 2.0
    late_skill: float = 2.0
    bad_scanner: float = 0.0
    bad_sex: float = 0.0
    repeat: int = 1
    mode: str = "live"
    shown: bool | None = True
    overrides: float = 0.1
    late_overrides: float = 0.1
    labelled: float = 1.0
    late_labelled: float = 1.0
    sites: tuple[str, ...] = ("north",)
    attributes: str = "{}"

    def with_(self, **changes: Any) -> "Hospital":
        """Return the same hospital with other plants."""
        return replace(self, **changes)

    def tables(self) -> Tables:
        """Draw the tables; the same plants and seed give the same rows."""
        return _tables(self, np.random.default_rng(self.seed))

    def counts(self, plan: MonitoringPlan = PLAN) -> Counts:
        """Count the tables."""
        return count_tables(self.tables(), Request("m", lambda _: "UTC", axes_of(plan)))

    def run(self, plan: MonitoringPlan = PLAN, as_of: str = "2026-04-30") -> dict[str, Any]:
        """Run the monitors on the hospital."""
        return monitor_run(self.counts(plan), plan, Occasion("m", as_of, Known.RECORDED, VERSIONS))


def signals(run: dict[str, Any], code: str, **wanted: Any) -> list[dict[str, Any]]:
    """Return the signals of a code; `site` and subject values narrow them down."""
    found = [signal for signal in run["signals"] if signal["code"] == code]
    for key, value in wanted.items():
        found = [one for one in found if (one["site"] if key == "site" else one["subject"].get(key)) == value]
    return found


def only(run: dict[str, Any], code: str, **wanted: Any) -> dict[str, Any]:
    """Return the one signal of a code."""
    found = signals(run, code, **wanted)
    assert len(found) == 1, [one["subject"] for one in found]
    return found[0]


def _tables(hospital: Hospital, rng: np.random.Generator) -> Tables:
    n = hospital.days * hospital.per_day
    day = np.repeat(np.arange(hospital.days), hospital.per_day)
    late = day >= hospital.since
    patient = np.arange(n) // hospital.repeat
    truth = _by_patient(rng.random(n) < 0.3, patient)
    female = _by_patient(rng.random(n) < 0.5, patient)
    scanner = rng.integers(0, 3, n)
    skill = np.where(late, hospital.late_skill, hospital.skill) - hospital.bad_sex * (female & late)
    latent = rng.normal(size=n) + truth * skill - 1 + late * (hospital.shift + hospital.bad_scanner * (scanner == 2))
    latent = latent if hospital.repeat == 1 else 0.6 * _by_patient(latent, patient) + 0.4 * latent
    score = 1 / (1 + np.exp(-latent))
    decision = score >= 0.5
    rate = np.where(late, hospital.late_overrides, hospital.overrides)
    read = decision ^ (rng.random(n) < rate)
    known = rng.random(n) < np.where(late, hospital.late_labelled, hospital.labelled)
    ids = [f"2.25.{row}" for row in range(n)]
    site = [hospital.sites[row % len(hospital.sites)] for row in range(n)]
    times = FIRST + day * np.timedelta64(1, "D")
    return Tables(
        _table(
            series_uid=[f"{uid}9" for uid in ids],
            study_uid=ids,
            patient=[f"p{p}" for p in patient],
            site=site,
            acquired_at=_texts(times),
            modality=["MR"] * n,
            scanner=[f"s{s}" for s in scanner],
            sex=np.where(female, "F", "M").tolist(),
            age_years=pa.array(rng.uniform(20, 90, n)),
        ),
        _table(
            prediction_id=[f"a{row}" for row in range(n)],
            model=["m"] * n,
            version=["1"] * n,
            study_uid=ids,
            target=["t"] * n,
            predicted_at=_texts(times + np.timedelta64(1, "m")),
            unit=["study"] * n,
            unit_uid=ids,
            status=["scored"] * n,
            score=pa.array(score),
            decision=pa.array(decision),
            threshold=pa.array([0.5] * n),
            mode=[hospital.mode] * n,
        ),
        _table(
            read_id=[f"r{row}" for row in range(n)],
            study_uid=ids,
            target=["t"] * n,
            reader=[f"dr{row % 4}" for row in range(n)],
            read_at=_texts(times + np.timedelta64(10, "m")),
            decision=pa.array(read),
            unit=["study"] * n,
            unit_uid=ids,
            prediction_id=[f"a{row}" for row in range(n)],
            ai_shown=pa.array([hospital.shown] * n, pa.bool_()),
            attributes=[hospital.attributes] * n,
        ),
        _table(
            study_uid=_kept(ids, known),
            target=["t"] * int(known.sum()),
            unit=["study"] * int(known.sum()),
            unit_uid=_kept(ids, known),
            truth=pa.array(truth[known]),
            source=["pathology"] * int(known.sum()),
            established_at=_kept(_texts(times + np.timedelta64(1, "D")), known),
        ),
    )


def _by_patient(values: Any, patient: Any) -> Any:
    """Give every unit of a patient the value of the patient's first unit."""
    return values[np.unique(patient, return_index=True)[1]][patient]


def _texts(times: Any) -> list[str]:
    return [f"{time}Z" for time in times]


def _kept(values: list[str], keep: Any) -> list[str]:
    return [value for value, kept in zip(values, keep, strict=True) if kept]


def _table(**columns: Any) -> pa.Table:
    return pa.table({name: _array(values) for name, values in columns.items()})


def _array(values: Any) -> Any:
    return values if isinstance(values, pa.Array) else pa.array(values, pa.string())
