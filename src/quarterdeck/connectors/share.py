"""Which mapping reads which file, where one load brings several sources."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from quarterdeck.evidence.arrivals import Arrival
from quarterdeck.evidence.mapping import IN_FOLDER, SourceMapping, read_mapping
from quarterdeck.vocabulary.errors import BadInput


def share_by_mapping(arrivals: Sequence[Arrival], mappings: Sequence[SourceMapping]) -> list[tuple[SourceMapping | None, list[Arrival]]]:
    """The files of each mapping, and under None those that none speaks of.

    One mapping reads everything. Of several, a file goes to the one whose source is the name of a folder it lies in, else to the one whose
    `match` fits its name. Without any, a `mapping.yaml` among the files reads those beside and below it. Raises BadInput where two fit.
    """
    if not mappings:
        return _share_by_folder(arrivals)
    if len(mappings) == 1:
        return [(mappings[0], list(arrivals))]
    shared: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        shared.setdefault(_find_source(arrival, mappings), []).append(arrival)
    by_source: dict[str, SourceMapping | None] = {"": None, **{mapping.source: mapping for mapping in mappings}}
    return [(by_source[source], files) for source, files in shared.items()]


def _find_source(arrival: Arrival, mappings: Sequence[SourceMapping]) -> str:
    folders = [*arrival.origin.absolute().parent.parts[-1:], *PurePosixPath(arrival.name).parts[:-1]]
    for folder in reversed(folders):
        for mapping in mappings:
            if mapping.source.lower() == folder.lower().removesuffix(".zip"):
                return mapping.source
    fits = [mapping.source for mapping in mappings if any(entry.match != "*" and entry.fits(arrival.name) for entry in mapping.files)]
    if len(fits) > 1:
        raise BadInput(
            "Several mappings fit one file",
            thing=f"{arrival.name}: {', '.join(fits)}",
            next_step="Put each source's files in a folder that is called like the source.",
        )
    return fits[0] if fits else ""


def _share_by_folder(arrivals: Sequence[Arrival]) -> list[tuple[SourceMapping | None, list[Arrival]]]:
    found = {
        PurePosixPath(arrival.name).parent: read_mapping(arrival.path, arrival.name)
        for arrival in arrivals
        if PurePosixPath(arrival.name).name == IN_FOLDER
    }
    shared: dict[PurePosixPath | None, list[Arrival]] = {}
    for arrival in arrivals:
        above = (folder for folder in PurePosixPath(arrival.name).parents if folder in found)
        shared.setdefault(next(above, None), []).append(arrival)
    return [(found[folder] if folder is not None else None, files) for folder, files in shared.items()]
