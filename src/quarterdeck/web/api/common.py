"""What every part of the JSON API says about refusals."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """RFC 9457: what went wrong, as a person can read it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/problem+json": {"schema": Problem.model_json_schema()}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: _problem("A value in the request cannot be used"),
    401: _problem("This installation has accounts and nobody is signed in"),
    403: _problem("The reader's roles do not allow this"),
    404: _problem("There is no such thing, or there are no facts yet"),
    422: _problem("A parameter has the wrong type"),
}
