"""An agent of 60 turns by each official client: it asks, runs the calls, and goes on."""

import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, Protocol, cast

from anthropic import AsyncAnthropic
from google import genai
from google.genai import types
from openai import AsyncOpenAI

from gateway.homes import KEY

TURNS = 60
TOOLS = 40
RESULT = 1200  # characters of the result of a call


class Asked(NamedTuple):
    """A call of the model, as the client reads it. `id` is empty if the format has none."""

    id: str
    name: str
    arguments: Any


class LongAgent(Protocol):
    """One client with its history."""

    def begin(self, task: str) -> None: ...

    async def ask(self, *, stream: bool) -> Sequence[Asked]:
        """Asks, and adds the answer to the history."""
        ...

    async def cancel(self) -> None:
        """Asks for a stream and leaves it after its first event."""
        ...

    def add_results(self, calls: Sequence[Asked], results: Sequence[str]) -> None: ...


def steps(seed: int) -> list[list[tuple[str, Any]]]:
    """The calls of each turn: up to three in parallel."""
    rng = random.Random(seed)
    return [
        [
            (f"tool_{rng.randrange(TOOLS):02}", {"path": f"src/{turn}_{at}.py", "n": rng.random()})
            for at in range(rng.randint(1, 3))
        ]
        for turn in range(TURNS)
    ]


def task(turns: Sequence[Sequence[tuple[str, Any]]]) -> str:
    lines = [
        json.dumps({"calls": [{"name": name, "arguments": given} for name, given in calls]})
        for calls in turns
    ]
    return "\n".join(["Do it.", *(f"x-sim-step: {line}" for line in lines)])


def result(turn: int, at: int) -> str:
    """A long result that names its call."""
    return (f"Result {turn}.{at}, “grün” 水 🌊\n" * RESULT)[:RESULT]


def schema(at: int) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": f"Where tool {at} works"},
            "n": {"type": "number"},
        },
        "required": ["path"],
    }


def _names() -> list[tuple[str, dict[str, Any]]]:
    return [(f"tool_{at:02}", schema(at)) for at in range(TOOLS)]


async def _first(stream: Any) -> None:
    """Reads one event, and closes the stream."""
    async for _ in stream:
        break
    await stream.close()


class ChatAgent:
    """`openai`, chat completions."""

    def __init__(self, client: AsyncOpenAI, model: str) -> None:
        self._create: Any = client.chat.completions.create
        self._model = model
        self._messages: list[Any] = []
        self._tools = [
            {"type": "function", "function": {"name": name, "parameters": parameters}}
            for name, parameters in _names()
        ]

    def begin(self, task: str) -> None:
        self._messages = [{"role": "user", "content": task}]

    async def ask(self, *, stream: bool) -> Sequence[Asked]:
        if stream:
            calls = await self._streamed()
        else:
            message = (await self._call()).choices[0].message
            calls = [call.to_dict() for call in message.tool_calls or ()]
        self._messages.append({"role": "assistant", "content": None, "tool_calls": calls})
        return [
            Asked(c["id"], c["function"]["name"], json.loads(c["function"]["arguments"]))
            for c in calls
        ]

    async def _streamed(self) -> list[Any]:
        calls: dict[int, Any] = {}
        async for chunk in await self._call(stream=True):
            for delta in chunk.choices[0].delta.tool_calls or () if chunk.choices else ():
                found = calls.setdefault(
                    delta.index,
                    {"id": delta.id, "type": "function", "function": {"name": "", "arguments": ""}},
                )
                found["function"]["name"] += delta.function.name or ""
                found["function"]["arguments"] += delta.function.arguments or ""
        return [calls[at] for at in sorted(calls)]

    async def cancel(self) -> None:
        await _first(await self._call(stream=True))

    async def _call(self, **more: Any) -> Any:
        return await self._create(
            model=self._model, messages=self._messages, tools=self._tools, **more
        )

    def add_results(self, calls: Sequence[Asked], results: Sequence[str]) -> None:
        self._messages += [
            {"role": "tool", "tool_call_id": call.id, "content": text}
            for call, text in zip(calls, results, strict=True)
        ]


