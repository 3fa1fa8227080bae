"""The families F0, F1, F2, FR and FA as expressions, for rows that must stay in a database: only counts come out.

The joining rules are those of the kernel; a test holds the two together by their digests, on DuckDB and on PostgreSQL.
The database has the four tables under their names with the stored columns (docs/reference/files.md), one row a key,
and compares texts byte by byte (PostgreSQL: collation `C`). All arithmetic is on whole numbers, so that every
database gives the same bytes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monitors.counts import F0, FA, FR, SCANNER, Column, Family, Labels, tallied
from monitors.engine.acquisitions import AGE_BAND
from monitors.engine.days import offset_changes
from monitors.engine.tables import Request
from monitors.families import pair_axes
from registry.domain.joining import MIXED
from registry.domain.stratum import Suspension
from registry.domain.vocabulary import AGE_BANDS, SOURCES

_SEPARATOR = "\x1f"
_EPOCH_ORDINAL = 719_163
_CELLS = 65_536
_SECONDS = 86_400
_REPORT = SOURCES.index("report")
_CONSENSUS = SOURCES.index("consensus")


def count_in_database(database: Any, request: Request) -> dict[str, Family]:
    """Count one model's observations inside a database.

    Args:
        database: an ibis connection (`ibis.duckdb.connect`, `ibis.postgres.connect`) that may make temporary tables.
        request: whose predictions, which F1 axes and F2 pairs, the sites' time zones, suspensions.

    Returns:
        F0, FR, FA, one F1 an axis and one F2 a pair, each equal to the kernel's.
    """
    rows = _Rows(database, request)
    units = rows.units().cache()
    found = {"F0": _family("F0", F0, units, request)}
    for axis in request.axes:
        found[f"F1:{axis}"] = _family(f"F1:{axis}", (*F0, axis), units, request)
    for pair in request.pairs:
        found[f"F2:{pair}"] = _family(f"F2:{pair}", (*F0, *pair_axes(pair)), units, request)
    found["FR"] = _family("FR", FR, rows.reactions(), request)
    found["FA"] = _family("FA", FA, rows.acquired(), request)
    return found


class _Rows:
    """The tables of a database as expressions, joined by the rules."""

    def __init__(self, database: Any, request: Request) -> None:
        self.request = request
        self.acquisitions = _filled(
            database.table("acquisitions"), "series_uid", "study_uid", "site", "modality", SCANNER
        )
        self.outcomes = _keyed(database.table("outcomes"))
        self.reads = _analysed_reads(_keyed(database.table("reads"))).cache()
        self.zones = _zones(self.acquisitions, self.reads, request)
        self.predictions = self._placed(_predictions(database.table("predictions"), request)).cache()

    def units(self) -> Any:
        """Return the analysed predictions that count, one row each, with the columns of F0 and the axes."""
        import ibis  # noqa: PLC0415 - lazy: optional, slow to import

        scored = self.predictions.filter(self.predictions.status == "scored")
        order = [scored.predicted_at, scored.prediction_id]
        place = ibis.row_number().over(group_by=[scored.subject, scored.version, scored.mode], order_by=order)
        first = scored.mutate(place=place).filter(lambda t: (t.place == 0) & t.known & ~t.apart)
        readers = self.reads.select("subject", "reader")
        read = first.left_join(readers, "subject").mutate(reader=lambda t: t.reader.fill_null(""))
        judged = _judged(_dropped(read), self.outcomes)
        independent = judged.independence.isin(["stated", "assumed"])
        local = self._local(judged, "acquired_at")
        return local.mutate(truth=ibis.ifelse(independent, local.truth, "none"), decision=_sign(local.decision))

    def reactions(self) -> Any:
        """Return the analysed reads whose prediction is known, one row each, with the columns of FR."""
        import ibis  # noqa: PLC0415 - lazy: optional, slow to import

        linked = self._linked()
        judged = _judged(linked, self.outcomes)
        local = self._local(judged.filter(judged.site != ""), "read_at")
        in_time = (local.predicted_at <= local.read_at) & local.ai.notnull()
        shown = ibis.cases((local.ai_shown.isnull(), "unknown"), (local.ai_shown, "yes"), else_="no")
        ai = ibis.ifelse(in_time, _sign(local.ai), "none")
        return local.mutate(ai_shown=shown, ai_decision=ai, read_decision=_sign(local.decision))

    def acquired(self) -> Any:
        """Return the acquisitions, one row each, with the columns of FA."""
        return self._local(self.acquisitions, "acquired_at")

    def _linked(self) -> Any:
        """Return each analysed read with the prediction that it names, else the newest live one by then."""
        import ibis  # noqa: PLC0415 - lazy: optional, slow to import

        scored = self.predictions.filter(self.predictions.status == "scored")
        scope = scored.select(
            "version",
            "target",
            "site",
            "mode",
            "predicted_at",
            of=scored.subject,
            name=scored.prediction_id,
            ai=scored.decision,
        )
        reads = self.reads.drop("target", "study_uid", *({"version", "site", "mode"} & set(self.reads.columns)))
        named = _dropped(reads.filter(reads.prediction_id != "").inner_join(scope, [reads.prediction_id == scope.name]))
        nameless = reads.filter(reads.prediction_id == "")
        live = scope.filter(scope.mode == "live")
        pairs = nameless.inner_join(live, [nameless.subject == live.of, live.predicted_at <= nameless.read_at])
        order = [ibis.desc(pairs.predicted_at), ibis.desc(pairs.name)]
        newest = pairs.mutate(place=ibis.row_number().over(group_by=[pairs.read_id], order_by=order))
        return named.union(newest.filter(newest.place == 0).drop("place").select(named.columns))

    def _placed(self, predictions: Any) -> Any:
        """Add to each prediction its acquisition: its own series', else that of its study's first series."""
        import ibis  # noqa: PLC0415 - lazy: optional, slow to import

        table, axes = self.acquisitions, self._columns()
        own = table.select(own=table.series_uid, **{f"own_{name}": table[name] for name in axes})
        order = [table.acquired_at, table.series_uid]
        ranked = table.mutate(place=ibis.row_number().over(group_by=[table.study_uid], order_by=order))
        first = ranked.filter(ranked.place == 0).select(
            first=ranked.study_uid, **{f"first_{n}": ranked[n] for n in axes}
        )
        both = predictions.left_join(own, [predictions.series == own.own])
        both = _dropped(both.left_join(first, [both.study == first.first]))
        both = _dropped(both.left_join(_common(table), [both.study == _common(table).common]))
        chosen = {name: ibis.ifelse(both.own.notnull(), both[f"own_{name}"], both[f"first_{name}"]) for name in axes}
        found = both.mutate(known=both.own.notnull() | both.first.notnull(), **chosen)
        found = found.mutate(site=found.site.fill_null(""), **self._axes(found))
        return found.mutate(apart=_apart(found, self.request.suspensions))

    def _columns(self) -> list[str]:
        """Return the acquisitions' columns that predictions need."""
        further = (one.stratum.column for one in self.request.suspensions)
        wanted = dict.fromkeys(["site", "acquired_at", SCANNER, "age_years", *self.request.axes, *further])
        return [name for name in wanted if name in self.acquisitions.columns]

    def _axes(self, found: Any) -> dict[str, Any]:
        import ibis  # noqa: PLC0415 - lazy: optional, slow to import

        further = (one.stratum.column for one in self.request.suspensions)
        axes: dict[str, Any] = {}
        for axis in dict.fromkeys((*self.request.axes, *further)):
            if axis == SCANNER:
                stated = found[f"own_{SCANNER}"].fill_null("")
                axes[axis] = ibis.ifelse(stated != "", stated, found.shared.fill_null(""))
            elif axis == AGE_BAND:
                axes[axis] = _age_band(found.age_years)
            else:
                axes[axis] = found[axis].fill_null("") if axis in found.columns else ibis.literal("")
        return axes

    def _local(self, table: Any, instant: str) -> Any:
        """Add the day at the row's site: the proleptic ordinal, 0 where there is no instant."""
        import ibis  # noqa: PLC0415 - lazy: optional, slow to import

        zones, when = self.zones, table[instant]
        found = table.left_join(zones, [table.site == zones.of_site, when >= zones.low, when < zones.high])
        seconds = found[instant].substr(0, 19).replace("T", " ").cast("timestamp").epoch_seconds()
        days = ((seconds + found.offset_s).cast("int64") / _SECONDS).floor().cast("int64") + _EPOCH_ORDINAL
        return _dropped(found).mutate(day=ibis.coalesce(days, 0))


