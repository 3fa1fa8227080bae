"""Statistics: estimators with their uncertainty, clustered by patient, on the score grid; numpy and scipy alone."""
