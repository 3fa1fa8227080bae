"""What the acquisitions say of a cohort's patients and devices: the labels by which a test is broken down."""

import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from registry.database import reading
from registry.domain.canonical import canonical_bytes
from registry.domain.cohort import Cohort
from registry.domain.display import plain
from registry.domain.group_report import (
    DEVICE_AXES,
    NOT_PERMITTED,
    PROTECTED_AXES,
    UnitAttributes,
)
from registry.domain.vocabulary import age_band
from registry.organisation import permitted

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace

_LONGEST = 60
_UNITS: Mapping[str, str] = {"magnetic_field_strength": ".1f", "kvp": ".0f"}
_COLUMNS = ("series_uid", "sex", "age_years", *PROTECTED_AXES, *DEVICE_AXES)


def unit_attributes(workspace: "Workspace", cohort: Cohort) -> UnitAttributes:
    """Return the labels of a cohort's units as the acquisitions state them now, stored under their digest.

    Race and ethnicity are read only where a legal basis is on record. A field strength is rounded to 0.1 T, a tube
    voltage to 1 kV, so that one kind of device is one group.

    Raises:
        LedgerBrokenError, ArtifactChangedError: when the record or a segment is not what was stored.
    """
    with reading(workspace.engine) as session:
        basis = permitted(session)
    wanted = {unit.series_uid for unit in cohort.units}
    rows = workspace.tables.read("acquisitions", columns=_COLUMNS).to_pylist()
    by_series = {row["series_uid"]: labels_of(row, basis) for row in rows if row["series_uid"] in wanted}
    labels = {unit.unit_uid: by_series.get(unit.series_uid, {}) for unit in cohort.units}
    withheld = {axis: NOT_PERMITTED for axis in PROTECTED_AXES if axis not in basis}
    stored = [[uid, labels[uid]] for uid in sorted(labels)]
    return UnitAttributes(labels, withheld, workspace.objects.put(canonical_bytes(stored)), basis)


def labels_of(row: Mapping[str, Any], basis: Mapping[str, str]) -> dict[str, str]:
    """Return what a row of acquisitions states, by axis; what it does not state or may not be looked at is left out."""
    found = {axis: _text(row.get(axis)) for axis in ("sex", *basis, "manufacturer", "manufacturer_model_name")}
    found["age_band"] = age_band(row.get("age_years")) or ""
    for axis, form in _UNITS.items():
        found[axis] = "" if row.get(axis) is None else format(float(row[axis]), form)
    return {axis: label for axis, label in found.items() if label}


def _text(value: Any) -> str:
    return unicodedata.normalize("NFC", plain(" ".join(str(value or "").split()), _LONGEST))
