"""The further count families: inputs, intersections, reactions of readers, work, arrivals, findings, measurements.

Each is a marginal with the day as an axis, counted row by row, so that disjoint days, sites and shards add up. Those
with the patient as an axis stay in memory (monitors.counts).
"""

from collections.abc import Mapping, Sequence

from monitors.counts import F0, FA, FR, PROTOCOL, SCANNER, SCOPE

# Every numeric column of the acquisitions, with the unit of its values; all on the grid of monitors.value_grid.
QUALITY: Mapping[str, str] = {"snr": "1", "cnr": "1", "noise": "1", "sharpness": "1", "motion": "1"}
NUMERIC: Mapping[str, str] = {
    "magnetic_field_strength": "T",
    "kvp": "kV",
    "slice_thickness_mm": "mm",
    "pixel_spacing_mm": "mm",
    "repetition_time_ms": "ms",
    "echo_time_ms": "ms",
    "inversion_time_ms": "ms",
    "flip_angle_deg": "deg",
    "exposure_mas": "mA.s",
    "ctdi_vol_mgy": "mGy",
    "dlp_mgy_cm": "mGy.cm",
    "contrast_volume_ml": "mL",
    "age_years": "a",
    **QUALITY,
}
CATEGORICAL = (
    "manufacturer",
    "manufacturer_model_name",
    "software_versions",
    "convolution_kernel",
    "body_part_examined",
    "protocol_name",
    "contrast",
    "sex",
)
# Times and doses of a study or a read, in whole units, cut at the largest that is believed; of `repeats` only the
# studies that have a repeated series.
WORK_UNITS: Mapping[str, tuple[str, int]] = {
    "turnaround": ("min", 43_200),
    "read_time": ("s", 14_400),
    "dose": ("mGy.cm", 20_000),
    "contrast": ("mL", 1_000),
    "repeats": ("1", 1),
}
MOMENTS = ("n", "sum", "squares")
# What a measurement's value is, by its registered name: the unit that it must carry.
MEASURED: Mapping[str, str] = {
    "dice": "1",
    "hd95": "mm",
    "volume": "mL",
    "components": "1",
    "notification_seconds": "s",
}

FS = (*SCOPE, "modality", PROTOCOL, "measure", "moment")
FE = ("day", "site", "modality", "hour")
FF = (*SCOPE, "label", "accepted")
EXPECTED, RECEIVED, FINDINGS, SUMS = "FE", "FH", "FF", "FS"
WORK = "work_patients"  # FS by value and patient
REACTIONS = "reactions"  # FR x scanner, score band, order of opinion, click, stage, patient
READ_TIMES = "read_times"
LABELS = "label_patients"  # FF by patient
FOUND = "found_patients"  # units with findings, by how many
MEASURES = "measure_patients"
LESIONS = "lesion_patients"  # lesions of the reference by the best score that met them, and candidates that met none
WITH_PATIENTS = frozenset({WORK, REACTIONS, READ_TIMES, LABELS, FOUND, MEASURES, LESIONS})


def pair_axes(pair: str) -> tuple[str, str]:
    """Return the two axes of a declared pair such as `sex*age_band`.

    Raises:
        ValueError: when it does not name two different axes.
    """
    axes = tuple(part.strip() for part in pair.split("*"))
    if len(axes) != 2 or not all(axes) or axes[0] == axes[1]:
        raise ValueError(f"a pair names two different axes, such as sex*age_band, not '{pair}'")
    return axes[0], axes[1]


def further_axes(pairs: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """Return the axes of every further family for the declared F2 pairs."""
    return {
        **{f"FN:{column}": (*FA, "cell") for column in NUMERIC},
        **{f"FK:{column}": (*FA, "level") for column in CATEGORICAL},
        **{f"F2:{pair}": (*F0, *pair_axes(pair)) for pair in pairs},
        "FR:scanner": (*FR, SCANNER),
        SUMS: FS,
        EXPECTED: FE,
        RECEIVED: FE,
        FINDINGS: FF,
        WORK: (*FS[:-1], "value", "patient"),
        REACTIONS: (*FR, SCANNER, "band", "opened", "clicked", "stage", "patient"),
        READ_TIMES: (*SCOPE, "reader", "ai_shown", "ai_decision", "cell", "patient"),
        LABELS: (*FF, "patient"),
        FOUND: (*SCOPE, "found", "patient"),
        MEASURES: (*SCOPE, "name", "cell", "patient"),
        LESIONS: (*SCOPE, "label", "kind", "q", "patient"),
    }
