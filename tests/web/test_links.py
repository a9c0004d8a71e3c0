"""Every link of every page leads somewhere: no dead end, and no fragment that is not on its page."""

from __future__ import annotations

import re
from collections import Counter, deque
from urllib.parse import urldefrag, urljoin

import pytest
from starlette.testclient import TestClient

from tests_web import Page  # type: ignore[import-not-found]

LIKE_ONE_ANOTHER = re.compile(
    r"=[^&]*|(?<=/)(QD-|V\d|AUD|C\d|\d)[^/?]*|(?<=/measures/)\w+|(?<=/metrics/)[\w-]+|(?<=/)[0-9a-f]{12,}|(?<=/countries/)\w+"
)
STAYS = ("/sign-out", "/as-of/")  # these change what all other pages show


def walk(client: TestClient, start: list[str], most: int, with_files: bool = False) -> tuple[list[str], list[str], int]:
    """Dead links, fragments that are not there, and how many pages were asked for. Of links that differ in a key only, `most` are followed.

    `with_files`: also the tables and pictures that a page offers as files, which take long to draw.
    """
    queue, seen, alike = deque(start), set(start), Counter[str]()
    came_from: dict[str, str] = {}
    dead, lost = [], []
    while queue:
        path = queue.popleft()
        answer = client.get(path)
        if answer.status_code != 200:
            dead.append(f"{answer.status_code} {path}, linked from {came_from.get(path, 'nowhere')}")
        if "text/html" not in answer.headers["content-type"]:
            continue
        page = Page(answer.text)
        lost += [f"{link} on {path}" for link in page.links if re.match("#.", link) and link[1:] not in page.ids]
        for link in page.links:
            target = urldefrag(urljoin(path, link)).url
            kind = LIKE_ONE_ANOTHER.sub("", target)
            if not with_files and re.search(r"[?&]as=", target):
                continue
            if target.startswith("/") and target not in seen and not target.startswith(STAYS) and alike[kind] < most:
                alike[kind] += 1
                seen.add(target)
                came_from[target] = path
                queue.append(target)
    return dead, lost, len(seen)


def test_no_link_is_dead(demo_client: TestClient) -> None:
    dead, lost, count = walk(demo_client, ["/"], 1)
    assert not dead
    assert not lost
    assert count > 60


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_link_is_dead_from_any_page(demo_client: TestClient, demo_paths: list[str]) -> None:
    dead, lost, _ = walk(demo_client, demo_paths, 5, with_files=True)
    assert not dead
    assert not lost


def test_the_walk_notices_a_dead_link(demo_client: TestClient) -> None:
    dead, _, _ = walk(demo_client, ["/preferences", "/trials/QD-999"], 0)
    assert dead == ["404 /trials/QD-999, linked from nowhere"]
