/* Shaka, on HLS unless `via` says dash: here to be measured against, by choice only. Its own live sync is off: the pacer
   steers it as it does the others. */
import shaka from 'shaka-player';
import { labelOf } from './label.js';
import { STOCK, Stalls } from './stalls.js';

const LIVE_CHECK_MS = 1000;
const DEFAULT_AIM_MS = 1200;
const FLOOR_MS = 1100;
const { Category } = shaka.util.Error;

const config = (aim_ms) => ({
  streaming: {
    lowLatencyMode: true,
    bufferBehind: 30,
    liveSync: { enabled: false },
    retryParameters: { maxAttempts: 4, baseDelay: 500, fuzzFactor: 0.5 },
  },
  manifest: { retryParameters: { maxAttempts: 1 }, defaultPresentationDelay: aim_ms / 1000, dash: { ignoreSuggestedPresentationDelay: true } },
  abr: { defaultBandwidthEstimate: 3_000_000 },
});

class ShakaPlayer {
  name = 'shaka';
  path = 'shaka';
  version = shaka.Player.version;
  #shaka = null;
  #timer = 0;
  #live = false;
  #stalls = new Stalls(STOCK);

  constructor({ video, base, tell, via, aim_ms = () => null }) {
    shaka.polyfill.installAll();
    this.video = video;
    this.url = new URL(`index.${via === 'dash' ? 'mpd' : 'm3u8'}`, base).href;
    this.aim_ms = aim_ms;
    this.tell = tell;
  }

  async load() {
    await this.destroy();
    const player = new shaka.Player();
    this.#shaka = player;
    player.configure(config(this.aim_ms() ?? DEFAULT_AIM_MS));
    player.addEventListener('error', ({ detail }) => this.#failed(detail));
    try {
      await player.attach(this.video);
      await player.load(this.url);
    } catch (error) {
      if (this.#shaka === player) this.#failed(error);
      return;
    }
    this.#live = player.isLive();
    this.tell({ type: 'manifest', over: !this.#live });
    this.#timer = setInterval(() => this.#watch(), LIVE_CHECK_MS);
  }

  #watch() {
    if (this.#live && !this.#shaka.isLive()) this.tell({ type: 'over' });
    this.#live = this.#shaka.isLive();
  }

  #failed(error) {
    if (error.severity === shaka.util.Error.Severity.RECOVERABLE || error.code === shaka.util.Error.Code.LOAD_INTERRUPTED) return;
    const status = error.code === shaka.util.Error.Code.BAD_HTTP_STATUS ? error.data[1] : 0;
    this.tell({ type: 'failed', kind: error.category === Category.MEDIA ? 'media' : 'network', status });
  }

  retry() {
    if (!this.#shaka?.retryStreaming()) this.load();
  }

  recover() {
    this.load();
  }

  async destroy() {
    clearInterval(this.#timer);
    const old = this.#shaka;
    this.#shaka = null;
    await old?.destroy();
  }

  rungs() {
    const byHeight = new Map((this.#shaka?.getVariantTracks() ?? []).map((track) => [track.height, track]));
    return [...byHeight.values()].map(({ id, height, bandwidth, frameRate }) => ({ id, height, bps: bandwidth, label: labelOf(height, frameRate) }));
  }

  rung() {
    const active = this.#shaka?.getVariantTracks().find((track) => track.active);
    return active ? { id: active.id, height: active.height, bps: active.bandwidth, label: labelOf(active.height, active.frameRate) } : null;
  }

  chosen() {
    return this.#shaka?.getConfiguration().abr.enabled === false ? (this.rung()?.id ?? null) : null;
  }

  choose(id) {
    this.#shaka?.configure({ abr: { enabled: id === null } });
    const track = this.#shaka?.getVariantTracks().find((one) => one.id === id);
    if (track) this.#shaka.selectVariantTrack(track, true);
  }

  captions() {
    return (this.#shaka?.getTextTracks() ?? []).map(({ id, label, language }) => ({ id, label: label || language }));
  }

  caption() {
    return this.#shaka?.getTextTracks().find((track) => track.active)?.id ?? null;
  }

  show(id) {
    const track = this.#shaka?.getTextTracks().find((one) => one.id === id) ?? null;
    this.#shaka?.selectTextTrack(track);
  }

  range() {
    const seekable = this.#shaka?.seekRange();
    return seekable && seekable.end > seekable.start ? { start: seekable.start, live: seekable.end, over: !this.#live } : null;
  }

  dateOf(media_s) {
    const playing = this.#shaka?.getPlayheadTimeAsDate();
    return playing && playing.getTime() > 1e12 ? playing.getTime() + (media_s - this.video.currentTime) * 1000 : null;
  }

  floor_ms() {
    return this.#shaka ? FLOOR_MS + this.#stalls.at(performance.now()) : null;
  }

  stalled(now_ms) {
    this.#stalls.stalled(now_ms);
  }

  bandwidth_bps() {
    return this.#shaka?.getStats().estimatedBandwidth || null;
  }

  title() {
    return null;
  }
}

export const create = (options) => new ShakaPlayer(options);