def _filled(table: Any, *names: str) -> Any:
    return table.mutate(**{name: table[name].fill_null("") for name in names})


def _dropped(table: Any) -> Any:
    """Drop the columns that a join brought in twice."""
    return table.drop(*[name for name in table.columns if name.endswith("_right")])


def _keyed(table: Any) -> Any:
    """Add the key of what a row speaks of: unit, unit UID and target."""
    import ibis  # noqa: PLC0415 - lazy: optional, slow to import

    filled = _filled(table, "study_uid", "target")
    unit, stated = filled.unit.fill_null("study"), filled.unit_uid.fill_null("")
    uid = ibis.ifelse(stated == "", filled.study_uid, stated)
    return filled.mutate(subject=unit + _SEPARATOR + uid + _SEPARATOR + filled.target)


def _predictions(table: Any, request: Request) -> Any:
    """Return the predictions of the request, with their cells of the score grid."""
    import ibis  # noqa: PLC0415 - lazy: optional, slow to import

    wanted = table.filter(table.model == request.model)
    if request.target is not None:
        wanted = wanted.filter(wanted.target == request.target)
    keyed = _keyed(wanted)
    q = (keyed.score.fill_null(0.0).cast("float64") * _CELLS).floor().cast("int64")
    return keyed.select(
        "subject",
        "prediction_id",
        "predicted_at",
        "decision",
        "version",
        "target",
        study=keyed.study_uid,
        series=keyed.series_uid.fill_null(""),
        status=keyed.status.fill_null("scored"),
        mode=keyed["mode"].fill_null("live"),
        q=ibis.ifelse(q > _CELLS - 1, _CELLS - 1, q),
    )


