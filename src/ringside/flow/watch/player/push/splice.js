/* Where one feed may take over from another without a gap. Pure.

   What is appended ends at `end_s`. The new feed's chunks wait until one of them can follow: of the same track, the very
   next one; of another, an independent one at or before that end that has not been shown yet (what it overlaps is
   replaced). Only where the old feed has died, or fallen silent, the new one may begin elsewhere. */

const SAME_S = 0.002; // timescales differ, and so does their rounding
const SHOWN_S = 0.06; // ahead of the playhead what is decoded already

/** Waiting chunks, oldest first → the index to go on from, or -1 for not yet. `kin`: the chunks belong to the same header as
    what is appended; `alive`: the old feed still brings chunks. */
export function splice(chunks, { end_s, playhead_s, alive, kin }) {
  if (end_s === null) return chunks.findIndex(({ independent }) => independent);
  const next = kin ? chunks.findIndex(({ start_s }) => Math.abs(start_s - end_s) <= SAME_S) : -1;
  if (next >= 0) return next;
  const before = chunks.findLastIndex(({ independent, start_s }) => independent && start_s <= end_s + SAME_S);
  if (before >= 0 && (!alive || chunks[before].start_s >= playhead_s + SHOWN_S) && reaches(chunks, end_s)) return before;
  return alive ? -1 : chunks.findIndex(({ independent, start_s }) => independent && start_s > end_s);
}

/* The new feed has come as far as the old one: none of what is there to be seen is taken away. */
const reaches = (chunks, end_s) => chunks.at(-1).end_s >= end_s - SAME_S;

/** Waiting chunks that can still be of use: from the newest independent one before `end_s` on, and a bounded number. */
export function kept(chunks, end_s, most) {
  const from = end_s === null ? 0 : Math.max(0, chunks.findLastIndex(({ independent, start_s }) => independent && start_s <= end_s));
  const useful = from ? chunks.slice(from) : chunks;
  if (useful.length <= most) return useful;
  const newest = useful.findLastIndex(({ independent }) => independent);
  return newest > 0 ? useful.slice(newest) : useful.slice(-most);
}
