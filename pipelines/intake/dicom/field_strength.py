"""Field strengths on their nominal steps: vendors report measured values (1.494, 2.89) or gauss (15000)."""

NOMINAL_TESLA = (0.064, 0.2, 0.23, 0.3, 0.35, 0.4, 0.5, 0.55, 0.6, 0.7, 1.0, 1.2, 1.5, 3.0, 4.7, 7.0, 9.4, 10.5, 11.7)
_NEAR = 0.05  # relative; 2.89 lies 3.7 % below 3
_GAUSS_ABOVE = 100.0
_GAUSS_PER_TESLA = 10_000.0


def nominal_tesla(value: float | None) -> tuple[float | None, str]:
    """Return the nominal field strength in tesla, and the flag of how it was found (empty when as stated).

    Args:
        value: as the header states it, in tesla or gauss.

    Returns:
        The nearest nominal step within 5 %; a value near none is kept to two decimals as `field_unusual`; zero and
        negative values are None, `field_implausible`.
    """
    if value is None:
        return None, ""
    if value <= 0:
        return None, "field_implausible"
    gauss = value > _GAUSS_ABOVE
    tesla = value / _GAUSS_PER_TESLA if gauss else value
    nearest = min(NOMINAL_TESLA, key=lambda step: abs(step - tesla) / step)
    if abs(nearest - tesla) > _NEAR * nearest:
        return round(tesla, 2), "field_unusual"
    if gauss:
        return nearest, "field_in_gauss"
    return nearest, "" if nearest == tesla else "field_binned"
