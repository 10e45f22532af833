/* hls.js, set for low latency: blocking reloads, parts, and nothing of its own that steers.

   Where it begins and how it keeps to the event's target is the pacer's (sync/pacer.js): hls.js' own catching up
   (`maxLiveSyncPlaybackRate`) and its seeks to the live edge (`liveMaxLatencyDuration`) are off. */
import Hls from 'hls.js';
import { anchorOf } from './anchor.js';
import { forgotten } from './forgotten.js';
import { labelOf } from './label.js';
import { silenced } from './silent.js';
import { STOCK, Stalls } from './stalls.js';

const TITLE_ID = 'ringside.title';
const DEFAULT_AIM_MS = 1200;
const PART_MARGIN_MS = 100;
const BEGIN_LAG_MS = 120; // what the newest part is late in the playlist by, when it is all that is known
const STALE_MS = 6000; // a live playlist that has not grown for so long is asked for afresh

/* hls.js has no jitter of its own: each viewer draws its delays once, so that a crowd does not ask in step. */
function policy(first_byte_ms, whole_ms, tries) {
  const spread = 0.5 + Math.random();
  const again = (delay_ms) => ({ maxNumRetry: tries, retryDelayMs: delay_ms * spread, maxRetryDelayMs: 5000, backoff: 'exponential' });
  return {
    default: { maxTimeToFirstByteMs: first_byte_ms, maxLoadTimeMs: whole_ms, timeoutRetry: again(200), errorRetry: again(400) },
  };
}

function config(begin_ms) {
  return {
    lowLatencyMode: true,
    liveSyncDuration: Math.max(0.2, (begin_ms - BEGIN_LAG_MS) / 1000),
    liveSyncOnStallIncrease: 0,
    enableWorker: false, // CMAF passes through unchanged: a worker would only add a hop
    liveDurationInfinity: true,
    maxLiveSyncPlaybackRate: 1,
    backBufferLength: 30,
    maxBufferLength: 20,
    capLevelToPlayerSize: true,
    abrEwmaDefaultEstimate: 3_000_000,
    testBandwidth: false,
    manifestLoadPolicy: policy(8000, 10_000, 0),
    playlistLoadPolicy: policy(10_000, 12_000, 3),
    fragLoadPolicy: policy(10_000, 30_000, 4),
  };
}

/* many tiles play at once: none fetches what nobody hears */
class SilentLoader extends Hls.DefaultConfig.loader {
  load(context, config, callbacks) {
    const onSuccess = (response, ...rest) => {
      if (context.type === 'manifest' && typeof response.data === 'string') response.data = silenced(response.data);
      callbacks.onSuccess(response, ...rest);
    };
    super.load(context, config, { ...callbacks, onSuccess });
  }
}

export class HlsPlayer {
  name = 'hls.js';
  version = Hls.version;
  stale_ms = STALE_MS;
  #hls = null;
  #over = false;
  #title = null;
  #known = false;
  #edge = { sn: -1, at_ms: 0 };
  #watch = 0;
  #stalls = new Stalls(STOCK);
  #anchor = null; // {media_s, date_ms}: one instant in both times

  constructor({ video, base, tell, aim_ms = () => null, begin_s = () => null, sound = true, playlist = 'index.m3u8', path = 'll-hls' }) {
    this.video = video;
    this.path = path;
    this.url = new URL(playlist, base).href;
    this.begin_s = begin_s;
    this.tell = tell;
    this.aim_ms = aim_ms;
    this.sound = sound;
  }

