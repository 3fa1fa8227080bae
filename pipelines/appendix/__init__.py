"""What the explorable appendix of the drift monitors shows: which columns, of which rows, compared how."""
