"""Settings: one TOML file a workspace, `overread.toml`; an unknown key is an error."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self, TypeVar, get_origin
from urllib.parse import urlsplit

from pipelines.setting_checks import FILE_NAME, check_day, check_word, check_zone
from pipelines.toml_file import read_toml
from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.joining import Known

__all__ = ["DEFAULT_START", "FILE_NAME", "STANDARD", "Settings", "check_url", "standard"]
DEFAULT_START = "2026-01-01"
_SERVER = "postgresql"
_SCHEMES = frozenset({"sqlite", _SERVER, f"{_SERVER}+psycopg"})
_Section = TypeVar("_Section")
_KINDS: Mapping[Any, str] = {
    str: "a text in quotes",
    bool: "true or false",
    int: "a whole number",
    tuple: "a list",
    list: "a list of tables",
    Mapping: "a table",
}
STANDARD = """\
# The settings of this Overread workspace. An unknown key is an error.

[workspace]
project = "default"        # separates the pseudonyms of workspaces that share a key
organisation = ""

[database]
# Empty: SQLite in this folder. Or postgresql://user@host/overread, never with a password: that stands in a password
# file (~/.pgpass). Dagster's and MLflow's own stores are then the databases overread_dagster and overread_mlflow of the
# same server, unless dagster_url and mlflow_url name others; see docs/how-to/postgresql.md
url = ""
dagster_url = ""
mlflow_url = ""

[orchestrate]              # ports on loopback of the pages that `overread orchestrate` starts
dagster_port = 3000
mlflow_port = 5000

[defaults]
time_zone = "UTC"          # of sites that are not listed below, IANA name
# The operating point is chosen on the tune cohort: the least calls that still find this share of the positives.
threshold_rule = "sensitivity>=0.90"  # or "specificity>=0.95", or "youden": a miss weighs as much as a false call

# [sites.general]
# time_zone = "Europe/Vienna"
# organisation = "General Hospital"

[governance]
approval_valid_days = 365  # an approval lapses so many days after it was signed, unless it was signed for fewer
approval_warn_days = 30    # and a revalidation is asked for so many days before

# [people]
# require_totp = true      # everybody needs an authenticator; see docs/how-to/people.md
# oidc_issuer = ""         # an identity provider that logins may use, and this workspace's client id there
# oidc_client = ""
# oidc_acr = []            # which of its authentication classes count; empty: any

# [monitoring]             # the monitoring plan; empty: the default plan (docs/reference/signals.md)
# window_days = 28

# [counting]               # what counts the rows; see docs/how-to/cluster.md
# engine = "embedded"      # or threads, processes, spark, dask
# workers = 2
# address = ""             # of Spark's master or Dask's scheduler

# [pipeline]               # what the Dagster job does; see docs/how-to/own-folder.md
"""


def standard(database: str = "") -> str:
    """Return the settings of a new workspace whose record lies in a database; SQLite unless given."""
    return STANDARD.replace('\nurl = ""\n', f"\nurl = {json.dumps(database)}\n")


@dataclass(frozen=True)
class WorkspaceSection:
    """`[workspace]`."""

    project: str = "default"
    organisation: str = ""


@dataclass(frozen=True)
class DatabaseSection:
    """`[database]`: the record's database, and Dagster's and MLflow's own where they are not beside it."""

    url: str = ""
    dagster_url: str = ""
    mlflow_url: str = ""


@dataclass(frozen=True)
class OrchestrateSection:
    """`[orchestrate]`: loopback ports."""

    dagster_port: int = 3000
    mlflow_port: int = 5000


@dataclass(frozen=True)
class DefaultsSection:
    """`[defaults]`."""

    time_zone: str = "UTC"
    threshold_rule: str = "sensitivity>=0.90"


@dataclass(frozen=True)
class SiteSection:
    """One `[sites.NAME]`."""

    time_zone: str = "UTC"
    organisation: str = ""


@dataclass(frozen=True)
class GovernanceSection:
    """`[governance]`: how long approvals hold, and how early their lapse is told of, in days."""

    approval_valid_days: int = 365
    approval_warn_days: int = 30


@dataclass(frozen=True)
class PeopleSection:
    """`[people]`: whether everybody needs an authenticator, and the identity provider that logins may use."""

    require_totp: bool = False
    oidc_issuer: str = ""
    oidc_client: str = ""
    oidc_acr: tuple[str, ...] = ()


