"""The columns of the appendix, each with the method and the threshold by which it is compared.

Both are stated for every column, because Evidently's own choice changes with the size of the reference: the same shift
was drift at 1000 rows and none at 1001. The values are its choices for large samples (docs.evidentlyai.com, customize
data drift): the Wasserstein distance in standard deviations of the reference, and the Jensen-Shannon distance.
"""

from dataclasses import dataclass
from typing import Literal

NUMBER_METHOD, CATEGORY_METHOD = "wasserstein", "jensenshannon"
THRESHOLD = "0.1"


@dataclass(frozen=True)
class DriftColumn:
    """A column of the appendix: its name, whether it is counted or measured, and how it is compared.

    Attributes:
        name: as in the observation tables.
        kind: `number` or `category`.
        method: Evidently's name of the distance.
        threshold: the distance from which Evidently calls it drift, as a decimal text.
    """

    name: str
    kind: Literal["number", "category"]
    method: str
    threshold: str = THRESHOLD


def _number(name: str) -> DriftColumn:
    return DriftColumn(name, "number", NUMBER_METHOD)


def _category(name: str) -> DriftColumn:
    return DriftColumn(name, "category", CATEGORY_METHOD)


SCORE, DECISION = _number("score"), _category("decision")
ACQUIRED: tuple[DriftColumn, ...] = (
    _number("age_years"),
    _category("sex"),
    _category("scanner"),
    _category("manufacturer"),
    _category("software_versions"),
    _category("magnetic_field_strength"),
    _category("kvp"),
    _category("convolution_kernel"),
    *(_number(name) for name in ("snr", "cnr", "noise", "sharpness", "motion")),
)
COLUMNS: tuple[DriftColumn, ...] = (SCORE, DECISION, *ACQUIRED)
