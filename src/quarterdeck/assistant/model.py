"""Asks the language model that the settings name: redacted before, judged after, logged, within budget and time, never trusted.

Nothing here raises for a model's fault: the answer says that the deterministic path has to serve, and why.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import urlparse

from pydantic import BaseModel

from quarterdeck.assistant.calls import CallNote, log_call, price, spent_today
from quarterdeck.assistant.contract import Answer, Judge, Question, load_prompt
from quarterdeck.assistant.redaction import find_residue, redact
from quarterdeck.record.database import Record
from quarterdeck.record.permissions import Actor
from quarterdeck.vocabulary.errors import BadInput, PartMissing, QuarterdeckError
from quarterdeck.vocabulary.settings import Settings

Output = TypeVar("Output", bound=BaseModel)
LOCAL = ("127.0.0.1", "::1", "localhost")
KINDS = ("openai-compatible", "openai", "anthropic")
TRIES = 2
TIMEOUT_SECONDS = 30.0
MOST_LETTERS = 60_000


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call."""

    tokens_in: int = 0
    tokens_out: int = 0


def is_configured(settings: Settings) -> bool:
    """Whether the settings name a model."""
    return bool(settings.language_model)


def ask(
    settings: Settings,
    record: Record,
    actor: Actor,
    question: Question,
    output: type[Output],
    judge: Judge,
    now: datetime,
    timeout: float = TIMEOUT_SECONDS,
) -> Answer[Output]:
    """One question to the model. `judge` names what is false or forbidden in an answer; anything it names refuses the answer."""
    if not is_configured(settings):
        return Answer(None, "failed", "no language model is configured")
    prompt = load_prompt(question.purpose)
    redacted = redact(question.material, question.names)
    request = sha256(f"{prompt.version}\n{redacted.text}".encode()).hexdigest()
    note = CallNote(
        question.purpose, prompt.version, settings.language_model, "failed", redactions=len(redacted.taken), request_hash=request
    )
    refusal = _refuse_before(settings, record, question, redacted.residue, now)
    if refusal is not None:
        return _close(record, actor, note, now, refusal[0], refusal[1])
    reason = ""
    usage = Usage()
    for _ in range(TRIES):
        try:
            value, used = _run(_call(settings, prompt.text, redacted.text, output, timeout), timeout)
        except QuarterdeckError as error:
            return _close(record, actor, note, now, "failed", error.message)
        except Exception as error:
            # Whatever a library or a server throws, the paper is still written: by the deterministic path.
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            continue
        usage = Usage(usage.tokens_in + used.tokens_in, usage.tokens_out + used.tokens_out)
        problems = [*_leaks(value, question.names), *judge(value)]
        if not problems:
            return _close(record, actor, note, now, "used", "", value, usage, _is_local(settings))
        reason = "; ".join(problems[:4])
    outcome = (
        "refused"
        if usage.tokens_in or usage.tokens_out or reason.startswith(("states", "leaves", "changes", "leaks", "not one"))
        else "failed"
    )
    return _close(record, actor, note, now, outcome, reason, None, usage, _is_local(settings))


def _refuse_before(
    settings: Settings, record: Record, question: Question, residue: tuple[str, ...], now: datetime
) -> tuple[str, str] | None:
    if residue:
        return "blocked", f"{len(residue)} thing(s) that must not leave remained after redaction"
    if len(question.material) > MOST_LETTERS:
        return "blocked", "more material than one call may carry"
    if settings.offline and not _is_local(settings):
        return "blocked", "the installation is offline: set offline = false to reach a model elsewhere"
    if not _is_local(settings) and spent_today(record, now) >= settings.language_model_budget:
        return "over_budget", f"today's budget of {settings.language_model_budget:.2f} US dollars is spent"
    return None


def _leaks(value: BaseModel, names: Any) -> list[str]:
    """Names and identifiers in an answer that never were in the redacted question can only come from elsewhere."""
    found = find_residue(value.model_dump_json(), names)
    return [f"leaks {len(found)} identifier(s)"] if found else []


def _close(
    record: Record,
    actor: Actor,
    note: CallNote,
    now: datetime,
    outcome: str,
    reason: str,
    value: Output | None = None,
    usage: Usage = Usage(),
    is_local: bool = True,
) -> Answer[Output]:
    cost = price(note.model, is_local, usage.tokens_in, usage.tokens_out)
    done = CallNote(
        note.purpose,
        note.prompt_version,
        note.model,
        outcome,
        reason,
        note.redactions,
        usage.tokens_in,
        usage.tokens_out,
        cost,
        note.request_hash,
    )
    log_call(record, actor, done, now)
    return Answer(value, outcome, reason, note.model, note.prompt_version, note.redactions)


async def _call(settings: Settings, prompt: str, material: str, output: type[Output], timeout: float) -> tuple[Output, Usage]:
    try:
        from pydantic_ai import Agent, PromptedOutput
        from pydantic_ai.settings import ModelSettings
    except ModuleNotFoundError as error:
        raise PartMissing(
            "The language-model part is not installed", next_step="Install it with: pip install 'quarterdeck[llm]'"
        ) from error
    agent: Any = Agent(_open_model(settings), output_type=PromptedOutput(output), instructions=prompt, retries=1)
    result = await asyncio.wait_for(
        agent.run(f"---\n{material}\n---", model_settings=ModelSettings(temperature=0.0, timeout=timeout, max_tokens=8000)), timeout
    )
    usage = result.usage if hasattr(result.usage, "input_tokens") else result.usage()  # a method in the older major version
    return result.output, Usage(int(usage.input_tokens or 0), int(usage.output_tokens or 0))


def _open_model(settings: Settings) -> Any:
    kind, _, name = settings.language_model.partition(":")
    if kind not in KINDS or not name:
        raise BadInput(
            "The language model cannot be understood",
            thing=f"language_model = {settings.language_model!r}",
            allowed=[f"{known}:NAME" for known in KINDS],
        )
    if kind == "anthropic":
        from pydantic_ai.models.anthropic import AnthropicModel

        return AnthropicModel(name)
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    if kind == "openai-compatible":
        if not settings.language_model_url:
            raise BadInput(
                "An OpenAI-compatible model needs its address",
                thing="language_model_url",
                next_step="For example: http://127.0.0.1:11434/v1",
            )
        return OpenAIChatModel(
            name,
            provider=OpenAIProvider(base_url=settings.language_model_url, api_key=os.environ.get("QUARTERDECK_LANGUAGE_MODEL_KEY", "none")),
        )
    return OpenAIChatModel(name)


def _is_local(settings: Settings) -> bool:
    return settings.language_model.startswith("openai-compatible:") and (urlparse(settings.language_model_url).hostname or "") in LOCAL


def _run(coroutine: Coroutine[Any, Any, tuple[Output, Usage]], timeout: float) -> tuple[Output, Usage]:
    # A page handler may already run inside an event loop; a thread of its own is free of it, and cannot hang longer than the time-out.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result(timeout + 5)
