/* dash.js in low-latency mode: latency target and catching up from the manifest's ServiceDescription. */
import { MediaPlayer } from 'dashjs';
import { labelOf } from './label.js';

const NO_SUPPORT = new Set([10, 22, 23, 32]); // dash.js: manifest or media this browser cannot play

function settings() {
  return {
    debug: { logLevel: 0 },
    streaming: {
      applyServiceDescription: true,
      delay: { useSuggestedPresentationDelay: true },
      liveCatchup: { enabled: true, maxDrift: 3.5, playbackRate: { min: -0.1, max: 0.1 } },
      utcSynchronization: {
        enabled: true,
        defaultTimingSource: { scheme: 'urn:mpeg:dash:utc:http-xsdate:2014', value: new URL('/clock', location.href).href },
      },
      buffer: { fastSwitchEnabled: true, bufferToKeep: 30 },
      // by default a low-latency viewer asks 15 times, 100 ms apart: a crowd doing so is an attack
      retryIntervals: { lowLatencyReductionFactor: 2 + Math.random() * 2 },
      retryAttempts: { lowLatencyMultiplyFactor: 1 },
      abr: { initialBitrate: { video: 2500 }, limitBitrateByPortal: true, usePixelRatioInLimitBitrateByPortal: true },
      text: { defaultEnabled: false },
    },
  };
}

class DashPlayer {
  name = 'dash.js';
  path = 'll-dash';
  #dash = null;
  #known = false;

  constructor({ video, event, tell }) {
    this.video = video;
    this.url = `/live/${encodeURIComponent(event)}/index.mpd`;
    this.tell = tell;
    this.version = MediaPlayer().create().getVersion();
  }

  load() {
    this.destroy();
    const dash = MediaPlayer().create();
    this.#dash = dash;
    dash.updateSettings(settings());
    dash.initialize(this.video, null, true);
    dash.on(MediaPlayer.events.ERROR, ({ error }) => this.#failed(error));
    dash.on(MediaPlayer.events.STREAM_INITIALIZED, () => this.#ready());
    dash.on(MediaPlayer.events.DYNAMIC_TO_STATIC, () => this.tell({ type: 'over' }));
    dash.attachSource(new URL(this.url, location.href).href);
  }

  #ready() {
    if (!this.#known) this.tell({ type: 'manifest', over: !this.#dash.isDynamic() });
    this.#known = true;
  }

  #failed(error) {
    if (NO_SUPPORT.has(error?.code)) this.tell({ type: 'unsupported' });
    else if (/decode|media/i.test(error?.message ?? '') && this.#known) this.tell({ type: 'failed', kind: 'media', status: 0 });
    else this.tell({ type: 'failed', kind: 'network', status: error?.data?.response?.status ?? 0 });
  }

  retry() {
    this.load();
  }

  recover() {
    this.load();
  }

  destroy() {
    this.#dash?.destroy();
    this.#dash = null;
    this.#known = false;
  }

  rungs() {
    const found = this.#known ? this.#dash.getRepresentationsByType('video') : [];
    return found.map((rung) => ({
      id: rung.id, height: rung.height, bps: rung.bandwidth ?? rung.bitrateInKbit * 1000, label: labelOf(rung.height, Number(rung.frameRate)),
    }));
  }

  rung() {
    const now = this.#known ? this.#dash.getCurrentRepresentationForType('video') : null;
    return this.rungs().find(({ id }) => id === now?.id) ?? null;
  }

  chosen() {
    const automatic = this.#dash?.getSettings().streaming.abr.autoSwitchBitrate.video ?? true;
    return automatic ? null : (this.rung()?.id ?? null);
  }

  choose(id) {
    this.#dash?.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: id === null } } } });
    if (id !== null) this.#dash?.setRepresentationForTypeById('video', id, true);
  }

  captions() {
    const tracks = this.#known ? this.#dash.getTracksFor('text') : [];
    return tracks.map((track, id) => ({ id, label: track.labels?.[0]?.text ?? track.lang ?? `Captions ${id + 1}` }));
  }

  caption() {
    if (!this.#known || !this.#dash.isTextEnabled()) return null;
    return this.#dash.getCurrentTextTrackIndex();
  }

  show(id) {
    this.#dash?.enableText(id !== null);
    if (id !== null) this.#dash?.setTextTrack(id);
  }

  range() {
    if (!this.#known) return null;
    if (!this.#dash.isDynamic()) return { start: this.#offset(), live: this.#offset() + this.#dash.duration(), over: true };
    const start = this.#dash.getDvrWindow()?.start;
    const behind_s = this.#dash.getCurrentLiveLatency() - this.#dash.getTargetLiveDelay();
    if (!Number.isFinite(start) || !Number.isFinite(behind_s)) return null;
    return { start, live: this.video.currentTime + behind_s, over: false };
  }

  #offset() {
    return this.video.seekable.length ? this.video.seekable.start(0) : 0;
  }

  dateOf(media_s) {
    const utc_s = this.#known && this.#dash.isDynamic() ? this.#dash.timeAsUTC() : NaN;
    return utc_s > 1e9 ? (utc_s + media_s - this.video.currentTime) * 1000 : media_s > 1e9 ? media_s * 1000 : null;
  }

  bandwidth_bps() {
    const kbps = this.#known ? this.#dash.getAverageThroughput('video') : NaN;
    return kbps > 0 ? kbps * 1000 : null;
  }

  title() {
    return null;
  }
}

export const create = (options) => new DashPlayer(options);
