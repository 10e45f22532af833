"""Srt, Socket and Poll: libsrt's sockets as Python's own are, none of which ever blocks but a Poll that waits.

What libsrt says enters as bytes, numbers and codes; bytes, Stats and Lost leave. Its last error belongs to the thread
that made the call, so each is read at once. A listener asks a judge about every caller, before the keys are exchanged
and before anything is received: it is called in libsrt's own thread, while all packets of that port wait.
"""

import atexit
import contextlib
import ctypes
import os
import socket as sockets
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from ringside.core.errors import Misconfigured
from ringside.core.srt import native, trust
from ringside.core.srt.errors import REASONS, REJECTIONS, Lost, NoSrt, Refusal
from ringside.core.srt.options import Options

Judge = Callable[[str, str], str | Refusal]
"""From a caller's stream id and address: the passphrase it has to have (empty: none), or why it may not come in."""

MESSAGE_BYTES = 1316  # seven packets of MPEG-TS: what one message carries
_RECEIVED_BYTES = 1456
_BACKLOG = 4
_INVALID = -1


@dataclass(frozen=True, slots=True)
class Stats:
    """A connection's counts since it began. `dropped`: came too late or never, and is missing in what was read."""

    rtt_ms: float
    latency_ms: int
    received: int
    sent: int
    lost: int  # and asked for again
    retransmitted: int
    dropped: int
    send_dropped: int
    undecrypted: int
    received_bytes: int
    send_buffer_ms: int


class Srt:
    """A loaded libsrt; one a process. Use `Srt.load()`."""

    def __init__(self, functions: dict[str, Any], facts: trust.Facts) -> None:
        self.call = functions
        self.facts = facts

    def __repr__(self) -> str:
        return f"<Srt {self.facts.path} {self.facts.version:#08x}>"

    @staticmethod
    @cache
    def load() -> "Srt":
        """The libsrt of this machine. Raises NoSrt where there is none, or none that may be used."""
        for name in native.NAMES:
            with contextlib.suppress(OSError):
                library = ctypes.CDLL(name)
                break
        else:
            raise NoSrt(f"SRT needs the library libsrt: install the package {native.PACKAGE}")
        try:
            functions = native.declared(library)
        except AttributeError as error:
            raise NoSrt(f"SRT: {name} is not the libsrt that was expected ({error})") from None
        facts = trust.facts(int(functions["getversion"]()), name)
        wrong = trust.verdict(facts)
        if wrong and os.environ.get(trust.OVERRIDE.partition("=")[0]) != "trusted":
            raise NoSrt(wrong)
        functions["startup"]()
        functions["setloglevel"](native.LOG_CRITICAL)
        atexit.register(functions["cleanup"])
        return Srt(functions, facts)

    def listen(self, host: str, port: int, options: Options, judge: Judge) -> "Socket":
        """A socket that callers come to, if `judge` lets them. Raises Misconfigured where the port cannot be had."""
        listener = self._socket(options)
        hook = native.Hook(lambda _, caller, __, peer, given: self._ask(judge, caller, peer, given))
        listener.keep = hook  # libsrt calls it for as long as the socket lives
        try:
            address = _address(host, port)
            if address[:2] == struct.pack("=H", sockets.AF_INET6):
                listener.set(native.IPV6ONLY, 0)
            for made in (
                self.call["bind"](listener.number, address, len(address)),
                self.call["listen_callback"](listener.number, hook, None),
                self.call["listen"](listener.number, _BACKLOG),
            ):
                if made == native.ERROR:
                    raise Misconfigured(f"srt://{host}:{port}: the port cannot be had; is it taken? ({self.why()})")
        except (Misconfigured, Lost) as error:
            listener.close()
            raise Misconfigured(str(error)) from None
        return listener

    def connect(self, host: str, port: int, options: Options) -> "Socket":
        """A socket that calls; it is `connected`, or `rejected` says why not, some time later. Raises Lost."""
        address = _address(host, port)
        caller = self._socket(options)
        caller.set(native.CONNTIMEO, options.connect_ms)
        caller.put(native.STREAMID, options.stream_id.encode())
        if options.passphrase:
            caller.put(native.PASSPHRASE, options.passphrase.encode())
        if self.call["connect"](caller.number, address, len(address)) == native.ERROR:
            reason = self.why()
            caller.close()
            raise Lost(reason)
        return caller

    def why(self) -> str:
        """The last error of this thread, for a person."""
        code = self.call["getlasterror"](None)
        return REASONS.get(code) or self.call["strerror"](code, 0).decode("utf-8", "replace")

    def _socket(self, options: Options) -> "Socket":
        if options.fault:
            raise Misconfigured(options.fault)
        made = Socket(self, self.call["create_socket"]())
        made.set(native.TRANSTYPE, native.LIVE)  # first: it sets others anew
        for option in (native.RCVSYN, native.SNDSYN):
            made.set(option, 0)
        for option in (native.RCVLATENCY, native.PEERLATENCY):
            made.set(option, options.latency_ms)
        return made

    def _ask(self, judge: Judge, number: int, peer: int, given: bytes | None) -> int:
        """What the listen hook answers. An exception that left here would be printed, and would let the caller in."""
        answer = -1
        with contextlib.suppress(BaseException):
            caller = Socket(self, number)
            said = judge((given or b"").decode("utf-8", "replace"), _host(ctypes.string_at(peer, 28)))
            if isinstance(said, Refusal):
                self.call["setrejectreason"](number, int(said))
            else:
                if said:
                    caller.put(native.PASSPHRASE, said.encode())
                answer = 0
        return answer


