"""Why a file was not taken in: one permanent code each, with a sentence that names the mend."""

from collections.abc import Mapping
from enum import StrEnum

from registry.domain.errors import InputRefusedError


class Code(StrEnum):
    """Permanent codes of the quarantine."""

    NOT_DICOM = "not_dicom"
    NOT_A_FILE = "not_a_file"
    LINK = "link"
    OUTSIDE_FOLDER = "outside_folder"
    MISSING_FILE = "missing_file"
    ARCHIVE_UNREADABLE = "archive_unreadable"
    ARCHIVE_UNSAFE = "archive_unsafe"
    FILE_TOO_LARGE = "file_too_large"
    INFLATED_TOO_LARGE = "inflated_too_large"
    TOO_MANY_ELEMENTS = "too_many_elements"
    TOO_DEEP = "too_deep"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    NOT_IMAGE = "not_image"
    NO_PIXELS = "no_pixels"
    PIXEL_TRUNCATED = "pixel_truncated"
    PIXEL_TOO_LARGE = "pixel_too_large"
    NOT_GRAYSCALE = "not_grayscale"
    PIXEL_UNDECODABLE = "pixel_undecodable"
    UNSUPPORTED_TRANSFER_SYNTAX = "unsupported_transfer_syntax"
    CODEC_JPEG_EXT12 = "codec_jpeg_ext12"
    MISSING_UID = "missing_uid"
    MISSING_PATIENT = "missing_patient"
    MISSING_TIME = "missing_time"
    FUTURE_TIME = "future_time"
    MISSING_MODALITY = "missing_modality"
    UID_COLLISION = "uid_collision"
    IDENTITY_CONFLICT = "identity_conflict"
    ROW_REFUSED = "row_refused"


REASONS: Mapping[Code, str] = {
    Code.NOT_DICOM: "no DICOM preamble: not a DICOM file",
    Code.NOT_A_FILE: "neither a file nor a folder",
    Code.LINK: "a link; links are not followed: give the place it points to",
    Code.OUTSIDE_FOLDER: "the DICOMDIR names a file outside its own folder",
    Code.MISSING_FILE: "the DICOMDIR names a file that is not there",
    Code.ARCHIVE_UNREADABLE: "the archive, or this member of it, cannot be unpacked: make it again",
    Code.ARCHIVE_UNSAFE: "the archive holds a link, an absolute or upward path, or inflates beyond the limits",
    Code.FILE_TOO_LARGE: "larger than the file limit",
    Code.INFLATED_TOO_LARGE: "a deflated data set that inflates beyond the limit",
    Code.TOO_MANY_ELEMENTS: "more header elements than the limit",
    Code.TOO_DEEP: "sequences nested too deeply",
    Code.TRUNCATED: "the file ends inside its header: copy it again",
    Code.UNREADABLE: "the header cannot be parsed, or a needed element holds a value that cannot be read",
    Code.NOT_IMAGE: "a DICOM object, but not an image (report, structure set, segmentation, dose, ...)",
    Code.NO_PIXELS: "an image header without pixel data",
    Code.PIXEL_TRUNCATED: "fewer pixel bytes than rows, columns and frames say: copy it again",
    Code.PIXEL_TOO_LARGE: "an image larger than the frame limit",
    Code.NOT_GRAYSCALE: "a colour image, which no model here reads",
    Code.PIXEL_UNDECODABLE: "the pixel data cannot be decoded",
    Code.UNSUPPORTED_TRANSFER_SYNTAX: "a transfer syntax that no installed decoder reads",
    Code.CODEC_JPEG_EXT12: "12-bit JPEG Extended: no decoder under a permissive licence; transcode it first",
    Code.MISSING_UID: "no instance, series, study or class UID",
    Code.MISSING_PATIENT: "no patient ID: a cohort could not be split by patient",
    Code.MISSING_TIME: "no acquisition, series, study or content date",
    Code.FUTURE_TIME: "acquired more than a day after now: check the scanner's clock and the site's time zone",
    Code.MISSING_MODALITY: "no modality",
    Code.UID_COLLISION: "an instance UID that is known with other content",
    Code.IDENTITY_CONFLICT: "a series that is known under another study, patient or site",
    Code.ROW_REFUSED: "its series was refused by the acquisitions table",
}


class FileRefusedError(InputRefusedError):
    """One file is not taken in; the code says why."""

    def __init__(self, code: Code, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        super().__init__(REASONS[code] + (f" ({detail})" if detail else ""))
