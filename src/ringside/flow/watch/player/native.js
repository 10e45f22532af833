/* The browser's own HLS, where there is no Media Source at all: it chooses rungs and latency by itself. */

class NativePlayer {
  name = 'native';
  path = 'native-hls';
  version = '';

  #gone = new AbortController();

  constructor({ video, base, tell }) {
    this.video = video;
    this.url = new URL('index.m3u8', base).href;
    const { signal } = this.#gone;
    video.crossOrigin ??= 'anonymous'; // so that the strip can be read where the event is on another host
    video.addEventListener('loadedmetadata', () => tell({ type: 'manifest', over: Number.isFinite(video.duration) }), { signal });
    video.addEventListener('error', () => this.video.src && this.#ask(tell), { signal });
  }

  /* a media element does not say why it failed: ask for the playlist and see */
  async #ask(tell) {
    const status = await fetch(this.url).then((response) => response.status, () => 0);
    tell({ type: 'failed', kind: status === 200 ? 'media' : 'network', status });
  }

  load() {
    this.video.src = this.url;
    this.video.load();
  }

  retry() {
    this.load();
  }

  recover() {
    this.load();
  }

  destroy() {
    this.#gone.abort();
    this.video.removeAttribute('src');
    this.video.load();
  }

  rungs() {
    return [];
  }

  rung() {
    const height = this.video.videoHeight;
    return height ? { id: 0, height, bps: null, label: `${height}p` } : null;
  }

  chosen() {
    return null;
  }

  choose() {}

  captions() {
    return [...this.video.textTracks].map(({ label, language }, id) => ({ id, label: label || language }));
  }

  caption() {
    const at = [...this.video.textTracks].findIndex(({ mode }) => mode === 'showing');
    return at < 0 ? null : at;
  }

  show(id) {
    [...this.video.textTracks].forEach((track, at) => { track.mode = at === id ? 'showing' : 'disabled'; });
  }

  range() {
    const { seekable, duration } = this.video;
    if (!seekable.length) return null;
    return { start: seekable.start(0), live: seekable.end(seekable.length - 1), over: Number.isFinite(duration) };
  }

  dateOf(media_s) {
    const start_ms = this.video.getStartDate?.().getTime();
    return Number.isFinite(start_ms) ? start_ms + media_s * 1000 : null;
  }

  floor_ms() {
    return null; // where it plays is its own affair
  }

  bandwidth_bps() {
    return null;
  }

  title() {
    return null;
  }
}

export const create = (options) => new NativePlayer(options);
