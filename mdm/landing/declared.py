"""What a connector has declared of its streams, asked only when it matters, and held against what it does."""

import logging
from datetime import datetime, timedelta

from mdm.connector import DELETES, SHORTEST_MEMORY, Connector, Stream
from mdm.connector import Context as World
from mdm.errors import FullReconcileRequired, SourceError

log = logging.getLogger("mdm")

TELLING = ("feed", "field")
# Asking for a day less than the source remembers leaves time to read what it answers.
MARGIN = 1


class Declared:
    """The declarations of one connector; `discover` is asked once in a sync, and only when something hangs on it."""

    def __init__(self, connector: Connector, world: World) -> None:
        self._connector, self._world = connector, world
        self._streams: dict[str, Stream] | None = None

    def of(self, stream: str) -> Stream | None:
        """What is declared of a stream; None when the connector cannot say."""
        if self._streams is None:
            try:
                self._streams = {one.name: one for one in self._connector.discover(self._world)}
            except Exception as error:
                # The reading goes on without it: a source may read well and still not describe itself.
                log.info("declarations unknown", extra={"source": self._connector.name, "error": type(error).__name__})
                self._streams = {}
        return self._streams.get(stream)


def may_delete(declared: Stream | None, where: str, delivery: str) -> None:
    """Refuse deletions from a stream that is declared to send none; a full delivery may name what it would leave out."""
    if declared is None:
        return
    if declared.deletes not in DELETES:
        raise SourceError(
            f"{where}: the connector declares deletes = {declared.deletes!r}, which is none of {', '.join(DELETES)}; "
            "report it to the connector's author"
        )
    if declared.deletes not in (*TELLING, *(("absence",) if delivery == "full" else ())):
        raise SourceError(
            f"{where}: the connector sends deletions, but declares deletes = {declared.deletes!r}; nothing was deleted. "
            "Report it to the connector's author: the stream is `feed` or `field`"
        )


def remembered(declared: Declared, stream: str, where: str, *, last: datetime | None, now: datetime) -> None:
    """Refuse to go on from a state that is older than the source remembers its deletions."""
    age = now - last if last is not None else timedelta()
    if age <= timedelta(days=SHORTEST_MEMORY):
        return
    known = declared.of(stream)
    if known is None or known.tombstones is None or age <= timedelta(days=known.tombstones - MARGIN):
        return
    raise FullReconcileRequired(
        f"{where}: last read {age.days} days ago, and the source remembers deletions for {known.tombstones} days only; read all "
        "of it again (`mdm run --full`), so that what was deleted since is noticed"
    )
