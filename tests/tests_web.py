"""What the tests of pages share."""

from web.conftest import follow, form_token, serving  # type: ignore[import-not-found]
from web.walk import Page, numbers, uncited  # type: ignore[import-not-found]

__all__ = ["Page", "follow", "form_token", "numbers", "serving", "uncited"]
