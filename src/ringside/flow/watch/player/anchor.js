/* Where hls.js put a fragment, and when that was captured. Pure. */

/** What was buffered → `{media_s, date_ms}`, one instant in both times, or null. A fragment's own start says nothing: where
    the first part that came is a later one, hls.js takes that part's time for it, while the date stays the fragment's. */
export function anchorOf(frag, part) {
  const streams = (part ?? frag).elementaryStreams;
  const found = streams?.video ?? streams?.audiovideo ?? streams?.audio;
  if (frag.type !== 'main' || !frag.programDateTime || !Number.isFinite(found?.startPTS)) return null;
  return { media_s: found.startPTS, date_ms: frag.programDateTime + (part?.fragOffset ?? 0) * 1000 };
}
