"""The restream process beside an origin: started where the event file names services; its rows go to `/status`."""

from typing import Any

from ringside.cli.console import say
from ringside.cli.event import Event
from ringside.cli.supervisor import Child, Supervisor


class RestreamKeeper:
    """`here`: where this machine's edge can be asked for the feed."""

    def __init__(self, supervisor: Supervisor, event: Event, origin: Child, here: str) -> None:
        self._supervisor, self._origin = supervisor, origin
        self._child: Child | None = None
        if event.restream:
            restreams = event.model_dump(mode="json")["restream"]
            told = {"origin": here.rstrip("/"), "feed_token": event.origin.feed_token, "restreams": restreams}
            self._child = Child("restream", "restream", told)
            supervisor.start(self._child)
            say(f"  sent on  {', '.join(each.shown for each in event.restream)}")

    def __repr__(self) -> str:
        return f"<RestreamKeeper {self._child}>"

    def hear(self, child: Child, report: dict[str, Any]) -> None:
        """Pass its rows on to the origin."""
        if child is self._child and "restreams" in report:
            self._supervisor.order(self._origin, {"restreams": report["restreams"]})
