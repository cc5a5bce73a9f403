// Timelines as SVG text: the same for the page, the PNG and the report.

/** Bottom to top: what is calm lies below what is not, and doubt on top. */
const ORDER = ['neutral', 'happy', 'surprise', 'sad', 'fear', 'disgust', 'angry'];
const MARGIN = { left: 40, right: 26, top: 20, bottom: 20 };
const FACES_HEIGHT = 34;
const GAP = 18;
const TICKS = [5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const TICK_WIDTH = 92;
const HATCH =
  '<pattern id="ms-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">' +
  '<rect width="6" height="6" fill="#8b98a5" fill-opacity=".18"/><path d="M0 0V6" stroke="#8b98a5" stroke-width="2"/></pattern>';

export const stackOrder = (names) => [
  ...ORDER.filter((name) => names.includes(name)),
  ...names.filter((name) => !ORDER.includes(name) && name !== 'unsure'),
  'unsure',
];

/**
 * The stacked timeline over the number of faces.
 * `gathered` as bins.js gives it; `markers`: [{atMs, text}]; `ink`, `faint`, `accent`: colours of text, grid and faces.
 */
export function stackSvg(gathered, { width, height, legend, markers, ink, faint, accent, font = 'sans-serif' }) {
  const { from, to, step, bins } = gathered;
  const plot = { x: MARGIN.left, y: MARGIN.top, w: width - MARGIN.left - MARGIN.right };
  plot.h = height - MARGIN.top - MARGIN.bottom - FACES_HEIGHT - GAP;
  const x = (t) => plot.x + ((t - from) / (to - from)) * plot.w;
  const columns = bins.filter((bin) => bin.shares);
  const order = stackOrder(legend.names);
  const paths = new Map(order.map((name) => [name, '']));
  for (const bin of columns) {
    let below = 0;
    for (const name of order) {
      const share = bin.shares[name] ?? 0;
      if (share <= 0) continue;
      const top = plot.y + plot.h * (1 - below - share);
      paths.set(name, paths.get(name) + rect(x(bin.t), top, x(Math.min(to, bin.t + step)), plot.h * share));
      below += share;
    }
  }
  const fill = (name) => (name === 'unsure' ? 'url(#ms-hatch)' : legend.look(name).colour);
  const areas = [...paths].map(([name, d]) => (d ? `<path d="${d}" fill="${fill(name)}" data-word="${escape(name)}"/>` : ''));
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="${escape(font)}" font-size="11" fill="${ink}"><defs>${HATCH}</defs>` +
    shareGrid(plot, ink, faint) +
    `<g shape-rendering="crispEdges">${areas.join('')}</g>` +
    signs(columns.at(-1), order, legend, plot) +
    faces(gathered, { x, y: height - MARGIN.bottom - FACES_HEIGHT, plot, ink, accent, faint }) +
    times(gathered, { x, y: height - 5, plot, faint }) +
    flags(markers, { from, to, x, plot, ink, bottom: height - MARGIN.bottom }) +
    '</svg>'
  );
}

/** One seat's words along the same time, without axes; drawn into whatever width it is given. */
export function stripSvg({ from, to, step, bins }, row, legend) {
  const paths = new Map();
  let away = '';
  for (const { t, seats } of bins) {
    const word = seats.get(row);
    if (word) paths.set(word, (paths.get(word) ?? '') + rect(t - from, 0, Math.min(to, t + step) - from, 10));
    else away += rect(t - from, 4.5, Math.min(to, t + step) - from, 1);
  }
  const areas = [...paths].map(
    ([word, d]) => `<path d="${d}" fill="${word === 'unsure' ? '#8b98a5' : legend.look(word).colour}"${word === 'unsure' ? ' fill-opacity=".35"' : ''}/>`,
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${to - from} 10" preserveAspectRatio="none" width="100%" ` +
    `height="100%" aria-hidden="true">${areas.join('')}<path d="${away}" fill="#8b98a5" fill-opacity=".6"/></svg>`
  );
}

