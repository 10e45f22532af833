/* Small requests, asked seldom: has an event that ended begun again, and is a better path to be had? */

const PATIENCE_MS = 4000;

/** Multivariant playlist → its first media playlist's URI, or null. */
export function firstMedia(text) {
  const lines = text.split(/\r?\n/);
  const at = lines.findIndex((line) => line.startsWith('#EXT-X-STREAM-INF'));
  return at < 0 ? null : (lines.slice(at + 1).find((line) => line && !line.startsWith('#')) ?? null);
}

/** The URL of the first media playlist of the event below `base`, or null. */
export async function mediaUrl(base, signal) {
  const url = new URL('index.m3u8', base);
  const top = await fetch(url, { cache: 'no-store', signal });
  const media = top.ok ? firstMedia(await top.text()) : null;
  return media && new URL(media, url);
}

/** True when the event below `base` is on the air. */
export async function isLive(base) {
  try {
    const media = await mediaUrl(base);
    const playlist = media && (await fetch(media, { cache: 'no-store' }));
    return Boolean(playlist?.ok) && !(await playlist.text()).includes('#EXT-X-ENDLIST');
  } catch {
    return false;
  }
}

/* a stream is there when its first bytes are: a proxy that keeps them back is no path */
async function streams(base, signal) {
  const media = await mediaUrl(base, signal);
  const answer = media && (await fetch(new URL('stream', media), { cache: 'no-store', signal }));
  return Boolean(answer?.ok && (await answer.body.getReader().read()).value?.length);
}

const ASKS = {
  push: streams,
  moq: async (base, signal) => (await fetch(new URL('../../moq.json', base), { cache: 'no-store', signal })).ok,
  hls: async (base, signal) => Boolean(await mediaUrl(base, signal)),
};

/** True when the path `name` answers below `base`, within four seconds. */
export async function offers(name, base) {
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(), PATIENCE_MS);
  try {
    return Boolean(await ASKS[name]?.(base, gone.signal));
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    gone.abort();
  }
}