class Socket:
    """One SRT socket: a listener, or a connection. Close it."""

    def __init__(self, srt: Srt, number: int) -> None:
        self.number = number
        self.keep: object = None
        self._srt = srt
        self._buffer: Any = None

    def __repr__(self) -> str:
        return f"<Socket {self.number}>"

    @property
    def port(self) -> int:
        """The port it is bound to."""
        name, size = ctypes.create_string_buffer(28), ctypes.c_int(28)
        self._srt.call["getsockname"](self.number, name, ctypes.byref(size))
        return int.from_bytes(name.raw[2:4])

    @property
    def connected(self) -> bool:
        """Whether a call has come to its end well."""
        return bool(self._srt.call["getsockstate"](self.number) == native.CONNECTED)

    @property
    def calling(self) -> bool:
        """Whether a call is under way."""
        return bool(self._srt.call["getsockstate"](self.number) <= native.CONNECTING)

    @property
    def rejected(self) -> str:
        """Why a call has failed, for a person."""
        reason = self._srt.call["getrejectreason"](self.number)
        return REJECTIONS.get(reason, f"it was refused (reason {reason})")

    @property
    def encrypted(self) -> bool:
        """Whether what comes in is decrypted with a passphrase."""
        return self._get(native.RCVKMSTATE) == native.SECURED

    @property
    def peer(self) -> str:
        """The far end's address."""
        name, size = ctypes.create_string_buffer(28), ctypes.c_int(28)
        self._srt.call["getpeername"](self.number, name, ctypes.byref(size))
        return _host(name.raw)

    @property
    def stream_id(self) -> str:
        """What the caller said."""
        value, size = ctypes.create_string_buffer(513), ctypes.c_int(513)
        self._srt.call["getsockflag"](self.number, native.STREAMID, value, ctypes.byref(size))
        return value.value.decode("utf-8", "replace")

    def set(self, option: int, value: int) -> None:
        """Set an option that is a number. Raises Lost."""
        held = ctypes.c_int(value)
        if self._srt.call["setsockflag"](self.number, option, ctypes.byref(held), 4) == native.ERROR:
            raise Lost(self._srt.why())

    def put(self, option: int, value: bytes) -> None:
        """Set an option that is bytes. Raises Lost."""
        if self._srt.call["setsockflag"](self.number, option, value, len(value)) == native.ERROR:
            raise Lost(self._srt.why())

    def _get(self, option: int) -> int:
        value, size = ctypes.c_int(0), ctypes.c_int(4)
        self._srt.call["getsockflag"](self.number, option, ctypes.byref(value), ctypes.byref(size))
        return value.value

    def accept(self) -> "Socket | None":
        """The next caller that was let in; None while there is none."""
        number = self._srt.call["accept"](self.number, None, None)
        if number == _INVALID:
            return None
        caller = Socket(self._srt, number)
        caller.set(native.RCVSYN, 0)
        return caller

    def receive(self) -> bytes:
        """One message; empty when there is none now. Raises Lost."""
        if self._buffer is None:
            self._buffer = ctypes.create_string_buffer(_RECEIVED_BYTES)
        n = self._srt.call["recvmsg2"](self.number, self._buffer, _RECEIVED_BYTES, None)
        if n > 0:
            return ctypes.string_at(self._buffer, n)
        if n == 0:
            raise Lost("the far end closed the connection")
        if self._srt.call["getlasterror"](None) == native.NOTHING_TO_READ:
            return b""
        raise Lost(self._srt.why())

    def send(self, message: bytes) -> bool:
        """Send at most MESSAGE_BYTES; False, with nothing sent, when there is no room. Raises Lost."""
        if self._srt.call["sendmsg2"](self.number, message, len(message), None) != native.ERROR:
            return True
        if self._srt.call["getlasterror"](None) == native.NO_ROOM:
            return False
        raise Lost(self._srt.why())

    def stats(self) -> Stats | None:
        """How it goes; None of a connection that is gone."""
        trace = native.Trace()
        if self._srt.call["bistats"](self.number, ctypes.byref(trace), 0, 1) == native.ERROR:
            return None
        return Stats(
            rtt_ms=round(trace.msRTT, 2),
            latency_ms=trace.msRcvTsbPdDelay,
            received=trace.pktRecvTotal,
            sent=trace.pktSentTotal,
            lost=trace.pktRcvLossTotal + trace.pktSndLossTotal,
            retransmitted=trace.pktRetransTotal,
            dropped=trace.pktRcvDropTotal,
            send_dropped=trace.pktSndDropTotal,
            undecrypted=trace.pktRcvUndecryptTotal,
            received_bytes=trace.byteRecvTotal,
            send_buffer_ms=trace.msSndBuf,
        )

    def close(self) -> None:
        """Let it go; twice is no harm."""
        if self.number != _INVALID:
            self._srt.call["close"](self.number)
            self.number = _INVALID


