// Taking the numbers home. Everything is made here in the browser: the server never sees a timeline.

import { gather } from './bins.js';
import { stackOrder, stackSvg } from './plot.js';
import { report } from './report.js';
import { columns, csv, json } from './table.js';

const PNG = { width: 1200, height: 420, scale: 2 };

/** Make a file of a lesson as `kind` (csv, json, parquet, png, html): {blob, name}. */
export async function make(kind, lesson, legend, reportTemplate) {
  const table = () => columns(lesson, legend.names);
  const makers = {
    csv: () => new Blob([csv(table())], { type: 'text/csv' }),
    json: () => new Blob([JSON.stringify(json(lesson, table()), null, 1)], { type: 'application/json' }),
    parquet: async () => {
      const { parquetWriteBuffer } = await import('./vendor/parquet.min.js');
      const columnData = table().map((column) => ({ ...column, nullable: true }));
      return new Blob([parquetWriteBuffer({ columnData })], { type: 'application/vnd.apache.parquet' });
    },
    png: () => png(lesson, legend),
    html: async () => new Blob([report(await reportTemplate, lesson, legend)], { type: 'text/html' }),
  };
  const blob = await makers[kind]();
  const stamp = new Date(lesson.timeline.seconds[0].t * 1000).toISOString().slice(0, 16).replace(/[:T]/g, '-');
  return { blob, name: `moodstream-${stamp}.${kind}` };
}

/** Hand a file to the browser's downloads. */
export function download({ blob, name }) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function png({ timeline, markers }, legend) {
  const { seconds } = timeline;
  const { width, height, scale } = PNG;
  const svg = stackSvg(gather(seconds, seconds[0].t, seconds.at(-1).t + 1), {
    width, height: height - 40, legend, markers, ink: '#17212b', faint: '#dde4e8', accent: '#0f766e',
  });
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: width * scale, height: height * scale });
  const context = canvas.getContext('2d');
  context.scale(scale, scale);
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0, width, height - 40);
  key(context, legend, height - 22);
  return new Promise((done) => canvas.toBlob(done, 'image/png'));
}

function key(context, legend, y) {
  context.font = '12px sans-serif';
  context.textBaseline = 'middle';
  let x = 34;
  for (const name of stackOrder(legend.names)) {
    const { colour, sign } = legend.look(name);
    context.fillStyle = name === 'unsure' ? '#c5ccd3' : colour;
    context.fillRect(x, y - 9, 18, 18);
    context.fillStyle = '#10141c';
    context.textAlign = 'center';
    context.fillText(sign, x + 9, y + 1);
    context.textAlign = 'start';
    context.fillText(name, x + 25, y + 1);
    x += 25 + context.measureText(name).width + 22;
  }
}
