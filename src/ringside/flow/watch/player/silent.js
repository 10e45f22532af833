/* HLS without its sound: hls.js has no setting for it, so the multivariant playlist is read without its audio. */

/** A multivariant playlist without its sound. Pure. */
export function silenced(text) {
  return text
    .split('\n')
    .filter((line) => !/^#EXT-X-MEDIA:.*TYPE=AUDIO/.test(line))
    .map((line) => (line.startsWith('#EXT-X-STREAM-INF') ? line.replace(/,AUDIO="[^"]*"/, '').replace(/,mp4a\.[\w.]+|mp4a\.[\w.]+,/, '') : line))
    .join('\n');
}
