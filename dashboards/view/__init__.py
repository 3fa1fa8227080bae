"""What pages and reports show, as plain blocks: made once from the dossier, so that every form shows the same."""
