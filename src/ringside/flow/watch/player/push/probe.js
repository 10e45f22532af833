/* Questions that a push does not answer, put to what everybody fetches: what would the line carry, has the event ended? */
import { newest } from './multivariant.js';

const PARTS = 3;
const PATIENCE_MS = 4000;

/** Bits per second that came through, beside all else on the line; 0 where nothing did. */
export async function probe({ url }) {
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const playlist = new URL('index.m3u8', url).href;
    const response = await fetch(playlist, { signal: stop.signal });
    const parts = response.ok ? newest(await response.text(), playlist, PARTS) : [];
    let [bytes, took_ms] = [0, 0];
    for (const part of parts) {
      const began_ms = performance.now();
      const answer = await fetch(part, { signal: stop.signal });
      const body = await answer.arrayBuffer();
      if (!answer.ok) continue;
      bytes += body.byteLength;
      took_ms += performance.now() - began_ms;
    }
    return took_ms > 0 ? (bytes * 8000) / took_ms : 0;
  } catch {
    return 0;
  } finally {
    clearTimeout(patience);
  }
}

/** Whether the event has ended, by a track's media playlist. */
export async function isOver({ url }) {
  try {
    const response = await fetch(new URL('index.m3u8', url), { cache: 'no-store' });
    return response.ok && (await response.text()).includes('#EXT-X-ENDLIST');
  } catch {
    return false;
  }
}
