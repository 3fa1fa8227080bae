"""The contracts of the observation tables, checked with Great Expectations."""

from validation.contracts.check import CONTRACTS, ContractFailure, ContractResult, check_rows, check_table

__all__ = ["CONTRACTS", "ContractFailure", "ContractResult", "check_rows", "check_table"]
