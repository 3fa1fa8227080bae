"""The fields of a model card: their keys, titles, and whether they are measured or may be declared."""

from collections.abc import Mapping
from dataclasses import dataclass

TEXT, LIST = "text", "list"


@dataclass(frozen=True)
class FieldSpec:
    """One field: its title, whether it is read from evaluations and cohorts alone, and the shape of a declared value.

    `group` is the heading under which pages show it.
    """

    key: str
    title: str
    group: str
    measured: bool = False
    shape: str = TEXT


def _specs(group: str, *rows: tuple[str, str], measured: bool = False) -> tuple[FieldSpec, ...]:
    return tuple(FieldSpec(key, title, group, measured) for key, title in rows)


_ALL = (
    *_specs(
        "Details and output",
        ("summary", "Summary"),
        ("developer_name", "Developer"),
        ("developer_contact", "Contact of the developer"),
        ("owner", "Owner at this organisation"),
        ("funding_source", "Funding source"),
        ("release_stage", "Stage of the release"),
        ("release_date", "Date of the release"),
        ("availability", "Where it is available"),
        ("regulatory_status", "Regulatory status"),
        ("licence", "Licence"),
        ("link", "Address of the source"),
        ("output_value", "Value that the model gives"),
        ("output_type", "Kind of output"),
        ("model_type", "Kind of model"),
        ("foundation_models", "Foundation models used"),
        ("input_description", "Input"),
        ("security", "Security"),
        ("transparency", "Transparency"),
        ("third_party_information", "Third parties"),
        ("stakeholders_consulted", "Stakeholders consulted"),
        ("patient_notice", "Consent of patients or notice to them"),
        ("reimbursement", "Reimbursement"),
    ),
    FieldSpec("keywords", "Keywords", "Details and output", shape=LIST),
    FieldSpec("modalities", "Modalities", "Details and output", shape=LIST),
    *_specs(
        "Purpose",
        ("intended_use", "Intended use"),
        ("intended_patients", "Intended patients"),
        ("intended_users", "Intended users"),
        ("how_to_use", "How to use it"),
        ("decision_role", "Role in the decision"),
        ("clinical_risk_level", "Clinical risk level"),
    ),
    *_specs(
        "Cautions",
        ("out_of_scope", "Uses, settings and populations to avoid"),
        ("known_risks", "Known risks and limitations"),
        ("known_biases", "Known biases"),
    ),
    *_specs("Development", ("training_data", "Training data"), ("tuning_data", "Tuning data"), measured=True),
    *_specs(
        "Development",
        ("training_criteria", "Inclusion and exclusion criteria of the training data"),
        measured=True,
    ),
    *_specs(
        "Development",
        ("input_variables", "Personal attributes used as input"),
        ("training_demographics", "Who the training data represent"),
        ("training_relevance", "Relevance of the training data to the deployed setting"),
    ),
    *_specs(
        "Fairness",
        ("fairness_approach", "How the output was made fair"),
        ("bias_management", "How bias is managed"),
    ),
    *_specs(
        "External validation",
        ("external_source", "Where it was tested outside"),
        ("external_party", "Who tested it outside"),
        ("external_process", "How it was tested outside"),
        measured=True,
    ),
    *_specs("External validation", ("external_demographics", "Who the external data represent")),
    *_specs(
        "Performance",
        ("decision_threshold", "Decision threshold"),
        ("validity_internal", "Validity on data of the same source"),
        ("fairness_internal", "Fairness on data of the same source"),
        ("validity_external", "Validity on external data"),
        ("fairness_external", "Fairness on external data"),
        ("validity_local", "Validity on local data, site by site"),
        ("fairness_local", "Fairness on local data, site by site"),
        measured=True,
    ),
    FieldSpec("outcome_references", "References on the evaluation of outcomes", "Performance", shape=LIST),
    FieldSpec("clinical_trial", "Clinical trial", "Performance"),
    *_specs(
        "Maintenance",
        ("validity_monitoring", "How and how often validity is monitored"),
        ("fairness_monitoring", "How and how often fairness is monitored"),
        ("update_process", "How and how often the model is updated"),
        ("correction_process", "How and how soon found risks are corrected"),
    ),
)
FIELDS: Mapping[str, FieldSpec] = {spec.key: spec for spec in _ALL}

# Axes by which groups of patients and images can be judged; what no evaluation judged is shown as not assessed.
AXES = ("age_band", "ethnicity", "race", "scanner", "sex")
COHORT_COUNTS = frozenset({"units", "positive", "patients", "sites", "scanners"})
METRIC_NAMES: Mapping[str, str] = {
    "auroc": "auc",
    "roc auc": "auc",
    "area under the curve": "auc",
    "area under the roc curve": "auc",
    "recall": "sensitivity",
    "sensitivit": "sensitivity",
    "specificit": "specificity",
    "precision": "ppv",
    "positive predictive value": "ppv",
    "negative predictive value": "npv",
    "brier score": "brier",
}
METRICS = frozenset(
    {"auc", "sensitivity", "specificity", "ppv", "npv", "accuracy", "brier", "ece", "ici", "cox_slope", "cox_intercept"}
)