class Poll:
    """Waits for several sockets together. Close it."""

    def __init__(self, srt: Srt) -> None:
        self._srt = srt
        self._id = srt.call["epoll_create"]()
        self._events = (native.Event * 8)()

    def add(self, one: Socket) -> None:
        """From now on this one is waited for too: for something to read, a caller, or its end."""
        wanted = ctypes.c_int(native.READABLE | native.FAILED)
        self._srt.call["epoll_add_usock"](self._id, one.number, ctypes.byref(wanted))

    def remove(self, one: Socket) -> None:
        """No longer; before it is closed."""
        self._srt.call["epoll_remove_usock"](self._id, one.number)

    def wait(self, within_s: float) -> set[int]:
        """The numbers of those where something is; empty when nothing is in time. It is the thread that waits."""
        found = self._srt.call["epoll_uwait"](self._id, self._events, len(self._events), round(within_s * 1000))
        return {event.fd for event in self._events[: max(0, min(found, len(self._events)))]}

    def close(self) -> None:
        """Let it go."""
        self._srt.call["epoll_release"](self._id)


def _address(host: str, port: int) -> bytes:
    """sockaddr_in or sockaddr_in6. Raises Lost for a name that is not known."""
    try:
        family, _, _, _, where = sockets.getaddrinfo(host, port, type=sockets.SOCK_DGRAM)[0]
    except (OSError, UnicodeError):
        raise Lost(f"there is no host {host}") from None
    packed = sockets.inet_pton(family, str(where[0]).partition("%")[0])
    head = struct.pack("=H", family) + struct.pack("!H", port)
    if family == sockets.AF_INET:
        return head + packed + bytes(8)
    return head + bytes(4) + packed + struct.pack("=I", int(where[3]) if len(where) > 3 else 0)


def _host(address: bytes) -> str:
    """The host in a sockaddr; a v4 address stays one when it came to a v6 socket."""
    if struct.unpack("=H", address[:2])[0] == sockets.AF_INET:
        return sockets.inet_ntop(sockets.AF_INET, address[4:8])
    host = sockets.inet_ntop(sockets.AF_INET6, address[8:24])
    return host.removeprefix("::ffff:")
