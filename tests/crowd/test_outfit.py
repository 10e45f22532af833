"""The outfit: whose habits the viewers of a plan have, by its player and its URL."""

import ssl
from typing import Any

import pytest

from ringside.prove.crowd.arrive import network
from ringside.prove.crowd.arrive.tickets import tickets
from ringside.prove.crowd.engine.engine import Engine
from ringside.prove.crowd.engine.session import Session
from ringside.prove.crowd.outfit import Outfit
from ringside.prove.crowd.plan import Plan
from ringside.prove.crowd.player.dash import DashPlayer
from ringside.prove.crowd.player.hls import HlsPlayer
from ringside.prove.crowd.player.push import PushPlayer
from ringside.prove.crowd.player.stock import (
    DASH_JS,
    DASH_JS_PLAIN,
    HLS_JS,
    PUSH,
    RINGSIDE_DASH,
    RINGSIDE_DASH_PLAIN,
    RINGSIDE_HLS,
    SHAKA,
    SHAKA_PLAIN,
)
from ringside.prove.crowd.tally.tally import Tally

BASE = "http://127.0.0.1:9/live/main/"


@pytest.mark.parametrize(
    ("name", "path", "kind", "low", "plain"),
    [
        ("auto", "index.m3u8", HlsPlayer, HLS_JS, HLS_JS),
        ("auto", "index.mpd?token=a", DashPlayer, DASH_JS, DASH_JS_PLAIN),
        ("auto", "v360/stream", PushPlayer, PUSH, PUSH),
        ("auto", "anything", HlsPlayer, HLS_JS, HLS_JS),
        ("dash.js", "manifest", DashPlayer, DASH_JS, DASH_JS_PLAIN),
        ("push", "anything", PushPlayer, PUSH, PUSH),
        ("shaka", "index.m3u8", HlsPlayer, SHAKA, SHAKA_PLAIN),
        ("shaka", "index.mpd", DashPlayer, SHAKA, SHAKA_PLAIN),
        ("ringside", "index.m3u8", HlsPlayer, RINGSIDE_HLS, RINGSIDE_HLS),
        ("ringside", "index.mpd", DashPlayer, RINGSIDE_DASH, RINGSIDE_DASH_PLAIN),
        ("ringside", "v360/stream", PushPlayer, PUSH, PUSH),
    ],
)
def test_viewers_have_the_player_of_their_plan(name: Any, path: str, kind: type, low: object, plain: object) -> None:
    for low_latency, profile in ((True, low), (False, plain)):
        plan = Plan(url=BASE + path, player=name, low_latency=low_latency, viewers=1)
        outfit = Outfit(plan)
        (ticket,) = tickets(plan)
        engine = Engine(outfit.habits, Tally(), ssl.create_default_context(), 0.0, 0.0)
        session = Session(ticket, network.link(ticket.network, ticket.slow, ticket.seed), 60.0)
        player = outfit.player(engine, session, 0.0)
        assert type(player) is kind
        assert player.profile is profile
