/* The last picture stays up while a player is made anew: nobody sees black. */

export class Freeze {
  #video;
  #canvas;
  #own;

  /** Without a canvas of the page's own, one is laid over the video while it is needed. */
  constructor(video, canvas = null) {
    this.#video = video;
    this.#own = canvas === null;
    this.#canvas = canvas ?? document.createElement('canvas');
    this.#canvas.hidden = true;
    if (this.#own) this.#canvas.setAttribute('aria-hidden', 'true');
  }

  /** Keep what is on the screen now. */
  hold() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (!width || !height || !this.#canvas.hidden) return;
    if (this.#own) this.#cover();
    [this.#canvas.width, this.#canvas.height] = [width, height];
    this.#canvas.getContext('2d').drawImage(this.#video, 0, 0);
    this.#canvas.hidden = false;
  }

  #cover() {
    const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = this.#video;
    const { objectFit, zIndex } = getComputedStyle(this.#video);
    Object.assign(this.#canvas.style, {
      position: 'absolute', left: `${offsetLeft}px`, top: `${offsetTop}px`, width: `${offsetWidth}px`, height: `${offsetHeight}px`,
      objectFit: objectFit === 'fill' ? 'contain' : objectFit, zIndex, pointerEvents: 'none',
    });
    this.#video.after(this.#canvas);
  }

  release() {
    this.#canvas.hidden = true;
    if (this.#own) this.#canvas.remove();
  }
}
