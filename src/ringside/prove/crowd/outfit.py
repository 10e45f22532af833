"""What a plan gives its viewers: whose player, which headers, and what each adds to its requests for itself."""

from time import monotonic
from urllib.parse import urlsplit

from ringside.prove.crowd.engine.engine import Engine
from ringside.prove.crowd.engine.habits import Habits
from ringside.prove.crowd.engine.session import Session
from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.player.base import Kind, Lane, Player, Request
from ringside.prove.crowd.player.cmcd import Cmcd
from ringside.prove.crowd.player.dash import DashPlayer
from ringside.prove.crowd.player.hls import HlsPlayer
from ringside.prove.crowd.player.profile import Profile
from ringside.prove.crowd.player.push import PushPlayer
from ringside.prove.crowd.player.stock import PROFILES, WATCH_PAGE


def kind_of(url: str) -> str:
    """The player a URL is for, by its path: a playlist's unless it says otherwise."""
    path = urlsplit(url).path
    if path.endswith(".mpd"):
        return "dash.js"
    return "push" if path.endswith("/stream") else "hls.js"


class Outfit:
    """Makes the players of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        kind = kind_of(plan.url)
        name = kind if plan.player == "auto" else plan.player
        own = kind if name in ("shaka", "ringside") else name
        self._dash, self._push = own == "dash.js", own == "push"
        self.profile: Profile = (WATCH_PAGE[kind] if name == "ringside" else PROFILES[name])[plan.low_latency]
        self.habits = self._habits()

    def _habits(self) -> Habits:
        plan, profile = self._plan, self.profile
        own = [tuple(part.strip() for part in header.split(":", 1)) for header in plan.headers]
        given = {name.lower() for name, _ in own}
        stock = [(name, value) for name, value in profile.headers if name.lower() not in given]
        return Habits(
            headers=(*stock, *own),  # type: ignore[arg-type]
            query=plan.query,
            connections=profile.connections,
            first_byte_s={kind: profile.loads[kind].first_byte_s for kind in Kind},
            whole_s={kind: profile.loads[kind].whole_s for kind in Kind},
            idle_s={kind: profile.loads[kind].idle_s for kind in Kind},
            resends=profile.resends,
            personal=self._personal if plan.cmcd else None,
        )

    def player(self, engine: Engine, session: Session, now_s: float) -> Player:
        """A fresh player for a viewer."""
        url, low = self._plan.url, self._plan.low_latency
        if self._plan.cmcd:
            session.cmcd = Cmcd(
                session.rng, version=self._plan.cmcd, headers=self._plan.cmcd_by == "header", dash=self._dash
            )
        if self._push:
            return PushPlayer(url, self.profile, engine.world, session, now_s)
        if self._dash:
            return DashPlayer(url, self.profile, engine.world, session, now_s, low)
        return HlsPlayer(url, self.profile, engine.world, session, now_s, low)

    def _personal(
        self, session: Session, lane: Lane, request: Request, url: str
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """A request with what the player reports of itself."""
        if session.cmcd is None:
            return url, ()
        return session.cmcd.add_to(url, session.player.report(monotonic(), lane, request))
