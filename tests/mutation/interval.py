"""How sure a share of a sample is."""

import math

Z_95 = 1.959964


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share, 0 to 1.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    share = hits / trials
    spread = Z_95 * math.sqrt(share * (1 - share) / trials + Z_95**2 / (4 * trials**2))
    middle, scale = share + Z_95**2 / (2 * trials), 1 + Z_95**2 / trials
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
