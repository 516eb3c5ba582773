"""Figures of items that are tried several times."""

from math import comb


def pass_at_k(tries: int, passed: int, k: int) -> float | None:
    """Returns the probability that at least one of k tries passes: the unbiased estimate
    1 - C(n - c, k) / C(n, k). None for less tries than k.

    M. Chen and others, Evaluating Large Language Models Trained on Code (2021), equation 1.
    """
    if not _measurable(tries, passed, k):
        return None
    return 1 - comb(tries - passed, k) / comb(tries, k)


def pass_hat_k(tries: int, passed: int, k: int) -> float | None:
    """Returns the probability that all of k tries pass (pass^k): the unbiased estimate
    C(c, k) / C(n, k). None for less tries than k.

    S. Yao and others, tau-bench (2024), section 4.
    """
    if not _measurable(tries, passed, k):
        return None
    return comb(passed, k) / comb(tries, k)


def _measurable(tries: int, passed: int, k: int) -> bool:
    if k < 1 or not 0 <= passed <= tries:
        raise ValueError("k is at least 1, and at most all tries pass")
    return tries >= k
