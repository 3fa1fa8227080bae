"""Agreement of the model and the readers who saw its answer, beyond what chance gives."""

from dataclasses import replace

import numpy as np

from monitors.counts import Family
from monitors.draft import Reading
from monitors.shares import thin
from registry.domain.vocabulary import NotAssessed
from validation.statistics.agreement import Kappa, kappa, mcnemar
from validation.statistics.arrays import IntArray
from validation.statistics.gwet import gwet_ac1


def chance_agreement(reads: Family, least: int) -> Reading:
    """Return Gwet's AC1 of the model's decision and the final read, by patient; kappa and McNemar's test in words.

    Args:
        reads: with the model's answer on screen, the patient as an axis.
        least: reads that are needed.
    """
    tables = _tables(reads)
    n, patients = reads.total, len(tables)
    reading = Reading(n, n_patients=patients)
    if n < max(least, 1):
        why = f"{n} reads with the model's answer on screen, at least {least} are needed"
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    found = gwet_ac1(tables)
    if few := thin(n, patients):
        return replace(reading, value=found.value, reason=NotAssessed.CLUSTERED, why=few)
    return replace(reading, value=found.value, interval=found.bounds, why=_why(tables))


def _tables(reads: Family) -> IntArray:
    """Return one table a patient int64[p, 2, 2]: the model negative or positive, then the reader."""
    patient = np.unique(reads.codes_of("patient"), return_inverse=True)[1]
    ai, final = (reads.is_level(axis, "pos").astype(np.int64) for axis in ("ai_decision", "read_decision"))
    cell = np.bincount(4 * patient + 2 * ai + final, reads.counts, 4 * (int(patient.max(initial=-1)) + 1))
    return cell.astype(np.int64).reshape(-1, 2, 2)


def _why(tables: IntArray) -> str:
    (_, reader_alone), (model_alone, _) = tables.sum(axis=0).tolist()
    said = [_spelt(kappa(tables)) if _varies(tables) else "kappa does not exist, for one category alone was used"]
    if reader_alone + model_alone and tables.sum(axis=(1, 2)).max() == 1:
        p_value = mcnemar(reader_alone, model_alone).exact_p_value
        said.append(f"positive for the model alone {model_alone}, for the reader alone {reader_alone}")
        said.append(f"McNemar's exact p {p_value:.2g}")
    return ", ".join(said)


def _varies(tables: IntArray) -> bool:
    return bool(np.diag(tables.sum(axis=0)).max() < tables.sum())


def _spelt(found: Kappa) -> str:
    bounds = f" ({found.bounds.low:.3f} to {found.bounds.high:.3f})" if found.bounds else ""
    return f"kappa {found.value:.3f}{bounds}"
