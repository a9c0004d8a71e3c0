"""The store of papers: one folder each under home/papers with its files and their sealed manifests."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quarterdeck.papers.readers.pieces import ReadDocument
from quarterdeck.vocabulary.errors import NotFound
from quarterdeck.vocabulary.settings import Settings

_BASE = "paper.json"


@dataclass(frozen=True, slots=True)
class StoredPaper:
    """What the index needs of a paper: who it is and when it was made."""

    id: str
    template: str
    title: str
    snapshot: str
    data_cut: str
    made_at: str
    about: str
    formats: tuple[str, ...]


class PaperStore:
    """Papers of one installation."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.home / "papers"

    def keep(self, paper: str, base: Mapping[str, Any], files: Mapping[str, bytes], manifests: Mapping[str, bytes]) -> None:
        """Store a paper's files and manifests. An equal paper written again replaces itself."""
        where = self.folder / paper
        where.mkdir(parents=True, exist_ok=True)
        for file_format, content in files.items():
            _replace(where / f"paper.{file_format}", content)
        for file_format, manifest in manifests.items():
            _replace(where / f"{file_format}.{json.loads(manifest)['seal'][:16]}.manifest.json", manifest)
        _replace(where / _BASE, json.dumps(base, ensure_ascii=False, sort_keys=True).encode())

    def papers(self) -> list[StoredPaper]:
        """All papers, newest last."""
        return sorted((self._stored(path.parent) for path in self.folder.glob(f"*/{_BASE}")), key=lambda paper: (paper.made_at, paper.id))

    def base(self, paper: str) -> dict[str, Any]:
        """Facts and claims of a paper. Raises NotFound."""
        path = self.folder / Path(paper).name / _BASE
        if not path.is_file():
            raise NotFound(
                "No such paper in this installation",
                thing=paper,
                allowed=[p.id for p in self.papers()][-8:],
                next_step="List them with: quarterdeck papers",
            )
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content

    def find_base(self, paper: str) -> dict[str, Any] | None:
        """The same, or None."""
        try:
            return self.base(paper)
        except NotFound:
            return None

    def file(self, paper: str, file_format: str) -> Path:
        """Where a finished file lies. Raises NotFound."""
        path = self.folder / Path(paper).name / f"paper.{file_format}"
        if not path.is_file():
            raise NotFound(
                "The paper has no such file",
                thing=f"{paper} as {file_format}",
                allowed=self._stored(self.folder / Path(paper).name).formats,
            )
        return path

    def find_manifest(self, document: ReadDocument) -> str:
        """The stored manifest of a file that was read back: by its identifier, else by the manifest in it, else by its text."""
        name = document.identifier
        if not name and document.manifest:
            try:
                name = str(json.loads(document.manifest).get("paper", ""))
            except (ValueError, AttributeError):
                name = ""
        if name and "/" not in name and (path := self._manifest_of(name, document)) is not None:
            return path.read_text(encoding="utf-8")
        return self._by_text(document) if not document.manifest and document.format == "pdf" else ""

    def previous(self, template: str, about: str, snapshot: str) -> dict[str, Any] | None:
        """The newest paper of this kind and subject that was made from another snapshot."""
        found = [p for p in self.papers() if p.template == template and p.about == about and p.snapshot != snapshot]
        return self.base(found[-1].id) if found else None

    def _manifest_of(self, paper: str, document: ReadDocument) -> Path | None:
        """The manifest this file was sealed with, or, where none fits, the newest of the paper in this format."""
        paths = sorted((self.folder / paper).glob(f"{document.format}.*.manifest.json"), key=lambda path: path.stat().st_mtime_ns)
        seal = ""
        if document.manifest:
            try:
                seal = str(json.loads(document.manifest).get("seal", ""))[:16]
            except (ValueError, AttributeError):
                seal = ""
        return next(
            (path for path in paths if seal and path.name == f"{document.format}.{seal}.manifest.json"), paths[-1] if paths else None
        )

    def _by_text(self, document: ReadDocument) -> str:
        words = set(document.text.split())
        best, best_score = "", 0.8
        for path in self._manifests(document.format):
            text = path.read_text(encoding="utf-8")
            sealed = {word for _, piece, _ in json.loads(text)["file"]["pieces"] for word in piece.split()}
            score = len(words & sealed) / max(1, len(words | sealed))
            if score > best_score:
                best, best_score = text, score
        return best

    def _manifests(self, file_format: str) -> Iterator[Path]:
        yield from sorted(self.folder.glob(f"*/{file_format}.*.manifest.json"))

    def _stored(self, folder: Path) -> StoredPaper:
        content = json.loads((folder / _BASE).read_text(encoding="utf-8"))
        formats = tuple(sorted(path.suffix[1:] for path in folder.glob("paper.*") if path.name != _BASE))
        return StoredPaper(
            content["paper"],
            content["template"],
            content["title"],
            content["snapshot"],
            content["data_cut"],
            content["made_at"],
            content.get("about", "portfolio"),
            formats,
        )


def _replace(path: Path, content: bytes) -> None:
    # A reader must never see half a file.
    temporary = path.with_suffix(f"{path.suffix}.{os.getpid()}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
