"""The published resize rule as the documentation states it, step by step: slow, plain, and independent of imgcost.

Source: https://platform.claude.com/docs/en/build-with-claude/vision-coordinates (read 2026-09-26)
"""

from __future__ import annotations

import math


def tokens(width, height):
    return math.ceil(width / 28) * math.ceil(height / 28)


def fits(width, height, edge_limit, token_limit):
    padded = max(math.ceil(width / 28), math.ceil(height / 28)) * 28
    return padded <= edge_limit and tokens(width, height) <= token_limit


def resized(width, height, edge_limit, token_limit):
    if fits(width, height, edge_limit, token_limit):
        return width, height
    if height > width:
        return resized(height, width, edge_limit, token_limit)[::-1]
    ratio = width / height
    low, high = 1, width
    while low + 1 < high:
        middle = (low + high) // 2
        if fits(middle, max(round(middle / ratio), 1), edge_limit, token_limit):
            low = middle
        else:
            high = middle
    return low, max(round(low / ratio), 1)
