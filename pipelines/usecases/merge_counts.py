"""Shared counts of several hospitals added up: every signature checked, every window of a hospital counted once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitors.exchange import Bins, merged_area
from monitors.exchange_form import Shared, area_json, shared_from
from pipelines.usecases.export_counts import note_text
from registry.domain.canonical import NotCanonicalError, parse_canonical
from registry.domain.digest import digest_bytes
from registry.domain.errors import AnswerIsNoError, SignatureBrokenError, UnreadableFileError, UsageError
from registry.ledger.note import MalformedNoteError, NoteRefusedError, VerifierKey, verify_note

SCHEMA = "overread.counts-merge/1"
_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class SharedFile:
    """A file that was read and whose signature holds: its digest, the name of the log that signed it, the counts."""

    digest: str
    signer: str
    shared: Shared


def merge_counts(files: Sequence[Path], keys: Sequence[str]) -> dict[str, Any]:
    """Return what the files say together: per window and over all, in total and by group.

    Args:
        files: made by `overread monitor counts --export`.
        keys: the public keys of the hospitals' ledgers, got from elsewhere than the files.

    Raises:
        UsageError: without a file or a key, or for a key that is none.
        UnreadableFileError: when a file is no such file.
        SignatureBrokenError: when none of the keys signed a file, or its counts were changed.
        AnswerIsNoError: when counts break a rule, a window of a hospital comes twice, or the models differ.
    """
    if not files or not keys:
        raise UsageError("merging needs files, and the key of each hospital", mend="--merge FILE… --key NAME+ID+KEY")
    found = [_read(file, _checked(keys)) for file in files]
    _require_one_model(found)
    _require_once(found)
    first = found[0].shared.about
    windows = sorted({one.shared.about.period for one in found})
    of_window = {period: [one for one in found if one.shared.about.period == period] for period in windows}
    return {
        "schema": SCHEMA,
        "model": first.model,
        "version": first.version,
        "target": first.target,
        "mode": first.mode,
        "min_cell": min(one.shared.min_cell for one in found),
        "synthetic": any(one.shared.synthetic for one in found),
        "files": [{"digest": one.digest, "signed_by": one.signer, "period": one.shared.about.period} for one in found],
        "windows": [{"period": period} | _sum(parts) for period, parts in of_window.items()],
        "total": _sum(found),
        "strata": _by_group(found),
    }


def merge_lines(merged: Mapping[str, Any]) -> list[str]:
    """Spell a merge for a person."""
    head = f"{merged['model']}@{merged['version']} for {merged['target']}: {len(merged['files'])} files"
    rows = [(row["period"], row) for row in merged["windows"]] + [("all windows", merged["total"])]
    rows += [(f"{one['axis']} {one['group']}", one) for one in merged["strata"]]
    return [head, *(f"  {name}: {_told(row)}" for name, row in rows)]


def _told(row: Mapping[str, Any]) -> str:
    hidden = f", suppressed in {row['suppressed_in']} files" if row.get("suppressed_in") else ""
    if row["auc"] is None:
        return f"{row['n']} units, AUC not assessed (too few labels){hidden}"
    area = row["auc"]
    pairs = f"{area['n_positive']} positive, {area['n_negative']} negative"
    return f"{row['n']} units ({pairs}), AUC {float(area['value']):.4f} within B = {float(area['bound']):.4f}{hidden}"


def _sum(files: Iterable[SharedFile]) -> dict[str, Any]:
    return _area([one.shared.export.bins for one in files])


def _area(parts: Sequence[Bins]) -> dict[str, Any]:
    return {"n": sum(part.total for part in parts), "auc": area_json(merged_area(parts))}


def _by_group(files: Sequence[SharedFile]) -> list[dict[str, Any]]:
    told: dict[tuple[str, str], list[Bins]] = {}
    hidden: dict[tuple[str, str], int] = {}
    for one in files:
        strata = one.shared.export.strata
        if strata is not None:
            for group, bins in strata.groups.items():
                told.setdefault((strata.axis, group), []).append(bins)
            for group in strata.suppressed:
                hidden[strata.axis, group] = hidden.get((strata.axis, group), 0) + 1
    return [
        {"axis": axis, "group": group, "suppressed_in": hidden.get((axis, group), 0)}
        | _area(told.get((axis, group), []))
        for axis, group in sorted(told.keys() | hidden.keys())
    ]


def _checked(keys: Sequence[str]) -> Sequence[str]:
    for key in keys:
        try:
            VerifierKey.parse(key)
        except MalformedNoteError as error:
            raise UsageError(error.what, where="--key", mend=error.mend) from error
    return keys


def _read(file: Path, keys: Sequence[str]) -> SharedFile:
    try:
        data = file.read_bytes()
        record = parse_canonical(data.removesuffix(b"\n")) if len(data) <= _MOST_BYTES else {}
        counts, note = record["counts"], record["note"]
        text = note_text(counts)
    except (OSError, NotCanonicalError, KeyError, TypeError) as error:
        raise UnreadableFileError(
            "not a file of shared counts", where=file.name, mend="make one with: overread monitor counts --export"
        ) from error
    signer = _signer(file, note, text, keys)
    try:
        return SharedFile(digest_bytes(data), signer, shared_from(counts))
    except ValueError as error:
        raise AnswerIsNoError(f"shared counts break a rule: {error}", where=file.name) from error


def _signer(file: Path, note: Any, text: str, keys: Sequence[str]) -> str:
    """Return the name of the key that signed; the note must be over exactly these counts."""
    for key in keys:
        try:
            signed = verify_note(note if isinstance(note, str) else "", [key])
        except NoteRefusedError:
            continue
        if signed == text:
            return VerifierKey.parse(key).name
    raise SignatureBrokenError(
        "no given key signed these counts", where=file.name, mend="check the file, and the key of its hospital"
    )


def _require_one_model(files: Sequence[SharedFile]) -> None:
    kinds = {(a.model, a.version, a.target, a.mode) for a in (one.shared.about for one in files)}
    if len(kinds) > 1:
        names = "; ".join(sorted(f"{model}@{version} for {target}, {mode}" for model, version, target, mode in kinds))
        raise AnswerIsNoError("counts of different models are not added", where=names[:200])


def _require_once(files: Sequence[SharedFile]) -> None:
    """Refuse two windows of one hospital that share a day."""
    for place, one in enumerate(files):
        for other in files[:place]:
            days, its = one.shared.about, other.shared.about
            if one.signer == other.signer and days.start <= its.end and its.start <= days.end:
                raise AnswerIsNoError(
                    f"{one.signer} comes twice for {days.period} and {its.period}", mend="give each window once"
                )