def _analysed_reads(reads: Any) -> Any:
    """Return the last final read of each subject before any addendum."""
    import ibis  # noqa: PLC0415 - lazy: optional, slow to import

    staged = reads.mutate(stage=reads.stage.fill_null("final"), prediction_id=reads.prediction_id.fill_null(""))
    addenda = staged.filter(staged.stage == "addendum").group_by("subject").aggregate(until=lambda t: t.read_at.min())
    finals = staged.filter(staged.stage == "final").left_join(addenda, "subject")
    early = _dropped(finals).filter(lambda t: t.until.isnull() | (t.read_at < t.until))
    order = [ibis.desc(early.read_at), ibis.desc(early.read_id)]
    ranked = early.mutate(place=ibis.row_number().over(group_by=[early.subject], order_by=order))
    return ranked.filter(ranked.place == 0).drop("place", "until")


def _judged(table: Any, outcomes: Any) -> Any:
    """Add the truth of each row's subject, and whether it is independent of the row's `reader`."""
    import ibis  # noqa: PLC0415 - lazy: optional, slow to import

    ranks = ibis.cases(*((outcomes.source == source, rank) for rank, source in enumerate(SOURCES)), else_=len(SOURCES))
    sure = outcomes.mutate(rank=ranks).filter(~outcomes.indeterminate.fill_null(False))  # noqa: FBT003 - a value
    order = [sure["rank"], ibis.desc(sure.established_at)]
    best = sure.mutate(place=ibis.row_number().over(group_by=[sure.subject], order_by=order))
    best = best.filter(best.place == 0).select(
        about="subject", said="truth", blinded="ai_blinded", by="established_by", source_rank="rank"
    )
    found = table.left_join(best, [table.subject == best.about])
    consensus = found.source_rank == _CONSENSUS
    named = found.by.length().fill_null(0) > 0
    shared = (found.reader != "") & found.by.contains(found.reader).fill_null(False)  # noqa: FBT003 - a value
    never = (found.source_rank == _REPORT) | (consensus & ((found.blinded == False).fill_null(False) | shared))  # noqa: E712, FBT003
    assumed = found.blinded.isnull() | (consensus & ~named)
    kind = ibis.cases((found.about.isnull(), "none"), (never, "no"), (assumed, "assumed"), else_="stated")
    return _dropped(found).mutate(independence=kind, truth=_sign(found.said))


