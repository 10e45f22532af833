/* What a viewer calls a rung. */

/** Height and frame rate → `720p`, `1080p60`. */
export function labelOf(height, fps) {
  return height ? `${height}p${fps > 31 ? Math.round(fps) : ''}` : 'audio';
}
