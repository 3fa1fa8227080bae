"""Age and sex as the acquisitions table takes them: years, with everybody above 89 grouped; F, M, O or nothing."""

import re
from datetime import date

from pipelines.intake.dicom.fields import Fields
from pipelines.intake.dicom.times import day_of
from registry.domain.vocabulary import SEXES

OLDEST = 90  # years; everybody above 89 is one group
_AGE = re.compile(r"(\d{1,3})\s*([DWMYdwmy]?)")
_PER_YEAR = {"D": 365.25, "W": 365.25 / 7, "M": 12.0, "Y": 1.0, "": 1.0}
_IMPLAUSIBLE = 130


def age_years(fields: Fields, at: date) -> float | None:
    """Return the age in years: of PatientAge (`nnnD`, `W`, `M`, `Y`), else of the birth date; above 89 it is 90."""
    stated = str(fields.raw("PatientAge") or "").strip()
    found = _AGE.fullmatch(stated)
    if stated and found is None:
        fields.flag("not_an_age:PatientAge")
    if found is None:
        return _grouped(fields, _since_birth(fields, at))
    if not found[2]:
        fields.flag("no_unit:PatientAge")
    if int(found[1]) == 0 and found[2].upper() in {"", "Y"}:
        fields.flag("zero_years:PatientAge")  # a placeholder: newborns are stated in days, weeks or months
        return _grouped(fields, _since_birth(fields, at))
    return _grouped(fields, round(int(found[1]) / _PER_YEAR[found[2].upper()], 2))


def sex(fields: Fields) -> str | None:
    """Return F, M or O; anything else is nothing, flagged."""
    stated = (fields.text("PatientSex") or "").upper()
    if stated in SEXES:
        return stated
    if stated:
        fields.flag("unknown_sex:PatientSex")
    return None


def _since_birth(fields: Fields, at: date) -> float | None:
    """Return whole years since birth; below two years, whole months as a fraction."""
    born = day_of(fields.raw("PatientBirthDate"))
    if born is None or born > at:
        return None
    months = (at.year - born.year) * 12 + at.month - born.month - (at.day < born.day)
    return float(months // 12) if months >= 24 else round(months / 12, 2)


def _grouped(fields: Fields, age: float | None) -> float | None:
    if age is not None and age > _IMPLAUSIBLE:
        fields.flag("implausible:PatientAge")
        return None
    return float(OLDEST) if age is not None and age > OLDEST - 1 else age
