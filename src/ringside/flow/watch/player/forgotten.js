/* Parts that are in the buffer, and of which hls.js has forgotten that it loaded them. Pure.

   It happens on a busy machine, and matters at the end of their segment: hls.js looks for what comes next by where its
   buffer ends, which browsers round down by a microsecond, so it finds the segment before; of that it believes a part to be
   missing, and so asks neither for the next nor, as the segment is there, for this one: until the segment's parts are
   listed no more the picture stands, for some three seconds. (hls.js 1.7.4: getFragmentAtPosition, isLoopLoading.) */

const NEAR_S = 0.01;

/** The playlist's parts and the `[start, end]` of what is buffered → `[[part, its loaded neighbour], ...]`. */
export function forgotten(parts, spans) {
  const isThere = ({ start, end }) => spans.some(([from_s, to_s]) => from_s <= start + NEAR_S && to_s >= end - NEAR_S);
  return parts.flatMap((part, at) => {
    if (part.loaded || !isThere(part)) return [];
    const later = parts.slice(at + 1).find(({ loaded, fragment }) => loaded && fragment === part.fragment);
    return later ? [[part, later]] : [];
  });
}
