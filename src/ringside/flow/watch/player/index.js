/* The players, behind one door. Each module exports `create({ video, event, tell })` and gives

     name version path      who plays: `path` is ll-hls, ll-dash, shaka or native-hls
     load() retry() recover() destroy()
     rungs() rung() chosen() choose(id)       rungs are {id, label, height, bps}; id null is automatic
     captions() caption() show(id)            captions are {id, label}; id null is none
     range()                {start, live, over} in media seconds, or null: live is where the live moment plays
     dateOf(media_s)        UTC milliseconds at a media time, or null
     bandwidth_bps() title()

   and tells the session what happens: {type: manifest|failed|over|unsupported, ...}. Only the asked-for player
   is loaded; what cannot play here gives way to what can. */

const LOADERS = {
  hls: () => import('./hls.js'),
  dash: () => import('./dash.js'),
  shaka: () => import('./shaka.js'),
  native: () => import('./native.js'),
};

const hasMediaSource = () => 'ManagedMediaSource' in globalThis || 'MediaSource' in globalThis;

/** Which player to use for what was asked, in this browser; null when none can play. */
export function choose(asked, video) {
  const wanted = Object.hasOwn(LOADERS, asked ?? '') ? asked : 'hls';
  if (wanted !== 'native' && hasMediaSource()) return wanted;
  return video.canPlayType('application/vnd.apple.mpegurl') ? 'native' : null;
}

/** The chosen player, ready to load. */
export async function open(name, options) {
  const { create } = await LOADERS[name]();
  return create(options);
}
