"""The dossier as JSON: what pages offer for download and what the PDF carries as its attachment."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from registry.domain.dossier import Dossier
from registry.domain.estimate import decimal_text, rounded

SCHEMA = "overread.dossier/1"
METRICS_SCHEMA = "overread.metrics/1"


def dossier_record(dossier: Dossier) -> dict[str, Any]:
    """Return the whole dossier as JSON values; numbers have 12 significant digits."""
    return {"schema": SCHEMA, **_json(dossier)}


def metrics_record(dossier: Dossier) -> dict[str, Any]:
    """Return monitor JSON, evaluations, change plan and comparisons: every number that the report prints."""
    return {
        "schema": METRICS_SCHEMA,
        "model": dossier.model.name,
        "as_of": dossier.as_of,
        "evaluations": [{"digest": view.digest, "record": _json(view.record)} for view in dossier.evaluations],
        "monitor": _json(dossier.monitor),
        "change_plan": _json(dossier.change_plan),
        "comparisons": _json(dossier.comparisons),
    }


def canonical_record(dossier: Dossier) -> Any:
    """Return the dossier with decimals as strings, as canonical JSON demands."""
    return _decimals(dossier_record(dossier))


def record_bytes(record: Mapping[str, Any]) -> bytes:
    """Return a record as indented JSON with sorted keys: the same record, the same bytes."""
    return json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True).encode("utf-8", "replace") + b"\n"


def _json(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return rounded(value)
    if is_dataclass(value):
        return {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    return value


def _decimals(value: Any) -> Any:
    if isinstance(value, float):
        return decimal_text(value)
    if isinstance(value, str):
        return _normal(value)
    if isinstance(value, dict):
        return {_normal(key): _decimals(item) for key, item in value.items()}
    return [_decimals(item) for item in value] if isinstance(value, list) else value


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
