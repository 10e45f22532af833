"""libsrt's functions, numbers and structures (libsrt 1.5, srt.h), declared for ctypes. Nothing here is called.

Every call gives the interpreter's lock back. Offsets of the structures hold on 64-bit Linux; later versions of libsrt
append fields to them, for which there is room.
"""

import ctypes as c
from typing import Any

NAMES = (
    "libsrt-gnutls.so.1.5",
    "libsrt.so.1.5",
)  # Debian's two flavours; without a -dev package there is no short name
PACKAGE = "libsrt1.5-gnutls"
ERROR = -1

LIVE = 0
READABLE, WRITABLE, FAILED = 1, 4, 8  # epoll
CONNECTING, CONNECTED = 4, 5  # states
NOTHING_TO_READ, TIMED_OUT, NO_ROOM = 6002, 6003, 6001  # errors that are none
SECURED = 2  # of key material
LOG_CRITICAL = 2  # without it libsrt writes to standard error

RCVSYN, SNDSYN, REUSEADDR, PASSPHRASE, CONNTIMEO = 2, 1, 15, 26, 36
RCVLATENCY, PEERLATENCY, STREAMID, PAYLOADSIZE, TRANSTYPE, IPV6ONLY = 43, 44, 46, 49, 50, 54
RCVKMSTATE = 41

Hook = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int32, c.c_int, c.c_void_p, c.c_char_p)
"""int (opaque, socket, handshake version, peer's address, stream id): 0 lets a caller in, -1 turns it away."""

_TRACE = (
    (c.c_int64, "msTimeStamp pktSentTotal pktRecvTotal"),
    (c.c_int, "pktSndLossTotal pktRcvLossTotal pktRetransTotal pktSentACKTotal pktRecvACKTotal pktSentNAKTotal"),
    (c.c_int, "pktRecvNAKTotal"),
    (c.c_int64, "usSndDurationTotal"),
    (c.c_int, "pktSndDropTotal pktRcvDropTotal pktRcvUndecryptTotal"),
    (c.c_uint64, "byteSentTotal byteRecvTotal byteRcvLossTotal byteRetransTotal byteSndDropTotal byteRcvDropTotal"),
    (c.c_uint64, "byteRcvUndecryptTotal"),
    (c.c_int64, "pktSent pktRecv"),
    (c.c_int, "pktSndLoss pktRcvLoss pktRetrans pktRcvRetrans pktSentACK pktRecvACK pktSentNAK pktRecvNAK"),
    (c.c_double, "mbpsSendRate mbpsRecvRate"),
    (c.c_int64, "usSndDuration"),
    (c.c_int, "pktReorderDistance"),
    (c.c_double, "pktRcvAvgBelatedTime"),
    (c.c_int64, "pktRcvBelated"),
    (c.c_int, "pktSndDrop pktRcvDrop pktRcvUndecrypt"),
    (c.c_uint64, "byteSent byteRecv byteRcvLoss byteRetrans byteSndDrop byteRcvDrop byteRcvUndecrypt"),
    (c.c_double, "usPktSndPeriod"),
    (c.c_int, "pktFlowWindow pktCongestionWindow pktFlightSize"),
    (c.c_double, "msRTT mbpsBandwidth"),
    (c.c_int, "byteAvailSndBuf byteAvailRcvBuf"),
    (c.c_double, "mbpsMaxBW"),
    (c.c_int, "byteMSS pktSndBuf byteSndBuf msSndBuf msSndTsbPdDelay pktRcvBuf byteRcvBuf msRcvBuf msRcvTsbPdDelay"),
)


class Trace(c.Structure):
    """SRT_TRACEBSTATS, as far as it is read, and room for the rest."""

    _fields_ = [*((name, kind) for kind, names in _TRACE for name in names.split()), ("rest", c.c_char * 1024)]


class Event(c.Structure):
    """SRT_EPOLL_EVENT."""

    _fields_ = [("fd", c.c_int32), ("events", c.c_int)]


_INT, _PLACE, _TEXT, _SOCKET = c.c_int, c.c_void_p, c.c_char_p, c.c_int32
_FUNCTIONS: dict[str, tuple[Any, ...]] = {  # name: (result, arguments...)
    "startup": (_INT,),
    "cleanup": (_INT,),
    "getversion": (c.c_uint32,),
    "setloglevel": (None, _INT),
    "create_socket": (_SOCKET,),
    "bind": (_INT, _SOCKET, _TEXT, _INT),
    "listen": (_INT, _SOCKET, _INT),
    "listen_callback": (_INT, _SOCKET, Hook, _PLACE),
    "accept": (_SOCKET, _SOCKET, _PLACE, _PLACE),
    "connect": (_INT, _SOCKET, _TEXT, _INT),
    "close": (_INT, _SOCKET),
    "setsockflag": (_INT, _SOCKET, _INT, _PLACE, _INT),
    "getsockflag": (_INT, _SOCKET, _INT, _PLACE, _PLACE),
    "getsockstate": (_INT, _SOCKET),
    "getsockname": (_INT, _SOCKET, _PLACE, _PLACE),
    "getpeername": (_INT, _SOCKET, _PLACE, _PLACE),
    "recvmsg2": (_INT, _SOCKET, _PLACE, _INT, _PLACE),
    "sendmsg2": (_INT, _SOCKET, _TEXT, _INT, _PLACE),
    "getlasterror": (_INT, _PLACE),
    "strerror": (_TEXT, _INT, _INT),
    "getrejectreason": (_INT, _SOCKET),
    "setrejectreason": (_INT, _SOCKET, _INT),
    "bistats": (_INT, _SOCKET, _PLACE, _INT, _INT),
    "epoll_create": (_INT,),
    "epoll_add_usock": (_INT, _INT, _SOCKET, _PLACE),
    "epoll_remove_usock": (_INT, _INT, _SOCKET),
    "epoll_uwait": (_INT, _INT, _PLACE, _INT, c.c_int64),
    "epoll_release": (_INT, _INT),
}


def declared(library: c.CDLL) -> dict[str, Any]:
    """The functions by name, without `srt_`. Raises AttributeError where the library lacks one."""
    found = {}
    for name, (result, *arguments) in _FUNCTIONS.items():
        function = getattr(library, f"srt_{name}")
        function.restype, function.argtypes = result, arguments
        found[name] = function
    return found