def _common(acquisitions: Any) -> Any:
    """Return per study the scanner that all stated series share, `mixed`, or nothing."""
    import ibis  # noqa: PLC0415 - lazy: optional, slow to import

    stated = acquisitions.filter(acquisitions[SCANNER] != "").group_by("study_uid")
    ends = stated.aggregate(low=lambda t: t[SCANNER].min(), high=lambda t: t[SCANNER].max())
    return ends.select(common=ends.study_uid, shared=ibis.ifelse(ends.low == ends.high, ends.low, MIXED))


def _apart(found: Any, suspensions: Sequence[Suspension]) -> Any:
    """Say per prediction whether it was made in a stratum that was suspended then."""
    import ibis  # noqa: PLC0415 - lazy: optional, slow to import

    inside = ibis.literal(value=False)
    for one in suspensions:
        during = found.predicted_at >= one.since
        if one.until is not None:
            during &= found.predicted_at < one.until
        place = (found.version == one.version) & (found.site == one.site)
        inside |= during & place & (found[one.stratum.column] == one.stratum.value)
    return inside


def _age_band(years: Any) -> Any:
    import ibis  # noqa: PLC0415 - lazy: optional, slow to import

    names = [(low, f"{low}+" if high is None else f"{low}-{high}") for low, high in AGE_BANDS]
    known = [((years >= low), name) for low, name in reversed(names)]
    return ibis.cases((years.isnull(), ""), *known, else_="")


def _sign(value: Any) -> Any:
    import ibis  # noqa: PLC0415 - lazy: optional, slow to import

    return ibis.cases((value.isnull(), "none"), (value, "pos"), else_="neg")


def _zones(acquisitions: Any, reads: Any, request: Request) -> Any:
    """Make a table of every site's offset from UTC, in seconds, by the instants at which it changes."""
    import ibis  # noqa: PLC0415 - lazy: optional, slow to import
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    sites = acquisitions.select("site").distinct().to_pyarrow()["site"].to_pylist()
    ends = [
        (table[name].min(), table[name].max()) for table, name in ((acquisitions, "acquired_at"), (reads, "read_at"))
    ]
    texts = [found for pair in ends for end in pair if (found := end.to_pyarrow().as_py()) is not None]
    rows = [
        {"of_site": site, "low": low, "high": high, "offset_s": offset}
        for site in sorted(sites)
        for low, high, offset in offset_changes(request.zone_of(site), min(texts, default=""), max(texts, default=""))
    ]
    schema = pa.schema({"of_site": pa.string(), "low": pa.string(), "high": pa.string(), "offset_s": pa.int64()})
    return ibis.memtable(pa.Table.from_pylist(rows, schema))


def _family(name: str, axes: tuple[str, ...], rows: Any, request: Request) -> Family:
    grouped = [axis for axis in axes if axis != "model"]
    found = rows.group_by(grouped).aggregate(units=lambda t: t.count()).to_pyarrow()
    size = found.num_rows
    columns: dict[str, Column] = {}
    for axis in axes:
        if axis == "model":
            columns[axis] = Labels(np.zeros(size, dtype=np.int64), (request.model,))
        else:
            columns[axis] = _column(found, axis)
    return tallied(name, columns, np.asarray(found["units"].to_numpy(), dtype=np.int64))


def _column(found: Any, axis: str) -> Column:
    values: Mapping[str, Any] = found
    if axis in {"day", "q"}:
        return np.asarray(values[axis].to_numpy(), dtype=np.int64)
    encoded = values[axis].combine_chunks().dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return Labels(codes, tuple(encoded.dictionary.to_pylist()))
