"""Close the sites that recruit least, or all of a country."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quarterdeck.scenarios.countries import where
from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    r = draft.recruitment
    country = str(values["country"])
    rates = r.open_shape / r.open_rate
    mine = [i for i in range(len(rates)) if not country or draft.open_countries[i] == country]
    chosen = sorted(mine, key=lambda i: (rates[i], i))[: int(values["count"])]
    closing = r.open_closing.copy()
    closing[chosen] = np.minimum(closing[chosen], draft.months_to(values["start"]))
    return draft.recruit(open_closing=closing).note(
        f"{len(chosen)} sites close; they brought {rates[chosen].sum():.1f} participants a month."
    )


def describe(values: Mapping[str, Any]) -> str:
    return f"Close the {wording.plural(values['count'], 'slowest site')}{where(values)}"


LEVER = Lever(
    "close_sites",
    "Close sites",
    "What would closing the slowest sites cost in time?",
    (
        Parameter("count", "Sites", "count", None, 0, 500),
        Parameter("country", "Country", "country", ""),
        Parameter("start", "From", "date", ""),
    ),
    apply,
    describe,
    "later",
    "Each site's own rate as forecast; the slowest go first.",
)
