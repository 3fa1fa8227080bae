"""What the Coalition for Health AI documents of its applied model card v0.2: the children of each, in order."""

from xml.etree import ElementTree as ET

# `?` may be absent, `*` may be absent or repeated, `+` is there at least once. Their schema is not kept here.
CHILDREN = {
    "AppliedModelCard": (
        "BasicInfo ReleaseInfo ModelSummary UsesAndDirections Warnings TrustIngredients KeyMetrics Resources "
        "Bibliography"
    ),
    "BasicInfo": "ModelName ModelDeveloper DeveloperContact",
    "ReleaseInfo": ("ReleaseStage ReleaseDate ReleaseVersion GlobalAvailability EHRCompatibility? RegulatoryApproval?"),
    "EHRCompatibility": "EHR*",
    "ModelSummary": "Summary Keywords",
    "Keywords": "Keyword*",
    "UsesAndDirections": (
        "IntendedUseAndWorkflow PrimaryIntendedUsers HowToUse TargetedPatientPopulation CautionedOutOfScopeSettings"
    ),
    "Warnings": "KnownRisksAndLimitations KnownBiasesOrEthicalConsiderations ClinicalRiskLevel",
    "TrustIngredients": "AISystemFacts TransparencyInformation",
    "AISystemFacts": (
        "OutcomesAndOutputs ModelType FoundationModels? InputDataSource OutputAndInputDataTypes "
        "DevelopmentDataCharacterization BiasMitigationApproaches OngoingMaintenance Security? Transparency?"
    ),
    "TransparencyInformation": "FundingSource ThirdPartyInformation? StakeholdersConsulted",
    "KeyMetrics": "UsefulnessUsabilityEfficacy FairnessEquity SafetyReliability",
    "Results": "MetricResult+",
    "MetricResult": "Label ValueJson",
    "Resources": (
        "EvaluationReferences? ClinicalTrial? PeerReviewedPublications ReimbursementStatus? PatientConsentOrDisclosure"
    ),
    **dict.fromkeys(
        ("UsefulnessUsabilityEfficacy", "FairnessEquity", "SafetyReliability"),
        "MetricGoal Results Interpretation TestType TestingDataDescription ValidationProcessAndJustification",
    ),
}


def chai_faults(text: str, namespace: str) -> list[str]:
    """Return where a card departs from the documented structure; none where it keeps to it."""
    root = ET.fromstring(text)
    start = [] if root.tag == f"{{{namespace}}}AppliedModelCard" else [f"root {root.tag}"]
    return start + [fault for element in root.iter() for fault in _faults(element, namespace)]


def _faults(element: ET.Element, namespace: str) -> list[str]:
    name = element.tag.removeprefix(f"{{{namespace}}}")
    have = [child.tag.removeprefix(f"{{{namespace}}}") for child in element]
    rest = list(have)
    for wanted in CHILDREN.get(name, "").split():
        child, least, most = wanted.rstrip("?*+"), wanted[-1] not in "?*", wanted[-1] in "*+"
        count = 0
        while rest and rest[0] == child and (most or count == 0):
            rest.pop(0)
            count += 1
        if least and not count:
            return [f"{name}: {child} is missing at its place among {have}"]
    return [f"{name}: {rest[0]} is not expected there"] if rest else []
