"""Offers of publishers, as text: OBS's shape, with whatever is to be wrong with one."""

HEAD = "v=0\r\no=rtc 1 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
SECRETS = (
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\na=rtcp-mux\r\n"
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\n"
)
AUDIO = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n"
VIDEO = (
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendonly\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1\r\n"
)
CANDIDATE = "a=candidate:1 1 UDP 2122317823 169.254.169.254 80 typ host\r\na=end-of-candidates\r\n"


def offer(audio: str = AUDIO, video: str = VIDEO, secrets: str = SECRETS, more: str = "") -> bytes:
    """An offer; an empty part is left out."""
    sections = "".join(part + secrets + CANDIDATE for part in (audio, video) if part)
    return (HEAD + sections + more).encode()
