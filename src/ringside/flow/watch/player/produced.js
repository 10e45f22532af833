/* ProducerReferenceTime: when the pictures of an MPD's timeline were taken (ISO/IEC 23009-1, 5.12). Pure.

   In goes a manifest as dash.js reads it; out comes by how much capture time is ahead of availability time. */

const listOf = (one) => (one === undefined || one === null ? [] : [one].flat());

/** `PT2S`, `PT1M0.5S` or a number of seconds → seconds; 0 of what cannot be read. */
export function durationOf(text) {
  if (typeof text === 'number') return text;
  const [, hours = 0, minutes = 0, seconds = 0] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?$/.exec(text ?? '') ?? [];
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** Seconds to add to (availabilityStartTime + presentation time) for capture time; null where the manifest does not say. */
export function captureShift_s(manifest) {
  const period = listOf(manifest?.Period)[0];
  for (const set of listOf(period?.AdaptationSet)) {
    const produced = listOf(set.ProducerReferenceTime)[0];
    const template = listOf(set.SegmentTemplate)[0] ?? listOf(listOf(set.Representation)[0]?.SegmentTemplate)[0];
    const wall_ms = Date.parse(produced?.wallClockTime ?? '');
    if (!template || !Number.isFinite(wall_ms)) continue;
    const began_ms = Date.parse(manifest.availabilityStartTime ?? '');
    const media_s = (Number(produced.presentationTime) - Number(template.presentationTimeOffset ?? 0)) / Number(template.timescale ?? 1);
    const shift_s = (wall_ms - (Number.isFinite(began_ms) ? began_ms : 0)) / 1000 - durationOf(period.start) - media_s;
    if (Number.isFinite(shift_s)) return shift_s;
  }
  return null;
}
