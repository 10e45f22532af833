/* What a viewer should know besides how the session goes: the facts of a stream and its browser → one note. Pure. */

const KNOWN_AFTER_MS = 3000; // of playing: before that a track may still be on its way

/** What is missing, worst first: the key of a sentence (sentences.js), or null.
    `carries` is {picture, sound} or null; `played_ms` how long this player has played. */
export function noteOf({ blocked, carries, dated, sound, native, played_ms }) {
  if (blocked) return 'refused';
  if (played_ms < KNOWN_AFTER_MS) return null;
  if (native) return 'by_itself';
  if (carries && !carries.picture) return 'sound_only';
  if (!dated) return 'no_date';
  if (carries && !carries.sound && sound) return 'picture_only';
  return null;
}

/** What the element itself shows to be carried, where the player does not know: {picture, sound}. */
export function carriedBy(video) {
  const decoded = video.webkitAudioDecodedByteCount;
  const sound = video.mozHasAudio ?? (decoded === undefined ? (video.audioTracks?.length ?? 1) > 0 : decoded > 0);
  return { picture: video.videoWidth > 0, sound };
}
