"""Vendor spellings as data: raw text in, normal name and the rule that mapped it out; never a silent merge.

Seed table: the spellings of GDCM's `gdcmEquipmentManufacturer`, the pydicom test files, and the value counts of the
Imaging Data Commons index.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

_ENGINES = frozenset({"mim software", "mimvista"})  # processed after acquisition: "GE MEDICAL SYSTEMS / MIM Software"
_ABSENT = frozenset({"", "na", "n/a", "none", "unknown", "unknown manufacturer", "0000000"})

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "GE": (
        "ge",
        "ge medical systems",
        "ge healthcare",
        "g e medical systems",
        "ge vingmed ultrasound",
        "gems",
        "general electric",
    ),
    "Siemens": (
        "siemens",
        "siemens healthineers",
        "siemens healthcare",
        "siemens healthcare gmbh",
        "siemens health services",
        "siemens healthineers ag",
        "siemens ag",
        "acuson",
    ),
    "Philips": (
        "philips",
        "philips medical systems",
        "philips healthcare",
        "philips medical systems inc",
        "picker international inc",
        "marconi",
        "marconi medical systems",
    ),
    "Canon": (
        "toshiba",
        "toshiba mec",
        "toshiba medical systems",
        "canon mec",
        "canon medical systems",
        "canon medical systems corporation",
        "canon",
    ),
    "Hitachi": ("hitachi", "hitachi medical corporation", "hitachi ltd", "hitachi healthcare", "aloka co ltd"),
    "Fujifilm": (
        "fuji",
        "fujifilm",
        "fujifilm corporation",
        "fujifilm healthcare corporation",
        "fuji photo film co ltd",
    ),
    "United Imaging": ("uih", "united imaging", "united imaging healthcare"),
    "Neusoft": ("neusoft", "neusoft medical systems", "nms"),
    "Hyperfine": ("hyperfine", "hyperfine inc"),
    "Agfa": ("agfa", "agfa gevaert ag", "agfa healthcare", "agfa healthcare informatics"),
    "Imatron": ("imatron", "imatron inc"),
    "Varian": ("varian", "varian medical systems", "varian imaging laboratories switzerland"),
}
_BY_SPELLING = {spelling: vendor for vendor, spellings in SPELLINGS.items() for spelling in spellings}


class Vendor(NamedTuple):
    """A manufacturer: its normal name (None when the text names none), and the rule that gave it."""

    name: str | None
    rule: str


def normal_vendor(raw: str) -> Vendor:
    """Map a manufacturer's spelling to its normal name; an unseen one stays apart as `other:<casefolded>`."""
    text, engine = _without_engine(raw)
    key = " ".join(re.sub(r"[^a-z0-9/]+", " ", text.casefold()).split())
    if key in _ABSENT:
        return Vendor(None, "absent")
    suffix = "+post-processed" if engine else ""
    known = _BY_SPELLING.get(key)
    if known is None:
        return Vendor(f"other:{text.strip().casefold()}", f"unseen{suffix}")
    return Vendor(known, f"vendor:{key.replace(' ', '-')}{suffix}")


def _without_engine(raw: str) -> tuple[str, bool]:
    head, slash, tail = raw.rpartition(" / ")
    found = bool(slash) and tail.strip().casefold() in _ENGINES
    return (head, True) if found else (raw, False)
