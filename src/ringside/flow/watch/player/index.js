/* The players, behind one door. Each module exports `create({ video, base, tell, clock, sound, aim_ms, begin_s, via })`: base is an
   absolute URL that ends in `/live/{event}/`, clock the ServerClock of that server, sound=false means never to fetch sound,
   aim_ms() is where to begin, in ms behind the camera; begin_s(), in an event that is over, in seconds from its oldest
   moment, else null. It gives

     name version path      who plays: `path` is push, moq, ll-hls, hls-dvr, ll-dash, shaka or native-hls
     load() retry() recover() destroy()
     rungs() rung() chosen() choose(id)       rungs are {id, label, height, bps}; id null is automatic
     captions() caption() show(id)            captions are {id, label}; id null is none
     range()                {start, live, over} in media seconds, or null: live is where the live moment plays
     dateOf(media_s)        capture time, UTC milliseconds, at a media time, or null
     floor_ms()             the least latency that this path holds steadily, as known now, or null
     carries()              {picture, sound}, or null before it is known; may be missing
     stalled(now_ms)        the picture stood still: floor_ms() may rise; missing where the player sees that for itself
     bandwidth_bps() title()

   and tells the session what happens: {type: manifest|failed|over|unsupported, ...}. A player never steers: no rate, no
   seek to live of its own. Only the code of the path in use is loaded. */

const LOADERS = {
  push: () => import('./push.js'),
  moq: () => import('./moq.js'),
  hls: () => import('./hls.js'),
  dash: () => import('./dash.js'),
  shaka: () => import('./shaka.js'),
  native: () => import('./native.js'),
  dvr: () => import('./dvr.js'),
};

/** What this browser has that a path may need. */
export function abilities(video) {
  return {
    media: 'ManagedMediaSource' in globalThis || 'MediaSource' in globalThis,
    streams: 'ReadableStream' in globalThis && 'body' in (globalThis.Response?.prototype ?? {}),
    transport: 'WebTransport' in globalThis,
    native: Boolean(video.canPlayType('application/vnd.apple.mpegurl')),
    known: Object.keys(LOADERS),
  };
}

/** The paths to try for what was asked (null: auto), best first; empty where nothing can play. Pure. */
export function pathsFor(asked, { media, streams, transport, native, known }) {
  const can = { push: media && streams, moq: media && transport, hls: media, dash: media, shaka: media, native };
  const usable = (name) => known.includes(name) && can[name];
  const automatic = ['push', 'hls', 'native'].filter(usable);
  if (asked === 'moq') return ['moq', ...automatic].filter(usable);
  if (!known.includes(asked)) return automatic;
  return usable(asked) ? [asked] : media ? automatic : ['native'].filter(usable);
}

/** The player of a path, ready to load; rejects when its code does not arrive. */
export async function open(name, options) {
  const { create } = await LOADERS[name]();
  return create(options);
}
