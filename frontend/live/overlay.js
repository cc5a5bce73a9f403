// Boxes and labels on the canvas over the video.

const INK = '#10141c';

export class Overlay {
  constructor(canvas, legend) {
    this.canvas = canvas;
    this.legend = new Map(legend.map((entry) => [entry.name, entry]));
  }

  clear() {
    this.canvas.getContext('2d').clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** Draw an answer. Returns what was drawn: boxes as shares (0 to 1) of the picture as it is shown. */
  draw(answer, mirrored) {
    const { clientWidth, clientHeight } = this.canvas;
    const dpr = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * dpr);
    this.canvas.height = Math.round(clientHeight * dpr);
    const context = this.canvas.getContext('2d');
    context.scale(dpr, dpr);
    const picture = contained(answer.width, answer.height, clientWidth, clientHeight);
    return answer.faces.map((face) => {
      const [x, y, w, h] = face.box;
      const left = mirrored ? answer.width - x - w : x;
      const share = [left / answer.width, y / answer.height, w / answer.width, h / answer.height];
      const box = [
        picture.x + share[0] * picture.w,
        picture.y + share[1] * picture.h,
        share[2] * picture.w,
        share[3] * picture.h,
      ];
      this.#face(context, box, face, clientWidth, clientHeight);
      return { box: share, label: face.label };
    });
  }

  #face(context, [x, y, w, h], face, width, height) {
    const look = this.legend.get(face.label) ?? this.legend.get('unsure');
    const unsure = look.name === 'unsure';
    const sure = face.probabilities ? Math.max(...Object.values(face.probabilities)) : 0;
    const weight = unsure ? 2 : 2 + 2.5 * sure;
    const path = new Path2D();
    path.roundRect(x, y, w, h, Math.min(12, w / 8));
    // A dark rim keeps light colours visible on a light background.
    context.setLineDash(unsure ? [9, 6] : []);
    context.strokeStyle = 'rgb(16 20 28 / .55)';
    context.lineWidth = weight + 3;
    context.stroke(path);
    context.strokeStyle = look.colour;
    context.lineWidth = weight;
    context.stroke(path);
    context.setLineDash([]);
    if (face.label) this.#chip(context, [x, y, w, h], look, sure, width, height);
  }

  #chip(context, [x, y, , h], look, sure, width, height) {
    const size = width < 480 ? 12 : 14;
    const tall = size + 10;
    const percent = `${Math.round(sure * 100)} %`;
    const font = getComputedStyle(this.canvas).fontFamily;
    context.font = `650 ${size}px ${font}`;
    const nameWidth = context.measureText(look.name).width;
    const wide = tall + nameWidth + context.measureText(percent).width + 20;
    const left = Math.max(2, Math.min(x - 2, width - wide - 2));
    const top = y - tall - 6 > 0 ? y - tall - 6 : Math.min(y + h + 6, height - tall - 2);
    context.fillStyle = look.colour;
    context.beginPath();
    context.roundRect(left, top, wide, tall, 8);
    context.fill();
    context.fillStyle = INK;
    context.beginPath();
    context.arc(left + tall / 2, top + tall / 2, size / 2 + 1.5, 0, 2 * Math.PI);
    context.fill();
    const middle = top + tall / 2 + 0.5;
    context.textBaseline = 'middle';
    context.fillText(look.name, left + tall + 3, middle);
    context.globalAlpha = 0.72;
    context.fillText(percent, left + tall + nameWidth + 11, middle);
    context.globalAlpha = 1;
    context.fillStyle = look.colour;
    context.font = `700 ${size - 2}px ${font}`;
    context.textAlign = 'center';
    context.fillText(look.sign, left + tall / 2, middle);
    context.textAlign = 'start';
  }
}

/** Where a picture lies in a frame that it is fitted into whole, as object-fit: contain does. */
function contained(pictureW, pictureH, frameW, frameH) {
  const scale = Math.min(frameW / pictureW, frameH / pictureH);
  const [w, h] = [pictureW * scale, pictureH * scale];
  return { x: (frameW - w) / 2, y: (frameH - h) / 2, w, h };
}
