"""The catalogue of vendor metrics: data files with what is counted, which query counts it, and how the figure is misread."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from quarterdeck.data_files import read_yaml
from quarterdeck.methods.hierarchical import Family
from quarterdeck.vendors.queries import QUERIES
from quarterdeck.vocabulary.errors import BadInput, NotFound

FAMILIES: dict[str, Family] = {"share": "binomial", "rate": "poisson", "days": "lognormal"}
DIRECTIONS = ("lower", "higher")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `kind` is share, rate or days; `minimum` is the denominator below which a vendor's figure is not shown alone."""

    id: str
    group: str
    title: str
    kind: str
    direction: str
    unit: str
    numerator: str
    denominator: str
    query: str
    minimum: int
    vendor_types: tuple[str, ...]
    misuse: str

    @property
    def family(self) -> Family:
        """The law of the counts or durations."""
        return FAMILIES[self.kind]

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger figure is the better one."""
        return self.direction == "higher"

    @property
    def formula(self) -> str:
        """The formula in words."""
        if self.kind == "days":
            return f"geometric mean of {self.numerator}, over {self.denominator}"
        return f"{self.numerator} / {self.denominator}"


@cache
def load_metrics() -> dict[str, Metric]:
    """All metrics by id. Unknown keys, kinds, directions and queries are refused by file and name."""
    metrics: dict[str, Metric] = {}
    allowed = {field.name for field in fields(Metric)} - {"id", "group"}
    for path in sorted((Path(__file__).parent / "metrics").glob("*.yaml")):
        for name, entry in read_yaml(path).items():
            if wrong := set(entry) ^ allowed:
                raise BadInput(
                    "A vendor metric has unknown or missing keys",
                    thing=f"{path.name}, {name}: {', '.join(sorted(wrong))}",
                    allowed=sorted(allowed),
                )
            for key, known in (("kind", FAMILIES), ("direction", DIRECTIONS), ("query", QUERIES)):
                if entry[key] not in known:
                    raise BadInput(
                        "A vendor metric has a wrong value", thing=f"{path.name}, {name}: {key} = {entry[key]}", allowed=sorted(known)
                    )
            metrics[name] = Metric(id=name, group=path.stem, **{**entry, "vendor_types": tuple(entry["vendor_types"])})
    return metrics


def get_metric(name: str) -> Metric:
    """One metric. Raises NotFound with the names there are."""
    if name not in load_metrics():
        raise NotFound("Unknown vendor metric", thing=name, allowed=sorted(load_metrics()))
    return load_metrics()[name]
