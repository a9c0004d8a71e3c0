"""Files that arrive through the browser: checked by name, size and content before anything reads them."""

from __future__ import annotations

import re
import secrets
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from quarterdeck.evidence.delimited import refuse_other_kinds
from quarterdeck.evidence.mapping import IN_FOLDER, read_mapping
from quarterdeck.vocabulary.errors import BadInput

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".parquet", ".zip", ".gz", ".yaml")  # a mapping may come with its files
MAX_FILES = 50
MAX_UNPACKED = 2 * 10**9
RATIO_FROM, MAX_RATIO = 50 * 10**6, 200  # text packs some 10 to 40 times; a bomb a thousand times


def keep_upload(home: Path, files: Sequence[tuple[str, IO[bytes]]]) -> Path:
    """The checked files in a new folder below home/uploads. Raises BadInput, and then keeps nothing."""
    if not files:
        raise BadInput("No file was chosen", next_step="Choose one or more files and send the form again.")
    if len(files) > MAX_FILES:
        raise BadInput("Too many files at once", thing=str(len(files)), allowed=f"up to {MAX_FILES}; put them in one ZIP")
    folder = home / "uploads" / secrets.token_hex(8)
    folder.mkdir(parents=True)
    try:
        for given, content in files:
            name = check_name(given)
            target = folder / name
            if target.exists():
                raise BadInput("Two files have the same name", thing=name)
            with target.open("wb") as out:
                shutil.copyfileobj(content, out)
            check_content(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def check_name(given: str) -> str:
    """The plain file name. A name that points anywhere else, or is of no kind that can be loaded, is refused, not repaired."""
    if given != PurePosixPath(given).name or "\\" in given or ":" in given or given in ("", ".", "..") or given.startswith("."):
        raise BadInput(
            "A file name may not hold a path", thing=given[:200] or "an empty name", next_step="Rename the file and send it again."
        )
    if re.search(r"[\x00-\x1f\x7f]", given) or len(given) > 200:
        raise BadInput("The file name cannot be used", thing=given[:80], allowed="up to 200 characters, none of them a control character")
    if not given.lower().endswith(SUFFIXES):
        raise BadInput("Files of this type are not loaded", thing=given, allowed=SUFFIXES)
    if given.lower().endswith(".yaml") and given != IN_FOLDER:
        raise BadInput("A mapping that comes with its files has a fixed name", thing=given, allowed=IN_FOLDER)
    return given


def check_content(path: Path) -> None:
    """Whether the content is what the name says, and does not unpack to more than it should. Raises BadInput."""
    with path.open("rb") as handle:
        start = handle.read(4096)
    suffix = path.suffix.lower()
    if not start:
        raise BadInput("The file is empty", thing=path.name)
    if suffix in (".zip", ".xlsx"):
        _check_archive(path)
    elif suffix == ".parquet" and not start.startswith(b"PAR1"):
        raise _wrong(path, "a Parquet file")
    elif suffix == ".gz" and not start.startswith(b"\x1f\x8b"):
        raise _wrong(path, "a gzip file")
    elif suffix in (".csv", ".tsv", ".txt", ".yaml"):
        refuse_other_kinds(start, path.name)
        if _is_binary(start):
            raise _wrong(path, "a text file")
        if suffix == ".yaml":
            read_mapping(path)


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _wrong(path, "a workbook" if path.suffix.lower() == ".xlsx" else "a ZIP file") from error
    if path.suffix.lower() == ".xlsx" and "[Content_Types].xml" not in {member.filename for member in members}:
        raise _wrong(path, "a workbook")
    for member in members:
        inside = PurePosixPath(member.filename.replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts or ":" in member.filename.split("/")[0]:
            raise BadInput(
                "The archive names a file outside itself",
                thing=f"{path.name}: {member.filename[:200]}",
                next_step="Do not trust this archive.",
            )
    unpacked, packed = sum(member.file_size for member in members), max(1, path.stat().st_size)
    if unpacked > MAX_UNPACKED or (unpacked > RATIO_FROM and unpacked > MAX_RATIO * packed):
        raise BadInput(
            "The archive unpacks to far more than it holds", thing=path.name, allowed=f"up to {MAX_RATIO} times its size and {MAX_UNPACKED // 10**9} GB",
            next_step="Load it with `quarterdeck load` if it is genuine.",
        )  # fmt: skip


def _is_binary(start: bytes) -> bool:
    # UTF-16 and UTF-32 text is full of zero bytes, but says so at its beginning.
    return b"\x00" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff"))


def _wrong(path: Path, wanted: str) -> BadInput:
    return BadInput(f"The content is not what the name says: not {wanted}", thing=path.name, next_step="Save it again in the right format.")


def check_name_of_paper(given: str) -> str:
    """The plain name of a paper to verify. Raises BadInput for a path or another type."""
    if not given.lower().endswith((".docx", ".pptx", ".pdf", ".xlsx", ".html")):
        raise BadInput("Papers of this type are not verified", thing=given[:200], allowed=".docx, .pptx, .pdf, .xlsx, .html")
    if given != PurePosixPath(given).name or "\\" in given or re.search(r"[\x00-\x1f\x7f]", given) or len(given) > 200:
        raise BadInput("A file name may not hold a path", thing=given[:200])
    return given
