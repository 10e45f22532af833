/* dash.js in low-latency mode, and nothing of its own that steers: its catching up and the manifest's ServiceDescription
   are not used, the pacer (sync/pacer.js) keeps it to the event's target. */
import { MediaPlayer } from 'dashjs';
import { captureShift_s } from './produced.js';
import { labelOf } from './label.js';
import { STOCK, Stalls } from './stalls.js';

const NO_SUPPORT = new Set([10, 22, 23, 32]); // dash.js: manifest or media this browser cannot play

const DEFAULT_AIM_MS = 1200;
const FLOOR_MS = 600; // a chunk, its way here, and what dash.js keeps ahead without a stall

function settings(base, aim_ms) {
  return {
    debug: { logLevel: 0 },
    streaming: {
      applyServiceDescription: false,
      delay: { liveDelay: aim_ms / 1000, useSuggestedPresentationDelay: false },
      liveCatchup: { enabled: false },
      utcSynchronization: {
        enabled: true,
        defaultTimingSource: { scheme: 'urn:mpeg:dash:utc:http-xsdate:2014', value: new URL('../../clock', base).href },
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
  #shift_s = null;
  #stalls = new Stalls(STOCK);

  constructor({ video, base, tell, sound = true, aim_ms = () => null }) {
    [this.video, this.base, this.tell, this.sound, this.aim_ms] = [video, base, tell, sound, aim_ms];
    this.url = new URL('index.mpd', base).href;
    this.version = MediaPlayer().create().getVersion();
  }

  load() {
    this.destroy();
    const dash = MediaPlayer().create();
    this.#dash = dash;
    dash.updateSettings(settings(this.base, this.aim_ms() ?? DEFAULT_AIM_MS));
    dash.initialize(this.video, null, false); // the session says play: where it begins is aimed at first
    if (!this.sound) dash.registerCustomCapabilitiesFilter((representation) => !/^audio/.test(representation.mimeType ?? ''));
    dash.on(MediaPlayer.events.ERROR, ({ error }) => this.#failed(error));
    dash.on(MediaPlayer.events.MANIFEST_LOADED, ({ data }) => { this.#shift_s = captureShift_s(data); });
    dash.on(MediaPlayer.events.STREAM_INITIALIZED, () => this.#ready());
    dash.on(MediaPlayer.events.DYNAMIC_TO_STATIC, () => this.tell({ type: 'over' }));
    dash.attachSource(this.url);
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
    if (utc_s > 1e9) return (utc_s + (this.#shift_s ?? 0) + media_s - this.video.currentTime) * 1000;
    return media_s > 1e9 ? media_s * 1000 : null;
  }

  floor_ms() {
    return this.#known ? FLOOR_MS + this.#stalls.at(performance.now()) : null;
  }

  stalled(now_ms) {
    this.#stalls.stalled(now_ms);
  }

  /** `{picture, sound}`: what the stream carries, or null before it is known. */
  carries() {
    if (!this.#known) return null;
    return { picture: this.#dash.getTracksFor('video').length > 0, sound: this.#dash.getTracksFor('audio').length > 0 };
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
