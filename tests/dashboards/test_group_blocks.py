"""Groups on the page: every one with its numbers or why it has none, the worst ones named first."""

from dossiers import dossier

from dashboards.view.blocks import Details, Paragraph, Table, leaves
from dashboards.view.groups import group_blocks

BLOCKS = group_blocks(dossier().evaluations[0].record, "one")


def texts(key: str) -> list[list[str]]:
    """Return a table's rows as texts."""
    (table,) = (block for block in leaves(BLOCKS) if isinstance(block, Table) and block.key == key)
    return [[cell.text for cell in row] for row in table.rows]


def test_the_lowest_bounds_and_what_was_not_assessed_stand_before_the_fold() -> None:
    first, fold = BLOCKS
    assert isinstance(first, Paragraph)
    assert isinstance(fold, Details)
    assert "AUC 0.844 (Sex and Scanner F, p:a1)" in first.text
    assert first.text.endswith("Not assessed: Race, Tube voltage (kV).")
    assert fold.summary == "Groups (5 judged, 2 too small)"


def test_each_group_has_its_numbers_and_its_gap_to_the_rest() -> None:
    women = [row for row in texts("one-groups") if row[0] == "F"]
    assert [row[1] for row in women] == ["AUC", "Sensitivity", "Specificity"]
    assert women[0][2:8] == ["0.901", "0.861 to 0.931", "310", "115", "-0.0123", "0.430"]


def test_a_group_that_is_too_small_shows_its_size_and_no_number() -> None:
    (other,) = [row for row in texts("one-groups") if row[0] == "O"]
    assert other[1:] == ["all", "–", "–", "3", "1", "–", "–", "3 patients of a class; needs 10"]
    assert [row[:2] for row in texts("one-pairs")][-1] == ["M, p:b2", "all"]


def test_attributes_that_nobody_stated_and_groups_that_are_not_listed_are_told() -> None:
    (table,) = (block for block in leaves(BLOCKS) if isinstance(block, Table) and block.key == "one-stated")
    notes = {row[0].text: row[0].note for row in table.rows}
    assert notes["Race"] == "No legal basis is on record"
    assert notes["Scanner"] == "2 further small groups, 9 units"
    assert texts("one-stated")[1][:3] == ["Sex", "0.0300", "0.0100 to 0.0600"]


def test_an_evaluation_from_before_groups_were_judged_shows_none() -> None:
    assert group_blocks({"metrics": []}, "one") == ()
