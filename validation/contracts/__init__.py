"""The contracts of the observation tables, checked with Great Expectations."""

from validation.contracts.check import CONTRACTS, ContractFailure, ContractResult, check_rows, check_table
from validation.contracts.expectation import FUTURE_DAYS

__all__ = ["CONTRACTS", "FUTURE_DAYS", "ContractFailure", "ContractResult", "check_rows", "check_table"]
