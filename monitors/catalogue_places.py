"""The catalogue's entries of scanners and coverage beyond SCN002 and COV002, of work and of routing."""

from monitors.families import QUALITY
from monitors.signal_type import NO_LIMIT, Q_LIMIT, REFERENCE, SCORES, TRUTH, SignalType

_QUALITY = ("acquisitions.scanner", "acquisitions.acquired_at", *(f"acquisitions.{column}" for column in QUALITY))
_MIX = ("acquisitions.modality", "acquisitions.protocol_name", "acquisitions.patient")

PLACES = (
    SignalType(
        "SCN003",
        "scanner",
        "positive_rate_spread",
        "How much scanners differ in their positive rate",
        (*SCORES, "acquisitions.scanner"),
        NO_LIMIT,
        "Beyond chance the positive rates of scanners differ by a standard deviation of {value} {interval} on the "
        "logit scale, on {n} units.",
        calm="Scanners examine other patients: this has no limit of its own.",
        share=False,
    ),
    SignalType(
        "SCN004",
        "scanner",
        "sensitivity_spread",
        "How much scanners differ in sensitivity",
        (*TRUTH, "acquisitions.scanner"),
        f"zero; {Q_LIMIT}",
        "Beyond chance the sensitivities on scanners differ by a standard deviation of {value} {interval} on the logit "
        "scale, on {n} positive units.",
        share=False,
    ),
    SignalType(
        "SCN005",
        "scanner",
        "quality_shift",
        "Image quality of a scanner against its own reference",
        _QUALITY,
        f"zero; {Q_LIMIT}",
        "For {subject} the mean moved by {value} {interval} standard deviations of its reference, on {n} series.",
        share=False,
    ),
    SignalType(
        "SCN006",
        "scanner",
        "quality_between_scanners",
        "Harmony of image quality between scanners",
        _QUALITY,
        NO_LIMIT,
        "For {subject} {value} {interval} of the variance of daily means lies between scanners, on {n} series.",
        calm="The larger the share, the more a scanner can be told by its images; it has no limit.",
    ),
    SignalType(
        "SCN007",
        "scanner",
        "silent_days",
        "Silent scanner",
        ("acquisitions.scanner", "acquisitions.acquired_at"),
        f"zero; {Q_LIMIT}",
        "On {value} of the site's days since its last image {subject} acquired nothing, after {n} series.",
        calm="Its rhythm explains it.",
        raised="Its rhythm does not explain it: ask whether its images still arrive.",
        share=False,
    ),
    SignalType(
        "COV003",
        "coverage",
        "unseen_share",
        "Units of a scanner, software or protocol that the reference did not hold",
        (*SCORES, "acquisitions.scanner", "acquisitions.software_versions", "acquisitions.protocol_name"),
        "zero",
        "{value} {interval} of {n} units lie outside what the reference held ({subject}).",
        calm="The reference holds all of them.",
        raised="The performance there was never compared: have the stratum revalidated.",
    ),
    SignalType(
        "WRK001",
        "workload",
        "turnaround_ratio",
        "Turnaround",
        ("acquisitions.acquired_at", "reads.reported_at", *_MIX),
        f"one; {Q_LIMIT}",
        "From acquisition to report it takes {value} times {interval} as long as in the reference on the same mix of "
        "protocols, on {n} studies.",
        share=False,
    ),
    SignalType(
        "WRK002",
        "workload",
        "read_time_ratio",
        "Reading time",
        ("reads.read_seconds", *_MIX),
        f"one; {Q_LIMIT}",
        "Reading takes {value} times {interval} as long as in the reference on the same mix of protocols, on {n} "
        "reads.",
        share=False,
    ),
    SignalType(
        "WRK003",
        "workload",
        "dose_ratio",
        "Dose of a study",
        ("acquisitions.dlp_mgy_cm", *_MIX),
        f"one; {Q_LIMIT}",
        "The dose-length product is {value} times {interval} that of the reference on the same mix of protocols, on "
        "{n} studies.",
        share=False,
    ),
    SignalType(
        "WRK004",
        "workload",
        "contrast_ratio",
        "Contrast medium of a study",
        ("acquisitions.contrast_volume_ml", *_MIX),
        f"one; {Q_LIMIT}",
        "The volume of contrast medium is {value} times {interval} that of the reference on the same mix of protocols, "
        "on {n} studies.",
        share=False,
    ),
    SignalType(
        "WRK005",
        "workload",
        "repeat_rate",
        "Studies with a repeated series",
        ("acquisitions.repeat_of", *_MIX),
        f"{REFERENCE}; {Q_LIMIT}",
        "In {value} {interval} of {n} studies a series was repeated; in the reference it was {limit}.",
    ),
    SignalType(
        "RTG001",
        "routing",
        "received_share",
        "What arrived of what was expected",
        ("expected.n", "expected.hour", "acquisitions.acquired_at", "acquisitions.modality"),
        f"one; {Q_LIMIT}",
        "Of {n} studies that were expected, {value} {interval} arrived ({subject}).",
        calm="There is no evidence that studies are missing.",
        raised="Studies are missing by more than chance explains.",
    ),
    SignalType(
        "RTG002",
        "routing",
        "longest_silence",
        "Longest silence against what was expected",
        ("expected.n", "expected.hour", "acquisitions.acquired_at", "acquisitions.modality"),
        f"zero; {Q_LIMIT}",
        "In the longest run of hours in which nothing arrived, {value} studies were expected ({subject}, of {n} in the "
        "window).",
        raised="Such a silence is longer than chance explains: ask whether the connection stood still.",
        share=False,
    ),
)