@dataclass(frozen=True)
class CountingSection:
    """`[counting]`: what counts the rows, in how many parts, and where Spark's master or Dask's scheduler is."""

    engine: str = "embedded"
    workers: int = 2
    address: str = ""


@dataclass(frozen=True)
class WitnessSection:
    """`[witness]`: after how many events, and how many minutes, running services ask the witnesses again."""

    every_events: int = 100
    every_minutes: int = 60


@dataclass(frozen=True)
class DicomSource:
    """One `[[pipeline.dicom]]`: a folder and the site that acquired it."""

    path: str
    site: str
    synthetic: bool = False


@dataclass(frozen=True)
class PredictSource:
    """One `[[pipeline.predict]]`: a folder to score, its site, and how the predictions count.

    `{day}` in the path stands for a site-local day, such as `drop/{day}`; without it the whole folder is scored.
    """

    path: str
    site: str
    mode: str = ""


@dataclass(frozen=True)
class ObservationSource:
    """One `[[pipeline.observations]]`: a folder in which files of observed rows arrive.

    Attributes:
        table: the observation table that they hold.
        folder: where they are dropped.
        pattern: which of them; `{day}` stands for a day (`YYYY-MM-DD`), such as `reads-{day}.csv` or `{day}/reads.csv`.
        map: a TOML file that maps foreign columns.
        identifiers: `original` or `pseudonymised`.
    """

    table: str
    folder: str
    pattern: str = "*"
    map: str = ""
    identifiers: str = "original"


@dataclass(frozen=True)
class OutcomeSource:
    """One `[[pipeline.outcomes]]`: a file and the map of its columns."""

    file: str
    map: str = ""


@dataclass(frozen=True)
class CohortSource:
    """One `[[pipeline.cohorts]]`: a cohort to freeze."""

    name: str
    role: str
    select: tuple[str, ...] = ()


@dataclass(frozen=True)
class PipelineSection:
    """`[pipeline]`: the same steps as the commands, for Dagster's jobs.

    Attributes:
        target: the clinical question, and the model's name unless a run names another.
        start: the first day and month that Dagster knows partitions of, ISO.
        known_time: which known time the monitor run of a past day goes by, `assumed` or `recorded` (contract, 4f).
    """

    target: str = ""
    start: str = DEFAULT_START
    known_time: str = Known.ASSUMED.value
    observations: tuple[ObservationSource, ...] = ()
    dicom: tuple[DicomSource, ...] = ()
    outcomes: tuple[OutcomeSource, ...] = ()
    cohorts: tuple[CohortSource, ...] = ()
    epochs: int = 0
    seed: int = 0
    predict: tuple[PredictSource, ...] = ()
    protocol: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """All settings of a workspace."""

    workspace: WorkspaceSection = WorkspaceSection()
    database: DatabaseSection = DatabaseSection()
    defaults: DefaultsSection = DefaultsSection()
    sites: Mapping[str, SiteSection] = field(default_factory=dict)
    monitoring: Mapping[str, Any] = field(default_factory=dict)
    pipeline: PipelineSection = PipelineSection()
    governance: GovernanceSection = GovernanceSection()
    orchestrate: OrchestrateSection = OrchestrateSection()
    counting: CountingSection = CountingSection()
    witness: WitnessSection = WitnessSection()
    people: PeopleSection = PeopleSection()

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read `overread.toml`.

        Raises:
            UnreadableFileError: when it is missing or not TOML.
            UnknownNameError: for an unknown section or key.
            UsageError: for a value of a wrong kind.
        """
        return cls.of(read_toml(file, "settings file"))

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """Read settings from a mapping; see `read`."""
        _known(record, Settings, "section")
        for name in record:
            _table(record[name], name)
        sites = {name: _section(SiteSection, entry, f"sites.{name}") for name, entry in record.get("sites", {}).items()}
        found = cls(
            _section(WorkspaceSection, record.get("workspace", {}), "workspace"),
            _section(DatabaseSection, record.get("database", {}), "database"),
            _section(DefaultsSection, record.get("defaults", {}), "defaults"),
            sites,
            dict(record.get("monitoring", {})),
            _pipeline(record.get("pipeline", {})),
            _section(GovernanceSection, record.get("governance", {}), "governance"),
            _section(OrchestrateSection, record.get("orchestrate", {}), "orchestrate"),
            _section(CountingSection, record.get("counting", {}), "counting"),
            _section(WitnessSection, record.get("witness", {}), "witness"),
            _section(PeopleSection, record.get("people", {}), "people"),
        )
        for name, url in vars(found.database).items():
            check_url(url, f"{name} of [database]")
        for zone in (found.defaults.time_zone, *(site.time_zone for site in sites.values())):
            check_zone(zone)
        return found

    def database_url(self, root: Path) -> str:
        """Return the address of the record's database: SQLite in the workspace unless the settings name another."""
        return self.database.url or f"sqlite:///{root / 'overread.db'}"

    def mlflow_url(self, root: Path) -> str:
        """Return the address of MLflow's own store: SQLite in the workspace, or a database beside the record's."""
        return self.database.mlflow_url or self._beside("mlflow") or f"sqlite:///{root / 'mlflow' / 'mlflow.db'}"

    def dagster_url(self) -> str:
        """Return the address of Dagster's own store; empty: files in its home."""
        return self.database.dagster_url or self._beside("dagster")

    def _beside(self, whose: str) -> str:
        """Return the database of the record's server that bears its name and whose it is; empty for SQLite."""
        parts = urlsplit(self.database.url)
        return parts._replace(path=f"{parts.path}_{whose}").geturl() if parts.scheme.startswith(_SERVER) else ""

    def time_zone(self, site: str) -> str:
        """Return the time zone of a site, or the default one."""
        return self.sites[site].time_zone if site in self.sites else self.defaults.time_zone


