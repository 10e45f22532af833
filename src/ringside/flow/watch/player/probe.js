/* Has an event that ended begun again? Two small requests, asked seldom. */

/** Multivariant playlist → its first media playlist's URI, or null. */
export function firstMedia(text) {
  const lines = text.split(/\r?\n/);
  const at = lines.findIndex((line) => line.startsWith('#EXT-X-STREAM-INF'));
  return at < 0 ? null : (lines.slice(at + 1).find((line) => line && !line.startsWith('#')) ?? null);
}

/** True when the event is on the air. */
export async function isLive(event) {
  try {
    const url = new URL(`/live/${encodeURIComponent(event)}/index.m3u8`, location.href);
    const top = await fetch(url, { cache: 'no-store' });
    const media = top.ok ? firstMedia(await top.text()) : null;
    if (!media) return false;
    const playlist = await fetch(new URL(media, url), { cache: 'no-store' });
    return playlist.ok && !(await playlist.text()).includes('#EXT-X-ENDLIST');
  } catch {
    return false;
  }
}