class ResponsesAgent:
    """`openai`, Responses, without state at the provider."""

    def __init__(self, client: AsyncOpenAI, model: str) -> None:
        self._create: Any = client.responses.create
        self._model = model
        self._input: list[Any] = []
        self._tools = [
            {"type": "function", "name": name, "parameters": parameters, "strict": False}
            for name, parameters in _names()
        ]

    def begin(self, task: str) -> None:
        self._input = [{"role": "user", "content": task}]

    async def ask(self, *, stream: bool) -> Sequence[Asked]:
        answer = await self._streamed() if stream else await self._call()
        self._input += [item.to_dict() for item in answer.output]
        return [
            Asked(item.call_id, item.name, json.loads(item.arguments))
            for item in answer.output
            if item.type == "function_call"
        ]

    async def _streamed(self) -> Any:
        ended = [
            event.response
            async for event in await self._call(stream=True)
            if event.type == "response.completed"
        ]
        return ended[0]

    async def cancel(self) -> None:
        await _first(await self._call(stream=True))

    async def _call(self, **more: Any) -> Any:
        history = {"input": self._input}  # the client takes seconds to check the types of all items
        return await self._create(
            model=self._model, tools=self._tools, store=False, extra_body=history, **more
        )

    def add_results(self, calls: Sequence[Asked], results: Sequence[str]) -> None:
        self._input += [
            {"type": "function_call_output", "call_id": call.id, "output": text}
            for call, text in zip(calls, results, strict=True)
        ]


class MessagesAgent:
    """`anthropic`, messages."""

    def __init__(self, client: AsyncAnthropic, model: str) -> None:
        self._client: Any = client
        self._asked: dict[str, Any] = {
            "model": model,
            "max_tokens": 4096,
            "tools": [{"name": name, "input_schema": given} for name, given in _names()],
        }
        self._messages: list[Any] = []

    def begin(self, task: str) -> None:
        self._messages = [{"role": "user", "content": task}]

    async def ask(self, *, stream: bool) -> Sequence[Asked]:
        answer = await self._streamed() if stream else await self._call()
        self._messages.append(answer.to_param())
        blocks = [block for block in answer.content if block.type == "tool_use"]
        return [Asked(block.id, block.name, block.input) for block in blocks]

    async def _streamed(self) -> Any:
        stream = self._client.messages.stream(messages=self._messages, **self._asked)
        async with stream as opened:
            return await opened.get_final_message()

    async def cancel(self) -> None:
        await _first(await self._call(stream=True))

    async def _call(self, **more: Any) -> Any:
        return await self._client.messages.create(messages=self._messages, **self._asked, **more)

    def add_results(self, calls: Sequence[Asked], results: Sequence[str]) -> None:
        blocks = [
            {"type": "tool_result", "tool_use_id": call.id, "content": text}
            for call, text in zip(calls, results, strict=True)
        ]
        self._messages.append({"role": "user", "content": blocks})


class ContentsAgent:
    """`google-genai`."""

    def __init__(self, client: genai.Client, model: str) -> None:
        self._models: Any = client.aio.models
        functions = [
            types.FunctionDeclaration(name=name, parameters_json_schema=given)
            for name, given in _names()
        ]
        self._asked: dict[str, Any] = {
            "model": model,
            "config": types.GenerateContentConfig(
                tools=[types.Tool(function_declarations=functions)],
                automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            ),
        }
        self._contents: list[Any] = []

    def begin(self, task: str) -> None:
        self._contents = [types.Content(role="user", parts=[types.Part(text=task)])]

    async def ask(self, *, stream: bool) -> Sequence[Asked]:
        if stream:
            parts = [part async for part in self._streamed()]
        else:
            answer = await self._models.generate_content(contents=self._contents, **self._asked)
            parts = answer.candidates[0].content.parts
        self._contents.append(types.Content(role="model", parts=parts))
        found = [part.function_call for part in parts if part.function_call]
        return [Asked(call.id or "", call.name or "", call.args) for call in found]

    async def _streamed(self) -> AsyncIterator[types.Part]:
        stream = await self._models.generate_content_stream(contents=self._contents, **self._asked)
        async for chunk in stream:
            for candidate in chunk.candidates or ():
                for part in (candidate.content and candidate.content.parts) or ():
                    yield part

    async def cancel(self) -> None:
        stream = await self._models.generate_content_stream(contents=self._contents, **self._asked)
        async for _ in stream:
            break
        await stream.aclose()

    def add_results(self, calls: Sequence[Asked], results: Sequence[str]) -> None:
        parts = [
            types.Part(
                function_response=types.FunctionResponse(
                    id=call.id or None, name=call.name, response={"output": text}
                )
            )
            for call, text in zip(calls, results, strict=True)
        ]
        self._contents.append(types.Content(role="user", parts=parts))


async def connect(surface: str, url: str, model: str, stack: AsyncExitStack) -> LongAgent:
    """The client of a surface."""
    if surface == "anthropic":
        claude = AsyncAnthropic(base_url=url, api_key=KEY, max_retries=0)
        return MessagesAgent(await stack.enter_async_context(claude), model)
    if surface == "gemini":
        google = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=url))
        stack.push_async_callback(google.aio.aclose)
        stack.callback(google.close)
        return cast("LongAgent", ContentsAgent(google, model))
    openai = AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)
    await stack.enter_async_context(openai)
    return (ChatAgent if surface == "openai" else ResponsesAgent)(openai, model)
