"""What a workspace knows that rows are read against: sites, studies, targets, instances."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pipelines.bootstrap import Workspace
from pipelines.intake.identity import IdentifierGate
from pipelines.intake.mapping import ColumnMapping
from pipelines.intake.rows import ParsedRow, RowContext, StudyFacts
from pipelines.simulation.reads import MARK
from registry.database import reading
from registry.domain.columns import Table
from registry.domain.instants import instant_text
from registry.domain.refusal import CellRefusedError, RefusalCode, RowRefusal
from registry.domain.vocabulary import Identifiers, Site, Target, Unit
from registry.registered import known_sites, known_targets
from registry.row_identity import ATTRIBUTES
from validation.contracts import FUTURE_DAYS

_WITH_TARGET = frozenset({"predictions", "reads", "outcomes"})


@dataclass(frozen=True)
class Known:
    """Sites, studies and targets as they are before a batch."""

    sites: Mapping[str, Site]
    studies: Mapping[str, StudyFacts]
    targets: Mapping[str, Target]

    def context(self, workspace: Workspace, file: Path, identifiers: Identifiers, mapping: ColumnMapping) -> RowContext:
        """Return what the rows of one file are read against."""
        gate = IdentifierGate(workspace.pseudonyms, identifiers, str(file))
        zones = {name: site.time_zone for name, site in self.sites.items()}
        latest = instant_text(workspace.clock.now() + timedelta(days=FUTURE_DAYS))
        return RowContext(gate, zones, self.studies, workspace.catalogue, mapping, _new_zone(workspace), latest)


def known_to(workspace: Workspace, table: Table) -> Known:
    """Load what a table's rows refer to; sites of the settings count as known."""
    with reading(workspace.engine) as session:
        recorded, targets = dict(known_sites(session)), known_targets(session)
    named = {
        name: Site(name, section.time_zone, section.organisation) for name, section in workspace.settings.sites.items()
    }
    by_study = table.column("study_uid") is not None and table.column("site") is None
    return Known(named | recorded, _studies(workspace) if by_study else {}, targets)


def _studies(workspace: Workspace) -> dict[str, StudyFacts]:
    """Return site and first acquisition of each known study."""
    names = ("study_uid", "site", "acquired_at", "row_id")
    rows = workspace.tables.read("acquisitions", columns=names)
    synthetic = workspace.catalogue.synthetic_rows("acquisitions")
    found: dict[str, StudyFacts] = {}
    for study, site, at, row_id in zip(*(rows[name].to_pylist() for name in names), strict=True):
        known = found.get(study, StudyFacts(site, at))
        found[study] = StudyFacts(known.site, min(known.acquired_at, at), known.synthetic or row_id in synthetic)
    return found


def refuse_other_units(
    table: Table, rows: Sequence[ParsedRow], targets: Mapping[str, Target]
) -> tuple[list[ParsedRow], list[RowRefusal]]:
    """Refuse outcomes whose unit is not their target's; the first row of an unknown target settles its unit."""
    if table.name != "outcomes":
        return list(rows), []
    units = {name: target.analysis_unit for name, target in targets.items()}
    kept, refused = [], []
    for parsed in rows:
        target, unit = parsed.values["target"], Unit(parsed.values["unit"])
        settled = units.setdefault(target, unit)
        if unit is settled:
            kept.append(parsed)
        else:
            refused.append(_other_unit(unit, settled).at(parsed.row))
    return kept, refused


def speaks_of_synthetic(rows: Sequence[Mapping[str, str]], studies: Mapping[str, StudyFacts]) -> bool:
    """Say whether a row speaks of a synthetic study, or calls itself so; such a batch is synthetic as a whole."""
    marked = any(MARK in row.get(ATTRIBUTES, "") and json.loads(row[ATTRIBUTES]).get(MARK) == "true" for row in rows)
    return marked or any(studies[row["study_uid"]].synthetic for row in rows if row.get("study_uid") in studies)


def new_targets(table: Table, rows: Sequence[Mapping[str, str]], targets: Mapping[str, Target]) -> list[Target]:
    """Return the targets that rows name and nobody knows, each with the unit of its first row."""
    if table.name not in _WITH_TARGET:
        return []
    found: dict[str, Target] = {}
    for row in rows:
        if row["target"] not in targets:
            found.setdefault(row["target"], Target(row["target"], Unit(row["unit"])))
    return list(found.values())


def named_sites(
    workspace: Workspace, table: Table, rows: Sequence[Mapping[str, str]], sites: Mapping[str, Site]
) -> list[Site]:
    """Return the sites that rows name, in the order of their names; a new one has the settings' time zone."""
    names = sorted({row["site"] for row in rows}) if table.column("site") else []
    return [sites[name] if name in sites else Site(name, _new_zone(workspace)) for name in names]


def told_of_new(named: Sequence[Site], sites: Mapping[str, Site]) -> tuple[str, ...]:
    """Say which of the named sites nobody named before, so that a slip of the pen is seen."""
    zone = "the default: name the site in overread.toml if that is wrong"
    return tuple(f"new site '{one.site}', time zone {one.time_zone} ({zone})" for one in named if one.site not in sites)


def _new_zone(workspace: Workspace) -> str:
    return workspace.settings.defaults.time_zone


def _other_unit(unit: Unit, settled: Unit) -> CellRefusedError:
    reason = f"'{unit.value}'; outcomes of this target are of unit '{settled.value}'"
    return CellRefusedError("unit", RefusalCode.ANALYSIS_UNIT, reason)
