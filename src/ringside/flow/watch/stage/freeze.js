/* The last picture stays up while a player is made anew: nobody sees black. */

export class Freeze {
  #video;
  #canvas;

  constructor(video, canvas) {
    this.#video = video;
    this.#canvas = canvas;
  }

  /** Keep what is on the screen now. */
  hold() {
    if (!this.#video.videoWidth || !this.#canvas.hidden) return;
    this.#canvas.width = this.#video.videoWidth;
    this.#canvas.height = this.#video.videoHeight;
    this.#canvas.getContext('2d').drawImage(this.#video, 0, 0);
    this.#canvas.hidden = false;
  }

  release() {
    this.#canvas.hidden = true;
  }
}
