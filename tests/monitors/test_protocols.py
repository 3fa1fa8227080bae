"""Protocol deviation, from the table of acquisitions to the signal."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from planted import PLAN, VERSIONS, Hospital, only, signals
from seen import kept_of

from monitors.beside import Beside
from monitors.engine.embedded import count_tables
from monitors.engine.protocol_rows import ProtocolsSeen
from monitors.engine.tables import Request, Tables, axes_of
from monitors.run import Occasion, monitor_run
from registry.domain.joining import Known

REQUEST = Request("m", lambda _: "UTC", axes_of(PLAN))
LATE = 100 * 20


def scanned(*, changed: bool) -> Tables:
    """Let the site use two protocols with small variations, and from day 100 on a longer echo time."""
    tables = Hospital().tables()
    n = tables.acquisitions.num_rows
    rng = np.random.default_rng(2)
    kind = rng.integers(0, 2, n)
    late = (np.arange(n) >= LATE) & changed
    columns = {
        "repetition_time_ms": np.where(kind == 0, 2000.0, 600.0) * rng.uniform(0.99, 1.01, n),
        "echo_time_ms": np.where(kind == 0, 3.0, 14.0) * np.where(late, 1.3, 1.0),
        "flip_angle_deg": np.where(kind == 0, 9.0, 30.0),
        "magnetic_field_strength": np.full(n, 3.0),
    }
    table = tables.acquisitions
    for name, column in columns.items():
        table = table.append_column(name, pa.array(column))
    return replace(tables, acquisitions=table)


def run(tables: Tables) -> dict[str, Any]:
    beside = Beside(protocols=kept_of(ProtocolsSeen(REQUEST), tables.acquisitions))
    return monitor_run(
        count_tables(tables, REQUEST), PLAN, Occasion("m", "2026-04-30", Known.RECORDED, VERSIONS), beside=beside
    )


def test_a_site_that_works_by_other_protocols_is_seen_and_variation_within_tolerance_is_not() -> None:
    changed, same = (only(run(scanned(changed=how)), "COV004") for how in (True, False))
    assert (changed["state"], same["state"]) == ("watch", "ok")
    assert changed["interval"][0] < 20 / 28 < changed["interval"][1]
    assert same["value"] == 0.0
    assert "rotocols in the reference: 2; not in it: " in changed["explains"]


def test_the_order_of_rows_does_not_show_and_a_files_own_sequence_counts() -> None:
    tables = scanned(changed=True)
    n = tables.acquisitions.num_rows
    turned = replace(tables, acquisitions=tables.acquisitions.take(list(range(n))[::-1]))
    first, second = (kept_of(ProtocolsSeen(REQUEST), one.acquisitions) for one in (tables, turned))
    assert first is not None
    assert second is not None
    assert [one.digest for one in first.protocols] == [one.digest for one in second.protocols]
    assert (first.protocol == second.protocol).all()
    named = [f'{{"sequence_family":"p:{at % 2}"}}' for at in range(n)]
    own = kept_of(ProtocolsSeen(REQUEST), tables.acquisitions.append_column("attributes", [named]))
    assert own is not None
    assert len(own.protocols) == 2 * len(first.protocols)


def test_series_that_state_no_parameter_have_no_signal_and_no_protocol() -> None:
    assert signals(run(Hospital().tables()), "COV004") == []


def test_series_of_a_modality_without_a_registry_have_no_signal() -> None:
    tables = Hospital().tables()
    at = tables.acquisitions.column_names.index("modality")
    other = tables.acquisitions.set_column(at, "modality", pa.array(["MG"] * tables.acquisitions.num_rows))
    assert signals(run(replace(tables, acquisitions=other)), "COV004") == []
