"""Records from the ClinicalTrials.gov API v2: in pages, with retries, and no faster than is polite."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from quarterdeck.vocabulary.errors import NotFound, Unavailable

ADDRESS = "https://clinicaltrials.gov/api/v2/studies"
PAGE_SIZE = 100
PAUSE = 1.3  # seconds between requests: the service asks for at most about 50 a minute
RETRIES = 5
BUSY = (429, 500, 502, 503, 504)
AGENT = "Quarterdeck (clinical operations evidence; polite)"


def pull_records(
    wanted: Sequence[str],
    folder: Path,
    transport: Any = None,
    wait: Callable[[float], None] = time.sleep,
    max_pages: int = 50,
) -> list[Path]:
    """Writes one file per record into `folder`: NCT numbers by themselves, anything else as a search, page after page.

    Raises NotFound for a number that is not registered and Unavailable where the service does not answer after several tries.
    """
    import httpx2

    written: list[Path] = []
    with httpx2.Client(transport=transport, timeout=30.0, headers={"User-Agent": AGENT}, follow_redirects=True) as client:
        for entry in wanted:
            if re.fullmatch(r"NCT[0-9]{8}", entry.strip().upper()):
                number = entry.strip().upper()
                written.append(_write(folder, _get(client, f"{ADDRESS}/{number}", {}, wait, number)))
            else:
                written += _search(client, entry, folder, wait, max_pages)
    return written


def _search(client: Any, terms: str, folder: Path, wait: Callable[[float], None], max_pages: int) -> list[Path]:
    written: list[Path] = []
    token = ""
    for _ in range(max_pages):
        parameters = {"query.term": terms, "pageSize": str(PAGE_SIZE)} | ({"pageToken": token} if token else {})
        page = _get(client, ADDRESS, parameters, wait, terms)
        written += [_write(folder, study) for study in page.get("studies", [])]
        token = page.get("nextPageToken", "")
        if not token:
            break
    return written


def _get(client: Any, address: str, parameters: dict[str, str], wait: Callable[[float], None], thing: str) -> dict[str, Any]:
    import httpx2

    problem = ""
    for attempt in range(RETRIES):
        pause = PAUSE * 2**attempt
        try:
            response = client.get(address, params=parameters)
        except httpx2.TransportError as error:
            problem = str(error) or type(error).__name__
        else:
            if response.status_code == 404:
                raise NotFound("ClinicalTrials.gov has no such record", thing=thing)
            if response.status_code not in BUSY:
                return _read(response, thing, wait)
            problem = f"status {response.status_code}"
            asked = response.headers.get("Retry-After", "")
            pause = max(pause, float(asked) if asked.isdigit() else 0.0)
        if attempt < RETRIES - 1:
            wait(pause)
    raise Unavailable("ClinicalTrials.gov does not answer", thing=f"{thing} ({problem})", next_step="Try again later; nothing was changed.")


def _read(response: Any, thing: str, wait: Callable[[float], None]) -> dict[str, Any]:
    if response.status_code != 200:
        raise Unavailable("ClinicalTrials.gov refused the request", thing=f"{thing} (status {response.status_code})")
    wait(PAUSE)
    try:
        document = response.json()
    except ValueError as error:
        raise Unavailable("ClinicalTrials.gov sent no record", thing=thing) from error
    assert isinstance(document, dict)
    return document


def _write(folder: Path, study: dict[str, Any]) -> Path:
    number = study["protocolSection"]["identificationModule"]["nctId"]
    path = folder / f"{number}.json"
    path.write_text(json.dumps(study, ensure_ascii=False, indent=1), encoding="utf-8")
    return path
