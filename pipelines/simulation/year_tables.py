"""Batches of a simulated year as Arrow tables in the columns of the observation files; every row is marked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.simulation import year_columns as columns
from pipelines.simulation.reads import MARK
from pipelines.simulation.year_batch import (
    ACTIONS,
    AGAIN,
    REASONS,
    REPORTS,
    SEXES,
    SOURCES,
    STAGES,
    STATUSES,
    VERIFICATIONS,
    Batch,
)
from pipelines.simulation.year_calendar import SECOND, Calendar
from pipelines.simulation.year_fleet import BODY_PART, Fleet

_STUDY, _SERIES, _REPEAT = 1, 2, 3  # a UID's eighth digit
_EXPERIENCE = ("consultant, 12 years", "consultant, 20 years", "consultant, 5 years", "fellow, 2 years")
Tables = Mapping[str, Any]


@dataclass(frozen=True)
class TableMaker:
    """Makes tables of batches.

    Attributes:
        fleet: what places mean.
        model, version: who answers.
        tag: six digits in every identifier, so that two hospitals' records differ.
        end: rows that are known later (UTC microseconds) are left out.
    """

    fleet: Fleet
    model: str
    version: str
    tag: str
    end: int

    def tables(self, batch: Batch) -> Tables:
        """Return the batch's rows by table."""
        return {
            "acquisitions": self._acquisitions(batch),
            "predictions": self._predictions(batch),
            "reads": self._reads(batch),
            "outcomes": self._outcomes(batch),
        }

    def expected(self, calendar: Calendar) -> Any:
        """Return what should arrive, by site, modality and hour."""
        site, hour, number = calendar.arrivals()
        sites = [one.site for one in self.fleet.hospital.sites]
        modality = columns.word(self.fleet.hospital.examination.modality, hour.size)
        found = {"site": columns.words(site, sites), "modality": modality, "hour": columns.instants(hour)}
        return self._table(found | {"n": columns.numbers(number)}, hour, hour >= 0)

    def _acquisitions(self, batch: Batch) -> Any:
        """Return one row a series; a repeated series has two, the second names the first."""
        import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

        one = batch.studies
        first = {**self._identity(batch), **self._device(batch), **self._settings(batch), **_quality(batch)}
        table = self._table(first, one.received, one.received < self.end)
        again = np.flatnonzero(one.repeated & (one.received < self.end))
        if not again.size:
            return table
        whole = pa.table(first).append_column("row", pa.array(np.arange(one.day.size)))
        number = batch.number + again
        second = whole.take(pa.array(again)).drop_columns(["row"])
        for name, column in {
            "series_uid": self._uid(_REPEAT, number),
            "repeat_of": self._uid(_SERIES, number),
            "acquired_at": columns.instants(one.acquired[again] + AGAIN),
            "motion": columns.numbers(one.motion[again] * 0.2, 3),
        }.items():
            second = second.set_column(second.schema.get_field_index(name), name, column)
        rows = self._table({name: second[name] for name in second.column_names}, one.received[again], again >= 0)
        return pa.concat_tables([table, rows])

    def _identity(self, batch: Batch) -> dict[str, Any]:
        one, n = batch.studies, batch.studies.day.size
        number = np.arange(batch.number, batch.number + n)
        hospital = self.fleet.hospital
        return {
            "series_uid": self._uid(_SERIES, number),
            "study_uid": self._uid(_STUDY, number),
            "patient": columns.numbered(f"SYN{self.tag}-", one.patient + one.site.astype(np.int64) * 10**10),
            "site": columns.words(one.site, [site.site for site in hospital.sites]),
            "acquired_at": columns.instants(one.acquired),
            "modality": columns.word(hospital.examination.modality, n),
            "body_part_examined": columns.word(BODY_PART[hospital.examination], n),
            "age_years": columns.numbers(one.age, 0),
            "sex": columns.words(one.sex, SEXES),
            "received_at": columns.instants(one.received),
            "ordered_at": columns.instants(one.ordered),
            "repeat_of": columns.absent(n, "string"),
        }

    def _device(self, batch: Batch) -> dict[str, Any]:
        one, scanners = batch.studies, self.fleet.scanners
        fields = [np.nan if item.field_strength_t is None else item.field_strength_t for item in scanners]
        volts = [np.nan if item.kvp is None else item.kvp for item in scanners]
        return {
            "manufacturer": columns.words(one.scanner, [item.manufacturer for item in scanners]),
            "manufacturer_model_name": columns.words(one.scanner, [item.model for item in scanners]),
            "scanner": columns.words(one.scanner, [item.serial for item in scanners]),
            "software_versions": columns.words(one.software, self.fleet.software),
            "convolution_kernel": columns.words(one.scanner, [item.kernel or None for item in scanners]),
            "magnetic_field_strength": columns.numbers(np.array(fields)[one.scanner]),
            "kvp": columns.numbers(np.array(volts)[one.scanner]),
        }

    def _settings(self, batch: Batch) -> dict[str, Any]:
        one, protocols = batch.studies, self.fleet.protocols
        place = one.protocol % len(protocols)

        def nominal(name: str, factor: Any = 1.0) -> Any:
            values = np.array([getattr(protocol, name) for protocol in protocols], float)
            if np.isnan(values).all():
                return columns.absent(place.size)
            return columns.numbers(values[place] * factor, 2)

        return {
            "protocol_name": columns.words(one.protocol, self.fleet.protocol_names),
            "contrast": columns.booleans(np.array([protocol.contrast for protocol in protocols])[place]),
            "slice_thickness_mm": columns.numbers(one.thickness_mm, 2),
            "pixel_spacing_mm": nominal("spacing_mm"),
            "repetition_time_ms": nominal("repetition_ms"),
            "echo_time_ms": columns.numbers(one.echo_ms, 2),
            "inversion_time_ms": nominal("inversion_ms"),
            "flip_angle_deg": nominal("flip_deg"),
            "exposure_mas": nominal("exposure_mas", one.dose),
            "ctdi_vol_mgy": nominal("ctdi_mgy", one.dose),
            "dlp_mgy_cm": nominal("dlp_mgy_cm", one.dose),
            "contrast_volume_ml": nominal("contrast_ml"),
        }

    def _predictions(self, batch: Batch) -> Any:
        one, n = batch.answers, batch.answers.made.size
        number = np.arange(batch.number, batch.number + n)
        series = np.where(batch.studies.repeated, _REPEAT, _SERIES)
        unscored = ~one.scored
        found = {
            "prediction_id": self._record("A", number),
            "model": columns.word(self.model, n),
            "version": columns.word(self.version, n),
            "study_uid": self._uid(_STUDY, number),
            "target": columns.word(self.fleet.hospital.target, n),
            "predicted_at": columns.instants(one.at),
            "unit": columns.word("study", n),
            "status": columns.words(one.status, STATUSES),
            "reason": columns.words(one.reason, REASONS),
            "series_uid": self._uid(series, number),
            "score": columns.numbers(one.score, gaps=unscored),
            "decision": columns.booleans(one.decision, unscored),
            "threshold": columns.numbers(one.threshold, gaps=unscored),
            "latency_ms": columns.numbers(one.latency_ms, 1, unscored),
            "mode": columns.words(one.shadow.astype(np.int8), ("live", "shadow")),
        }
        if one.embedding is not None:
            found["embedding"] = columns.lists(one.embedding, one.scored)
        return self._table(found, one.at, one.made & (one.at < self.end))

    def _reads(self, batch: Batch) -> Any:
        one, n = batch.reads, batch.reads.study.size
        number = batch.number + one.study.astype(np.int64)
        readers = [reader.reader for reader in self.fleet.readers]
        reported = one.at + (60 * SECOND)
        found = {
            "read_id": self._record("R", number * 10 + one.stage),
            "study_uid": self._uid(_STUDY, number),
            "target": columns.word(self.fleet.hospital.target, n),
            "reader": columns.words(one.reader, readers),
            "read_at": columns.instants(one.at),
            "decision": columns.booleans(one.decision),
            "unit": columns.word("study", n),
            "prediction_id": _where(self._record("A", number), one.named),
            "ai_shown": columns.booleans(one.shown == 1, one.shown < 0),
            "opened_before_ai": columns.booleans(one.before == 1, one.before < 0),
            "action": columns.words(one.action, ACTIONS),
            "stage": columns.words(one.stage, STAGES),
            "report_status": columns.words(one.stage, REPORTS),
            "confidence": columns.numbers(one.confidence, 2),
            "read_seconds": columns.numbers(one.seconds, 1),
            "experience": columns.words(one.reader % len(_EXPERIENCE), _EXPERIENCE),
            "reported_at": columns.instants(reported),
        }
        return self._table(found, one.at, one.at < self.end)

    def _outcomes(self, batch: Batch) -> Any:
        one, n = batch.outcomes, batch.outcomes.study.size
        readers = [reader.reader for reader in self.fleet.readers]
        found = {
            "study_uid": self._uid(_STUDY, batch.number + one.study.astype(np.int64)),
            "target": columns.word(self.fleet.hospital.target, n),
            "truth": columns.booleans(one.truth),
            "source": columns.words(one.source, SOURCES),
            "established_at": columns.instants(one.at),
            "unit": columns.word("study", n),
            "established_by": columns.readers(one.by, one.second, readers),
            "ai_blinded": columns.booleans(one.blinded),
            "indeterminate": columns.booleans(one.indeterminate),
            "verification": columns.words(one.verification, VERIFICATIONS),
            "sampling_fraction": columns.numbers(one.fraction, 4),
        }
        return self._table(found, one.known, one.known < self.end)

    def _table(self, found: Mapping[str, Any], known: npt.NDArray[np.int64], keep: npt.NDArray[np.bool_]) -> Any:
        """Return a table with its known time and mark, without the rows that are not kept."""
        import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

        table = pa.table({**found, "available_at": columns.instants(known), MARK: columns.word("true", keep.size)})
        return table if keep.all() else table.filter(pa.array(keep))

    def _uid(self, kind: int | npt.NDArray[np.int64], number: npt.NDArray[np.int64]) -> Any:
        """Return UIDs of 19 digits below 2 ** 62: none has the form of a pseudonym."""
        return columns.numbered(f"2.25.1{self.tag}", number + kind * 10**11)

    def _record(self, kind: str, number: npt.NDArray[np.int64]) -> Any:
        return columns.numbered(f"SYN{kind}{self.tag}-", number)


def _quality(batch: Batch) -> dict[str, Any]:
    one = batch.studies
    names = {"snr": 2, "cnr": 2, "noise": 4, "sharpness": 3, "motion": 3}
    return {name: columns.numbers(getattr(one, name), digits) for name, digits in names.items()}


def _where(column: Any, keep: npt.NDArray[np.bool_]) -> Any:
    """Return a text column with null where not kept."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    validity = pa.array(keep).buffers()[1]
    _, ends, texts = column.buffers()
    return pa.StringArray.from_buffers(len(column), ends, texts, validity)