  load() {
    this.destroy();
    const hls = new Hls({ ...config(this.aim_ms() ?? DEFAULT_AIM_MS), startPosition: this.begin_s() ?? -1, pLoader: this.pLoader() });
    this.#hls = hls;
    this.#over = false;
    hls.on(Hls.Events.ERROR, (_, data) => data.fatal && this.tell(failureOf(data)));
    hls.on(Hls.Events.MANIFEST_LOADED, (_, { sessionData }) => { this.#title = sessionData?.[TITLE_ID]?.VALUE ?? null; });
    hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag, part }) => { this.#anchor = anchorOf(frag, part) ?? this.#anchor; });
    hls.on(Hls.Events.LEVEL_LOADED, (_, { details }) => this.#levelLoaded(details));
    hls.loadSource(this.url);
    hls.attachMedia(this.video);
    this.#watch = setInterval(() => this.#nudge(), 2000);
  }

  /** What reads playlists. */
  pLoader() {
    return this.sound ? Hls.DefaultConfig.loader : SilentLoader;
  }

  /* After a run of failures hls.js may stop reading the playlist while all else goes on: start its loader anew. */
  #nudge() {
    if (!this.#known || this.#over || performance.now() - this.#edge.at_ms < this.stale_ms) return;
    this.#edge.at_ms = performance.now();
    this.#hls.stopLoad();
    this.#hls.startLoad();
  }

  #levelLoaded(details) {
    const newest = details.endSN + (details.partList?.length ?? 0) / 1000;
    if (newest !== this.#edge.sn) this.#edge = { sn: newest, at_ms: performance.now() };
    if (!this.#known) this.tell({ type: 'manifest', over: !details.live });
    else if (!details.live && !this.#over) this.tell({ type: 'over' });
    this.#known = true;
    this.#over = !details.live;
    this.#remind(details.partList ?? []);
  }

  #remind(parts) {
    const { buffered } = this.video;
    const spans = Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
    for (const [part, neighbour] of forgotten(parts, spans)) part.elementaryStreams = neighbour.elementaryStreams;
  }

  retry() {
    if (this.#hls?.levels?.length) this.#hls.startLoad(-1, true);
    else this.load();
  }

  recover() {
    this.#hls?.recoverMediaError();
  }

  destroy() {
    clearInterval(this.#watch);
    this.#hls?.destroy();
    this.#hls = null;
    this.#anchor = null;
    this.#known = false;
  }

  rungs() {
    return (this.#hls?.levels ?? []).map((level, id) => ({
      id, height: level.height, bps: level.bitrate, label: labelOf(level.height, level.frameRate),
    }));
  }

  rung() {
    return this.rungs()[this.#hls?.currentLevel ?? -1] ?? null;
  }

  chosen() {
    return this.#hls && !this.#hls.autoLevelEnabled ? this.#hls.loadLevel : null;
  }

  choose(id) {
    if (this.#hls) this.#hls.nextLevel = id ?? -1;
  }

  captions() {
    return (this.#hls?.subtitleTracks ?? []).map((track, id) => ({ id, label: track.name || track.lang || `Captions ${id + 1}` }));
  }

  caption() {
    const at = this.#hls?.subtitleTrack ?? -1;
    return at >= 0 ? at : null;
  }

  show(id) {
    if (!this.#hls) return;
    this.#hls.subtitleTrack = id ?? -1;
    this.#hls.subtitleDisplay = id !== null;
  }

  range() {
    const details = this.#hls?.latestLevelDetails;
    if (!details) return null;
    const live = details.live ? (this.#hls.liveSyncPosition ?? details.edge) : details.edge;
    return { start: details.fragmentStart, live, over: !details.live };
  }

  dateOf(media_s) {
    if (this.#anchor) return this.#anchor.date_ms + (media_s - this.#anchor.media_s) * 1000;
    const fragments = this.#hls?.latestLevelDetails?.fragments ?? [];
    const first = fragments.find((fragment) => fragment.programDateTime && fragment.end > media_s) ?? fragments.at(-1);
    return first?.programDateTime ? first.programDateTime + (media_s - first.start) * 1000 : null;
  }

  /** Parts: one is made, one is on its way and two are held. Without parts: hold back, and a segment being made. */
  floor_ms() {
    const details = this.#hls?.latestLevelDetails;
    if (!details) return null;
    const inParts = details.partTarget && details.canBlockReload;
    const promised_ms = inParts ? 4 * details.partTarget * 1000 + PART_MARGIN_MS : (details.holdBack + details.targetduration) * 1000;
    return promised_ms + this.#stalls.at(performance.now());
  }

  stalled(now_ms) {
    this.#stalls.stalled(now_ms);
  }

  /** `{picture, sound}`: what the stream carries, or null before it is known. */
  carries() {
    const levels = this.#hls?.levels ?? [];
    if (!this.#known || !levels.length) return null;
    const muxed = levels.some(({ audioCodec }) => audioCodec);
    const said = levels.some(({ attrs }) => attrs?.CODECS);
    const picture = levels.some(({ height, videoCodec }) => height || videoCodec);
    return { picture, sound: muxed || this.#hls.audioTracks.length > 0 || !said };
  }

  bandwidth_bps() {
    const estimate = this.#hls?.bandwidthEstimate;
    return Number.isFinite(estimate) ? estimate : null;
  }

  title() {
    return this.#title;
  }
}

function failureOf({ type, details, response }) {
  if (details === Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR) return { type: 'unsupported' };
  return { type: 'failed', kind: type === Hls.ErrorTypes.MEDIA_ERROR ? 'media' : 'network', status: response?.code ?? 0 };
}

export const create = (options) => new HlsPlayer(options);
