"""DICOM files in: every file is accepted, or quarantined with a code; nothing stops the batch."""
