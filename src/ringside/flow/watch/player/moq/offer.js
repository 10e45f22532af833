/* The offer: what `/moq.json` says of where the chunks are published over WebTransport, made into what to dial. */

const HASH = /^[0-9a-f]{64}$/;

/** `{ url, hashes, broadcast }` of an offer in JSON, for a page that plays `base`; null when it cannot be understood. Pure.

    Without `url` the host is that of `base`: a server does not know by which name it is reached. `hashes` is empty for
    a certificate that the browser is to judge for itself. */
export function offerOf(said, base) {
  const { url, port, fingerprint, broadcast } = said ?? {};
  if (typeof broadcast !== 'string' || !broadcast) return null;
  const address = addressOf(url, port, base);
  if (!address) return null;
  return { url: address, hashes: HASH.test(fingerprint ?? '') ? [fingerprint] : [], broadcast };
}

function addressOf(url, port, base) {
  try {
    const address = new URL(url ?? `https://${new URL(base).hostname}:${port}/`);
    return address.protocol === 'https:' && (url || port) ? address : null;
  } catch {
    return null;
  }
}

/** The offer of the server of `base`. Rejects, with `error.status` where the server said no, within `wait_ms`. */
export async function offered(base, wait_ms) {
  const answer = await fetch(new URL('/moq.json', base), { signal: AbortSignal.timeout(wait_ms), cache: 'no-cache' });
  if (!answer.ok) throw Object.assign(new Error('there is no MoQ here'), { status: answer.status });
  const offer = offerOf(await answer.json(), base);
  if (!offer) throw Object.assign(new Error('the offer of MoQ cannot be understood'), { status: 0 });
  return offer;
}
