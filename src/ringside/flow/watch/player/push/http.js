/* Push over plain HTTP: `GET {track}/stream` is one response for as long as the viewer stays; its bytes are cut into chunks as
   they are read. A transport as transport.js describes it. */
import { Cutter } from './boxes.js';
import { NO_FEED } from './transport.js';

async function follow(url, signal, take) {
  let status = 0;
  try {
    const response = await fetch(url, { signal, cache: 'no-store' });
    status = response.status;
    if (status !== 200) return status;
    const [reader, cutter] = [response.body.getReader(), new Cutter()];
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted || done) return status;
      take.bytes(value.length);
      for (const { kind, bytes } of cutter.take(value)) {
        if (signal.aborted) return status;
        take[kind](bytes);
      }
    }
  } catch {
    return status === 200 ? 0 : status; // the line broke, or brought nonsense
  }
}

export class HttpTransport {
  #open = new Set();

  open(track, take) {
    if (!globalThis.ReadableStream) return take.gone(0), NO_FEED;
    const stop = new AbortController();
    this.#open.add(stop);
    follow(new URL('stream', track.url), stop.signal, take).then((status) => {
      this.#open.delete(stop);
      if (!stop.signal.aborted) take.gone(status);
      stop.abort();
    });
    return { close: () => stop.abort() };
  }

  close() {
    for (const stop of this.#open) stop.abort();
    this.#open.clear();
  }
}
