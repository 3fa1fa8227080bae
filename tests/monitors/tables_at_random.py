"""Random observation tables, small and nasty: reruns, addenda, nameless reads, missing values, clock changes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from monitors.engine.tables import Tables

Row = dict[str, Any]
_SHOWN = (True, True, False, None)
_STATED = (True, False, None)
_UNSURE = (False, None, None, True)
_ZONES = {"north": "Europe/Vienna", "south": "Pacific/Auckland"}


def zone_of(site: str) -> str:
    """Return the time zone of a random site."""
    return _ZONES.get(site, "UTC")


@dataclass(frozen=True)
class RandomRows:
    """The rows of the four tables."""

    acquisitions: list[Row]
    predictions: list[Row]
    reads: list[Row]
    outcomes: list[Row]

    def tables(self) -> Tables:
        """Return them as Arrow tables with the stored types."""
        return Tables(
            _table(self.acquisitions, _ACQUISITIONS),
            _table(self.predictions, _PREDICTIONS),
            _table(self.reads, _READS),
            _table(self.outcomes, _OUTCOMES),
        )


def random_rows(seed: int, studies: int = 40) -> RandomRows:
    """Draw tables; the same seed gives the same rows."""
    rng = np.random.default_rng(seed)
    acquisitions = [row for study in range(studies) for row in _series(rng, study)]
    predictions = [_prediction(rng, n, acquisitions) for n in range(3 * studies)]
    reads = [_read(rng, n, predictions) for n in range(3 * studies)]
    outcomes = [_outcome(rng, predictions) for _ in range(2 * studies)]
    keys = {(o["target"], o["unit"], o["unit_uid"], o["source"], o["established_at"]): o for o in outcomes}
    return RandomRows(acquisitions, predictions, reads, list(keys.values()))


def _instant(rng: np.random.Generator, low: int = 0, high: int = 90 * 24) -> str:
    minutes = int(rng.integers(low * 60, high * 60, endpoint=True))
    found = np.datetime64("2026-02-01T00:00:00.000000") + np.timedelta64(minutes * 7 // 5, "m")
    return f"{found}Z"


def _any(rng: np.random.Generator, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _series(rng: np.random.Generator, study: int) -> list[Row]:
    site = _any(rng, "north", "south", "elsewhere")
    patient, sex, age = f"p{int(rng.integers(20))}", _any(rng, "F", "M", None), float(rng.integers(0, 99))
    return [
        {
            "series_uid": f"2.25.9{study}{n}",
            "study_uid": f"2.25.{study}",
            "patient": patient,
            "site": site,
            "acquired_at": _instant(rng),
            "modality": "MR",
            "scanner": _any(rng, "s1", "s2", None),
            "age_years": _any(rng, age, None),
            "sex": sex,
        }
        for n in range(int(rng.integers(1, 4)))
    ]


def _prediction(rng: np.random.Generator, n: int, acquisitions: list[Row]) -> Row:
    series = _any(rng, *acquisitions)
    unit = _any(rng, "study", "series")
    score = float(_any(rng, rng.random(), 0.0, 1.0, 0.5))
    status = _any(rng, "scored", "scored", "scored", "skipped", "failed")
    return {
        "prediction_id": f"a{n}",
        "model": _any(rng, "m", "m", "other"),
        "version": _any(rng, "1", "2"),
        "study_uid": _any(rng, *[series["study_uid"]] * 9, "2.25.777"),
        "target": _any(rng, "t", "u"),
        "predicted_at": _instant(rng),
        "unit": unit,
        "unit_uid": series["study_uid"] if unit == "study" else series["series_uid"],
        "status": status,
        "series_uid": _any(rng, series["series_uid"], None) if unit == "study" else series["series_uid"],
        "score": score if status == "scored" else None,
        "decision": bool(rng.random() < score) if status == "scored" else None,
        "threshold": _any(rng, 0.5, None),
        "mode": _any(rng, "live", "live", "shadow", "retrospective"),
    }


def _read(rng: np.random.Generator, n: int, predictions: list[Row]) -> Row:
    about = _any(rng, *predictions)
    return {
        "read_id": f"r{n}",
        "study_uid": about["study_uid"],
        "target": about["target"],
        "reader": _any(rng, "dr1", "dr2", "dr3"),
        "read_at": _instant(rng),
        "decision": bool(rng.integers(2)),
        "unit": about["unit"],
        "unit_uid": about["unit_uid"],
        "prediction_id": _any(rng, about["prediction_id"], None, "unheard-of"),
        "ai_shown": _any(rng, *_SHOWN),
        "action": _any(rng, "accepted", "rejected", "modified", "ignored", None),
        "stage": _any(rng, "final", "final", "preliminary", "addendum"),
        "attributes": _any(rng, '{"synthetic":"true"}', "{}"),
    }


def _outcome(rng: np.random.Generator, predictions: list[Row]) -> Row:
    about = _any(rng, *predictions)
    return {
        "study_uid": about["study_uid"],
        "target": about["target"],
        "unit": about["unit"],
        "unit_uid": about["unit_uid"],
        "truth": bool(rng.integers(2)),
        "source": _any(rng, "pathology", "follow-up", "consensus", "consensus", "report"),
        "established_at": _instant(rng),
        "established_by": _any(rng, None, [], ["dr1"], ["dr2", "dr3"]),
        "ai_blinded": _any(rng, *_STATED),
        "indeterminate": _any(rng, *_UNSURE),
    }


_T, _N, _B = pa.string(), pa.float64(), pa.bool_()
_ACQUISITIONS = {
    **dict.fromkeys(("series_uid", "study_uid", "patient", "site", "acquired_at", "modality", "scanner", "sex"), _T),
    "age_years": _N,
}
_PREDICTIONS = {
    **dict.fromkeys(
        ("prediction_id", "model", "version", "study_uid", "target", "predicted_at", "unit", "unit_uid"), _T
    ),
    **dict.fromkeys(("status", "series_uid", "mode"), _T),
    "score": _N,
    "decision": _B,
    "threshold": _N,
}
_READS = {
    **dict.fromkeys(("read_id", "study_uid", "target", "reader", "read_at", "unit", "unit_uid", "prediction_id"), _T),
    "decision": _B,
    "ai_shown": _B,
    "action": _T,
    "stage": _T,
    "attributes": _T,
}
_OUTCOMES = {
    **dict.fromkeys(("study_uid", "target", "unit", "unit_uid", "source", "established_at"), _T),
    "truth": _B,
    "established_by": pa.list_(_T),
    "ai_blinded": _B,
    "indeterminate": _B,
}


def _table(rows: list[Row], types: dict[str, Any]) -> pa.Table:
    columns = {name: pa.array([row.get(name) for row in rows], kind) for name, kind in types.items()}
    return pa.table(columns)
