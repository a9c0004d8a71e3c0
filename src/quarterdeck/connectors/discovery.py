"""The connectors there are: the built-in ones, and those that other packages offer under the entry point `quarterdeck.connectors`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from quarterdeck.connectors.protocol import Connector
from quarterdeck.vocabulary.errors import BadInput, NotFound

GROUP = "quarterdeck.connectors"
# Most particular first: each takes the files it recognises, and `folder` the rest.
BUILT_IN = ("ctgov", "edc_raw", "sdtm", "folder")


@cache
def load_connectors() -> dict[str, Connector]:
    """All connectors by name, in the order in which they are asked."""
    from_elsewhere = [entry.load()() for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)]
    built_in = [import_module(f"quarterdeck.connectors.{name}").CONNECTOR for name in BUILT_IN]
    found: dict[str, Connector] = {}
    for connector in [*from_elsewhere, *built_in]:
        if not isinstance(connector, Connector):
            raise BadInput(
                "A connector lacks a part of the protocol", thing=repr(connector), allowed="name, title, note, recognise, extract, sample"
            )
        found.setdefault(connector.name, connector)
    return found


def get_connector(name: str) -> Connector:
    """The connector of that name."""
    connectors = load_connectors()
    if name not in connectors:
        raise NotFound("Unknown connector", thing=name, allowed=sorted(connectors))
    return connectors[name]