def check_url(url: str, what: str) -> None:
    """Refuse a database's address that is of another kind, or holds a password; it is never repeated.

    Raises:
        UsageError: saying which setting it is.
    """
    try:
        parts = urlsplit(url)
        secret = parts.password is not None or "password" in parts.query.lower()
    except ValueError as error:
        raise UsageError(f"{what} is no address", where=FILE_NAME, mend="postgresql://user@host/database") from error
    if secret:
        mend = "put it into a password file (~/.pgpass, or PGPASSFILE), mode 0600"
        raise UsageError(f"{what} holds a password", where=FILE_NAME, mend=mend)
    if url and parts.scheme not in _SCHEMES:
        raise UsageError(f"{what} is of an unknown kind", where=FILE_NAME, mend="postgresql://user@host/database")


def _known(record: Mapping[str, Any], section: type, kind: str) -> None:
    names = [entry.name for entry in fields(section)]
    for name in record:
        if name not in names:
            raise UnknownNameError.of(f"{kind} in {FILE_NAME}", name, names)


def _section(section: type[_Section], record: Any, where: str) -> _Section:
    _table(record, where)
    _known(record, section, f"key of [{where}]")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
    _check_kinds(section, values, where)
    try:
        return section(**values)
    except TypeError as error:
        raise UsageError(f"[{where}] lacks a key", where=FILE_NAME, mend=str(error)) from error


def _table(record: Any, where: str) -> None:
    if not isinstance(record, Mapping):
        raise UsageError(f"[{where}] is not a table", where=FILE_NAME, mend=f"write it as [{where}]")


def _check_kinds(section: type, values: Mapping[str, Any], where: str) -> None:
    kinds = {entry.name: get_origin(entry.type) or entry.type for entry in fields(section)}
    for name, value in values.items():
        _check_kind(value, kinds[name], f"{name} of [{where}]")


def _check_kind(value: Any, kind: Any, what: str) -> None:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise UsageError(f"{what} is not {_KINDS[kind]}", where=FILE_NAME, mend=f"write {_KINDS[kind]}")


def _pipeline(record: Mapping[str, Any]) -> PipelineSection:
    parts = {
        "dicom": DicomSource,
        "observations": ObservationSource,
        "predict": PredictSource,
        "outcomes": OutcomeSource,
        "cohorts": CohortSource,
    }
    built = dict(record)
    for name, section in parts.items():
        entries = record.get(name, [])
        _check_kind(entries, list, f"{name} of [pipeline]")
        built[name] = [_section(section, entry, f"pipeline.{name}") for entry in entries]
    found = _section(PipelineSection, built, "pipeline")
    check_day(found.start)
    check_word(found.known_time, [known.value for known in Known], "known_time of [pipeline]")
    return found
