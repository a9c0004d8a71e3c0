"""What the tests of pages share."""

from web.conftest import form_token, serving  # type: ignore[import-not-found]
from web.walk import Page, numbers, uncited  # type: ignore[import-not-found]

__all__ = ["Page", "form_token", "numbers", "serving", "uncited"]
