"""Distributions: quantiles and tails that intervals and tests need; scipy is imported at the first call."""

import math
from statistics import NormalDist

_NORMAL = NormalDist()


def critical_value(level: float) -> float:
    """Return the two-sided critical value of the standard normal, 1.96 at level .95.

    Raises:
        ValueError: when the level does not lie strictly between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError("a confidence level lies strictly between 0 and 1")
    return _NORMAL.inv_cdf(0.5 + level / 2)


def normal_two_sided(z: float) -> float:
    """Return P(|Z| >= |z|) of the standard normal, exact far into the tail."""
    return math.erfc(abs(z) / math.sqrt(2))


def chi_square_tail(x: float, df: float) -> float:
    """Return P(X >= x) of the chi-square distribution with df degrees of freedom."""
    from scipy.special import chdtrc  # noqa: PLC0415 - lazy: scipy is slow to import

    return float(chdtrc(df, x))


def student_two_sided(t: float, df: float) -> float:
    """Return P(|T| >= |t|) of Student's t with df degrees of freedom, which need not be whole."""
    from scipy.special import stdtr  # noqa: PLC0415 - lazy: scipy is slow to import

    return float(2 * stdtr(df, -abs(t)))


def student_critical_value(level: float, df: float) -> float:
    """Return the two-sided critical value of Student's t; the normal one for infinite df."""
    if math.isinf(df):
        return critical_value(level)
    from scipy.special import stdtrit  # noqa: PLC0415 - lazy: scipy is slow to import

    return float(stdtrit(df, 0.5 + level / 2))


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Return the quantile of the beta distribution with parameters a and b."""
    from scipy.special import betaincinv  # noqa: PLC0415 - lazy: scipy is slow to import

    return float(betaincinv(a, b, probability))


def binomial_cdf(k: int, n: int, probability: float) -> float:
    """Return P(X <= k) of the binomial distribution; 0 below k = 0."""
    from scipy.special import bdtr  # noqa: PLC0415 - lazy: scipy is slow to import

    return 0.0 if k < 0 else float(bdtr(min(k, n), n, probability))


def kolmogorov_tail(x: float) -> float:
    """Return P(K >= x) of Kolmogorov's limiting distribution."""
    from scipy.special import kolmogorov  # noqa: PLC0415 - lazy: scipy is slow to import

    return float(kolmogorov(x))


def f_tail(x: float, df1: float, df2: float) -> float:
    """Return P(X >= x) of the F distribution; df2 may be infinite."""
    if math.isinf(df2):
        return chi_square_tail(df1 * x, df1)
    from scipy.special import fdtrc  # noqa: PLC0415 - lazy: scipy is slow to import

    return float(fdtrc(df1, df2, x))


def normal_quantile(probability: float) -> float:
    """Return the quantile of the standard normal."""
    return _NORMAL.inv_cdf(probability)


def f_quantile(probability: float, df1: float, df2: float) -> float:
    """Return the quantile of the F distribution; degrees of freedom need not be whole."""
    from scipy.special import fdtri  # noqa: PLC0415 - lazy: scipy is slow to import

    return float(fdtri(df1, df2, probability))


def poisson_upper(events: int, level: float = 0.95) -> float:
    """Return the one-sided upper limit of a Poisson mean when so many events were seen (Garwood, Biometrika 1936).

    Raises:
        ValueError: when fewer than none were seen, or the level lies outside 0..1.
    """
    from scipy.special import gammaincinv  # noqa: PLC0415 - lazy: scipy is slow to import

    if events < 0 or not 0.0 < level < 1.0:
        raise ValueError("events count from 0, and a level lies inside 0..1")
    return float(gammaincinv(events + 1, level))
