"""What a day of a trial is worth where nothing better is known: the one constant behind rankings and choices."""

from __future__ import annotations

# Units of the common currency. The direct cost of a trial day, published mean: about 40,000 US dollars in phases II and III
# (Tufts Center for the Study of Drug Development, 2024; DELAY_DIRECT among the published figures). It orders matters and weighs packages; it is no price.
DAY = 30_000.0
