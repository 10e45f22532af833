/* A playlist of hours is read again at leisure by whoever watches what lies far back: hls.js asks for a live playlist once
   a segment, and this one is long. What is asked for the first time, or after another rung, is had at once. */

const NEAR_S = 60; // so far from the newest, each reading matters
const FAR_MS = 30_000;

/** hls.js' loader `Loader`, whose readings wait while `behind_s()` is far. */
export function leisurely(Loader, behind_s) {
  const last = {}; // type of playlist → {url, at_ms}
  return class extends Loader {
    #timer = 0;

    load(context, config, callbacks) {
      const { url, at_ms } = last[context.type] ?? {};
      const again = url === context.url && behind_s() > NEAR_S;
      const wait_ms = again ? Math.max(0, at_ms + FAR_MS - performance.now()) : 0;
      const go = () => {
        last[context.type] = { url: context.url, at_ms: performance.now() };
        super.load(context, config, callbacks);
      };
      if (wait_ms) this.#timer = setTimeout(go, wait_ms);
      else go();
    }

    abort() {
      clearTimeout(this.#timer);
      super.abort();
    }

    destroy() {
      clearTimeout(this.#timer);
      super.destroy();
    }
  };
}
