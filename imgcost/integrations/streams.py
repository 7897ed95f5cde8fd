"""Read `usage` from the events of a stream while its caller reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_origin

from anthropic import AsyncStream

from imgcost.integrations.checks import LOGGER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

__all__ = ["observed"]


def observed(stream_cls: type[Any], report: Callable[[dict[str, Any]], None]) -> type[Any]:
    """Return a class of streams that reports `usage` while it is read. Its events are the same.

    Args:
        stream_cls: A class of streams of the SDK, such as `Stream[RawMessageStreamEvent]`.
        report: Called with `model` and `usage` each time that the total number of output tokens is known.
    """
    meter = _Meter(report)
    kind = get_origin(stream_cls) or stream_cls
    base: Any = stream_cls

    class Observed(base):  # type: ignore[misc] # a class that is known only when a request is sent
        def __iter__(self) -> Iterator[Any]:
            for event in super().__iter__():
                meter.see(event)
                yield event

        def __next__(self) -> Any:
            event = super().__next__()
            meter.see(event)
            return event

    class ObservedAsync(base):  # type: ignore[misc] # same as above
        async def __aiter__(self) -> AsyncIterator[Any]:
            async for event in super().__aiter__():
                meter.see(event)
                yield event

        async def __anext__(self) -> Any:
            event = await super().__anext__()
            meter.see(event)
            return event

    return ObservedAsync if issubclass(kind, AsyncStream) else Observed


class _Meter:
    """Collects the parts of `usage`: input tokens come first, output tokens last."""

    def __init__(self, report: Callable[[dict[str, Any]], None]) -> None:
        self._report = report
        self._answer: dict[str, Any] = {"model": None, "usage": {}}

    def see(self, event: Any) -> None:
        """Look at an event. Nothing that is wrong with it may disturb its reader."""
        try:
            if event.type == "message_start":
                self._answer = {"model": event.message.model, "usage": event.message.usage.to_dict()}
            elif event.type == "message_delta":
                known = {key: value for key, value in event.usage.to_dict().items() if value is not None}
                self._answer = {**self._answer, "usage": {**self._answer["usage"], **known}}
                self._report(self._answer)
        except Exception:  # noqa: BLE001 - events are those of any server
            LOGGER.exception("cannot read the usage in an event of a stream")
