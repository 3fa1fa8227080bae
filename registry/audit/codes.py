"""Codes of audit messages: DICOM's (PS3.15 A.5, PS3.16 CIDs 400 to 405) and our own for what DICOM has no word for."""

from dataclasses import dataclass

DCM = "DCM"
OURS = "99OVERREAD"  # a private coding scheme's designator begins with 99 (PS3.3, 8.2)
RFC_3881 = "RFC-3881"
SYSTEMS = {
    DCM: "http://dicom.nema.org/resources/ontology/DCM",
    OURS: "urn:x-overread:event",
    RFC_3881: "urn:ietf:rfc:3881",
}


@dataclass(frozen=True)
class Code:
    """One coded value: its code, the scheme that it is of, and what it means in words."""

    value: str
    scheme: str
    meaning: str

    @property
    def system(self) -> str:
        """Return the scheme's address, as FHIR names it."""
        return SYSTEMS[self.scheme]


def dcm(value: int, meaning: str) -> Code:
    """Return a code of DICOM's own vocabulary (PS3.16 Annex D)."""
    return Code(str(value), DCM, meaning)


# CID 400: what happened.
APPLICATION_ACTIVITY = dcm(110100, "Application Activity")
AUDIT_LOG_USED = dcm(110101, "Audit Log Used")
EXPORT = dcm(110106, "Export")
IMPORT = dcm(110107, "Import")
PATIENT_RECORD = dcm(110110, "Patient Record")
SECURITY_ALERT = dcm(110113, "Security Alert")
USER_AUTHENTICATION = dcm(110114, "User Authentication")

# CID 401: more closely.
APPLICATION_START = dcm(110120, "Application Start")
APPLICATION_STOP = dcm(110121, "Application Stop")
LOGIN = dcm(110122, "Login")
EMERGENCY_STARTED = dcm(110127, "Emergency Override Started")
SECURITY_CONFIGURATION = dcm(110129, "Security Configuration")
SOFTWARE_CONFIGURATION = dcm(110131, "Software Configuration")
RESTRICTED_FUNCTION = dcm(110132, "Use of Restricted Function")
RECORDING_STARTED = dcm(110134, "Audit Recording Started")
OBJECT_SECURITY = dcm(110135, "Object Security Attributes Changed")
ROLES_CHANGED = dcm(110136, "Security Roles Changed")
USER_SECURITY = dcm(110137, "User Security Attributes Changed")

# CID 402 and 404: who took part, and what an object's identifier is.
APPLICATION = dcm(110150, "Application")
DESTINATION = dcm(110152, "Destination Role ID")
SOURCE = dcm(110153, "Source Role ID")
DESTINATION_MEDIUM = dcm(110154, "Destination Media")
SOURCE_MEDIUM = dcm(110155, "Source Media")
STUDY_UID = dcm(110180, "Study Instance UID")
PATIENT_NUMBER = Code("2", RFC_3881, "Patient Number")
URI = Code("12", RFC_3881, "URI")
