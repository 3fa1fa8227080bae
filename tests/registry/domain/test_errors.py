"""An unknown name: the error says which names there are."""

import pytest

from registry.domain.errors import UnknownNameError


@pytest.mark.parametrize(
    ("name", "known", "mend", "line"),
    [
        ("glrr", ["glr", "ewma"], "", "did you mean 'glr'?"),
        ("magic", ["glr", "ewma"], "", "known are ewma, glr"),
        ("magic", ["glr", "ewma"], "the list shows them", "the list shows them"),
        ("magic", [f"n{number}" for number in range(40)], "", ""),
        ("magic", [], "", ""),
    ],
)
def test_an_unknown_name_comes_with_the_nearest_or_the_few_that_there_are(
    name: str, known: list[str], mend: str, line: str
) -> None:
    error = UnknownNameError.of("detector", name, known, mend=mend)
    assert error.line() == f"unknown detector '{name}'" + (f": {line}" if line else "")
