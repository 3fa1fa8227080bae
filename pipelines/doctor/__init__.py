"""What the doctor checks, one file a part of the workspace."""
