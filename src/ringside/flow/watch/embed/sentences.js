/* Every sentence a player may say: what is happening, and what comes next. One sentence each. */

export const SENTENCES = {
  joining: 'Joining the event; the picture comes in a moment.',
  slow_joining: 'Joining takes longer than usual here; the picture will start by itself.',
  waiting: 'The event has not started yet; it will begin here by itself.',
  busy: 'Many people are arriving at once; you are in line and will be let in by itself.',
  closed: 'This event is by invitation; please open it with the link you were given.',
  offline: 'This device is offline; the event continues as soon as the network is back.',
  unreachable: 'The event cannot be reached from here right now; reconnecting by itself.',
  buffering: 'The network is slow at the moment; the picture goes on as soon as it catches up.',
  returning: 'The picture was interrupted; coming back to the live moment.',
  restarting: 'The picture stumbled; it is starting again.',
  ended: 'The event has ended; thank you for watching.',
  ended_replay: 'The event has ended; press play to watch the last {minutes} again.',
  replay_over: 'That was all of it; press play to watch it again.',
  unsupported: 'This browser cannot play live video; please open this page in a current Chrome, Edge, Firefox or Safari.',
  refused: 'This browser waits for a tap before it plays; press play and you join the live moment.',
  sound_only: 'This event is sound only; there is no picture to wait for.',
  picture_only: 'This event comes without sound; nothing is wrong with your speakers.',
  no_date: 'This stream does not say when it was taken; it plays as near to live as it can, not in step with others.',
  by_itself: 'This browser plays live video only in its own way; it comes later here than elsewhere.',
};

/** The words on buttons and badges. */
export const SMALL = {
  sound: 'Tap for sound',
  play: 'Tap to play',
  live: 'Live',
  go_live: 'Go live',
  over: 'Ended',
  replay: 'Replay',
};

/** `SENTENCES[key]` with its places filled; throws on a key that is not in the table. */
export function say(key, places = {}) {
  if (!Object.hasOwn(SENTENCES, key)) throw new Error(`no sentence called ${key}`);
  return SENTENCES[key].replace(/\{(\w+)\}/g, (_, name) => places[name] ?? '');
}

/** Seconds → `5 minutes`, `1 minute`, `40 seconds`. */
export function spoken(seconds) {
  const [count, unit] = seconds >= 60 ? [Math.round(seconds / 60), 'minute'] : [Math.round(seconds), 'second'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
