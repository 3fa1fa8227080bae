"""How a number is printed: one function for pages, PDF and figures.

Every printed number is the stored decimal rounded half to even, so that it resolves to the JSON's value.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal

from registry.domain.instants import parse_instant

BLANK = "–"  # an en dash: no value, which is not zero
DECIMALS = 3
THREE_DIGITS = Context(prec=DECIMALS, rounding=ROUND_HALF_EVEN)
SMALL = Decimal("0.1")
SCIENTIFIC = Decimal("0.001")

Number = str | float | int | None


def number_text(value: Number) -> str:
    """Print a rate or statistic: three decimals, or three significant digits where it is smaller than 0.1.

    Args:
        value: a decimal text, a float, an integer, or None.

    Returns:
        `0.913`, `0.0123`, `1.20e-5`, `1,204` for an integer, an en dash for None or what is no finite number.
    """
    if value is None or isinstance(value, int):
        return count_text(value)
    number = Decimal(str(value))
    if not number.is_finite():
        return BLANK
    return _small(number) if 0 < abs(number) < SMALL else _fixed(number)


def count_text(value: int | None) -> str:
    """Print a count with thousands separated by commas; None is an en dash, which is not zero."""
    return BLANK if value is None else f"{value:,}"


def interval_text(low: Number, high: Number) -> str:
    """Print an interval as `0.870 to 0.950`; an en dash where neither bound exists."""
    if low is None and high is None:
        return BLANK
    return f"{number_text(low)} to {number_text(high)}"


def percent_text(part: int, whole: int) -> str:
    """Print a share of a whole as a percentage with one decimal; an en dash where the whole is empty."""
    if whole == 0:
        return BLANK
    return f"{(Decimal(100) * part / whole).quantize(Decimal('0.1'), ROUND_HALF_EVEN)} %"


def instant_words(text: str | None) -> str:
    """Print an instant as `2026-09-30 14:05:09 UTC`, a day as it is, and other text unchanged."""
    if not text or len(text) <= len("2026-09-30"):
        return text or BLANK
    try:
        return parse_instant(text, "UTC").strftime("%Y-%m-%d %H:%M:%S UTC")
    except ValueError:
        return text


def _fixed(number: Decimal) -> str:
    rounded = number.quantize(Decimal(1).scaleb(-DECIMALS), ROUND_HALF_EVEN)
    return f"{rounded + 0:,f}"


def _small(number: Decimal) -> str:
    rounded = THREE_DIGITS.create_decimal(number)
    if abs(rounded) >= SMALL:
        return _fixed(number)
    padded = rounded.quantize(Decimal(1).scaleb(rounded.adjusted() - DECIMALS + 1))
    return f"{padded:.{DECIMALS - 1}e}" if abs(padded) < SCIENTIFIC else f"{padded:f}"