/** 10:42, or 10:42:05 where minutes are too coarse. */
export function clock(ms, withSeconds = false) {
  const at = new Date(ms);
  const two = (value) => String(value).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}${withSeconds ? `:${two(at.getSeconds())}` : ''}`;
}

/** For text between tags and in attributes. */
export const escape = (text) =>
  String(text).replace(/[&<>"']/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[sign]);

const fine = (value) => Math.round(value * 100) / 100;
const rect = (x0, y, x1, h) => `M${fine(x0)} ${fine(y)}H${fine(x1)}v${fine(h)}H${fine(x0)}z`;

function shareGrid({ x, y, w, h }, ink, faint) {
  return [0, 0.5, 1]
    .map((share) => {
      const at = fine(y + h * (1 - share)) + 0.5;
      return (
        `<path d="M${x} ${at}h${w}" stroke="${faint}"/>` +
        `<text x="${x - 6}" y="${at + 3.5}" text-anchor="end" fill-opacity=".75">${share * 100}${share === 1 ? '%' : ''}</text>`
      );
    })
    .join('');
}

/** The letters of the newest column, so that colour is not the only key. */
function signs(bin, order, legend, { x, y, w, h }) {
  if (!bin) return '';
  let below = 0;
  return order
    .map((name) => {
      const share = bin.shares[name] ?? 0;
      const middle = y + h * (1 - below - share / 2);
      below += share;
      return share * h < 11 ? '' : `<text x="${x + w + 6}" y="${fine(middle) + 4}" font-weight="700">${escape(legend.look(name).sign)}</text>`;
    })
    .join('');
}

function faces({ to, step, bins }, { x, y, plot, accent, faint }) {
  const most = Math.max(1, ...bins.map((bin) => Math.ceil(bin.faces)));
  const d = bins
    .filter((bin) => bin.faces > 0)
    .map((bin) => {
      const h = (bin.faces / most) * FACES_HEIGHT;
      return rect(x(bin.t), y + FACES_HEIGHT - h, x(Math.min(to, bin.t + step)), h);
    })
    .join('');
  const at = y + FACES_HEIGHT + 0.5;
  return (
    `<path d="${d}" fill="${accent}" fill-opacity=".45" shape-rendering="crispEdges" data-faces="${most}"/>` +
    `<path d="M${plot.x} ${at}h${plot.w}" stroke="${faint}"/>` +
    `<text x="${plot.x - 6}" y="${y + 9}" text-anchor="end" fill-opacity=".75">${most}</text>` +
    `<text x="${plot.x + plot.w}" y="${y - 4}" text-anchor="end" fill-opacity=".75">faces seen</text>`
  );
}

function times({ from, to }, { x, y, plot }) {
  const tick = TICKS.find((one) => (plot.w * one) / (to - from) >= TICK_WIDTH) ?? TICKS.at(-1);
  let out = '';
  for (let t = Math.ceil(from / tick) * tick; t < to; t += tick) {
    if (x(t) > plot.x + plot.w - 24) break;
    out += `<text x="${fine(x(t))}" y="${y}" text-anchor="middle" fill-opacity=".75">${clock(t * 1000, tick < 60)}</text>`;
  }
  return out;
}

function flags(markers, { from, to, x, plot, ink, bottom }) {
  return markers
    .map(({ atMs }, i) => ({ t: atMs / 1000, number: i + 1 }))
    .filter(({ t }) => t >= from && t <= to)
    .map(({ t, number }) => {
      const at = fine(x(t));
      return (
        `<path d="M${at} ${plot.y - 4}V${bottom}" stroke="${ink}" stroke-dasharray="3 3" data-marker="${number}"/>` +
        `<circle cx="${at}" cy="${plot.y - 10}" r="8.5"/>` +
        `<text x="${at}" y="${plot.y - 6.2}" text-anchor="middle" font-size="10" font-weight="700" fill="#8fd" style="fill:var(--flag-ink,#fff)">${number}</text>`
      );
    })
    .join('');
}
