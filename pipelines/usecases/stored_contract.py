"""The contract of a table as it is stored."""

from pipelines.bootstrap import Workspace
from validation.contracts import ContractResult, check_table


def stored_contract(workspace: Workspace, table: str) -> ContractResult:
    """Check the whole stored table against its contract."""
    return check_table(table, workspace.tables.read(table).to_pandas())
