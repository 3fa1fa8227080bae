"""From the instances of a batch to acquisitions rows: one a series, with the quality of its middle slice."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.intake.decoder import Decoder
from pipelines.intake.dicom.acquisition import series_row
from pipelines.intake.dicom.batch import Reader, Refused
from pipelines.intake.dicom.fields import Fields
from pipelines.intake.dicom.header import read_header
from pipelines.intake.dicom.instance import Instance
from pipelines.intake.dicom.place import Place
from pipelines.intake.dicom.quarantine import Code, FileRefusedError
from pipelines.intake.pixels import decode_image
from pipelines.intake.quality import Quality, measure
from registry.catalogue import Catalogue
from registry.domain.vocabulary import Unit

_TRIES = 3  # slices that are tried before a series' quality is left open
_Refusals = list[tuple[Instance, Code]]
_COLUMNS = ("snr", "cnr", "noise", "sharpness")


@dataclass(frozen=True)
class Series:
    """One series of a batch: its row, its new instances, those whose pixels cannot be decoded, and its nature."""

    row: Mapping[str, Any]
    new: tuple[Instance, ...]
    refused: tuple[tuple[Instance, Code], ...]
    synthetic: bool


@dataclass(frozen=True)
class SeriesBuilder:
    """Builds the rows of a batch's series; instances taken in earlier are read again, so that the row is of all."""

    reader: Reader
    decoder: Decoder
    catalogue: Catalogue

    def build(self, new: Sequence[Instance]) -> Iterator[Series]:
        """Yield one series after the other, in the order of their pseudonyms."""
        groups: dict[str, list[Instance]] = {}
        for instance in new:
            groups.setdefault(instance.series_uid, []).append(instance)
        for series_uid, members in sorted(groups.items()):
            yield self._series(members, self._earlier(series_uid))

    def _earlier(self, series_uid: str) -> list[Instance]:
        """Read the series' known instances again; what has gone or changed is left out."""
        found = []
        for stored in self.catalogue.instances(Unit.SERIES, series_uid):
            result = self.reader.read_one(Place.from_text(self.reader.seal.open(stored.sealed_place)))
            if not isinstance(result, Refused) and result.content_digest == stored.content_digest:
                found.append(result)
        return found

    def _series(self, new: Sequence[Instance], earlier: Sequence[Instance]) -> Series:
        ordered = sorted([*new, *earlier], key=lambda instance: instance.order)
        quality, refused = self._probe(ordered)
        lost = {instance.instance_uid for instance, _ in refused}
        row, vanished = self._row([one for one in ordered if one.instance_uid not in lost], quality)
        refused += vanished
        lost |= {instance.instance_uid for instance, _ in vanished}
        added = tuple(instance for instance in new if instance.instance_uid not in lost)
        fresh = {instance.instance_uid for instance in new}
        return Series(
            row if added else {},
            added,
            tuple(pair for pair in refused if pair[0].instance_uid in fresh),
            any(instance.synthetic for instance in ordered),
        )

    def _probe(self, ordered: Sequence[Instance]) -> tuple[Quality | str, _Refusals]:
        """Measure the middle slice; one that cannot be decoded is refused, and its neighbour tried."""
        refused: _Refusals = []
        for instance in _middle_out(ordered)[:_TRIES]:
            try:
                return self._measured(instance), refused
            except FileRefusedError as error:
                if error.code is Code.NOT_GRAYSCALE:
                    return error.code.value, refused
                refused.append((instance, error.code))
        return Code.PIXEL_UNDECODABLE.value, refused

    def _measured(self, instance: Instance) -> Quality:
        with self.reader.opener.open(instance.place) as file:
            decoded = decode_image(file, self.decoder)
        spacing = Fields(decoded.header.dataset).number("PixelSpacing")
        return measure(decoded.without_padding(), instance.modality, spacing)

    def _row(self, kept: Sequence[Instance], quality: Quality | str) -> tuple[dict[str, Any], _Refusals]:
        """Build the row from the first header that is still there; files that vanished meanwhile are refused."""
        vanished: _Refusals = []
        for place, first in enumerate(kept):
            try:
                with self.reader.opener.open(first.place) as file:
                    header = read_header(file, self.reader.origin.limits)
            except FileRefusedError as error:
                vanished.append((first, error.code))
                continue
            row = series_row(Fields(header.dataset), kept[place:], self.reader.origin)
            columns, extra = _quality_parts(quality)
            return row | columns | {"attributes": row["attributes"] | extra}, vanished
        return {}, vanished


def _middle_out(ordered: Sequence[Instance]) -> list[Instance]:
    middle = len(ordered) // 2
    places = sorted(range(len(ordered)), key=lambda place: (abs(place - middle), place))
    return [ordered[place] for place in places]


def _quality_parts(quality: Quality | str) -> tuple[dict[str, float], dict[str, str]]:
    """Return the contract's quality columns, and the other measures and reasons as attributes."""
    if isinstance(quality, str):
        return {}, {"quality_undefined": quality}
    known = {name: value for name, value in quality.values.items() if value is not None}
    extra = {name: f"{value:.6g}" for name, value in known.items() if name not in _COLUMNS}
    if quality.undefined:
        extra["quality_undefined"] = _phrase(quality.undefined.items())
    return {name: value for name, value in known.items() if name in _COLUMNS}, extra


def _phrase(reasons: Iterable[tuple[str, str]]) -> str:
    return ",".join(f"{name}:{reason}" for name, reason in sorted(reasons))
