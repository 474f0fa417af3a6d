import { html, seconds, short } from './text.js'

/** Width and height of the drawing: it is stretched to the page, and texts stand beside it. */
const WIDTH = 1000
const HEIGHT = 200

export interface Line {
  readonly name: string
  /** Names a colour of the page. */
  readonly kind: string
  /** Values at the times of the chart. */
  readonly values: readonly number[]
  readonly filled?: boolean
}

/** A span of time with a name, such as a fault. */
export interface Mark {
  readonly label: string
  readonly from: number
  readonly to: number
}

/** What all charts of a page share. */
export interface Time {
  readonly times: readonly number[]
  readonly end: number
  readonly marks: readonly Mark[]
}

const number = (value: number): string => String(Math.round(value * 10) / 10)
const across = (at: number, { end }: Time): number => (end === 0 ? 0 : (at / end) * WIDTH)

/** A round number that is not below the value. */
export const ceiling = (value: number): number => {
  if (value <= 0) return 1
  const size = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find(step => step * size >= value) ?? 10) * size
}

const bands = (time: Time): string =>
  time.marks
    .map(({ from, to }) => {
      const x = across(from, time)
      const width = Math.max(2, across(to, time) - x)
      return `<rect class="band" x="${number(x)}" y="0" width="${number(width)}" height="${HEIGHT}"/>`
    })
    .join('')

const svg = (label: string, inner: string, className = 'plot'): string =>
  `<svg class="${className}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${html(label)}">${inner}</svg>`

const pathOf = ({ kind, values, filled }: Line, top: number, time: Time): string => {
  const points = values.map((value, i) => {
    const y = HEIGHT - (Math.max(0, value) / top) * (HEIGHT - 4) - 2
    return `${number(across(time.times[i] ?? 0, time))},${number(y)}`
  })
  if (points.length === 0) return ''
  const area =
    filled === true
      ? `<polygon class="area ${kind}" points="0,${HEIGHT} ${points.join(' ')} ${number(across(time.times.at(-1) ?? 0, time))},${HEIGHT}"/>`
      : ''
  return `${area}<polyline class="line ${kind}" points="${points.join(' ')}"/>`
}

const axis = ({ end }: Time): string =>
  `<div class="x">${[0, 0.25, 0.5, 0.75, 1].map(part => `<span>${seconds(end * part)}</span>`).join('')}</div>`

/** Lines over time, with the numbers of both axes. */
export const lineChart = (
  title: string,
  unit: string,
  lines: readonly Line[],
  time: Time,
): string => {
  const top = ceiling(Math.max(0, ...lines.flatMap(({ values }) => values)))
  const legend = lines
    .map(
      ({ name, kind, values }) =>
        `<li><i class="key ${kind}"></i>${html(name)} <b>max ${short(Math.max(0, ...values))}</b></li>`,
    )
    .join('')
  const grid = [0.25, 0.5, 0.75]
    .map(
      part =>
        `<line class="grid" x1="0" x2="${WIDTH}" y1="${part * HEIGHT}" y2="${part * HEIGHT}"/>`,
    )
    .join('')
  const inner = bands(time) + grid + lines.map(line => pathOf(line, top, time)).join('')
  return `<figure><figcaption>${html(title)} <small>${html(unit)}</small></figcaption>
<ul class="legend">${legend}</ul>
<div class="chart"><div class="y"><span>${short(top)}</span><span>${short(top / 2)}</span><span>0</span></div>${svg(title, inner)}${axis(time)}</div></figure>`
}

/** A row for each name; dark where its count rose. */
export const rowChart = (
  title: string,
  rows: readonly { readonly name: string; readonly rises: readonly number[] }[],
  time: Time,
): string => {
  const most = Math.max(1, ...rows.flatMap(({ rises }) => rises))
  const drawn = rows.map(({ name, rises }) => {
    const cells = rises.map((rise, i) => {
      if (rise <= 0) return ''
      const x = across(time.times[i - 1] ?? 0, time)
      const width = Math.max(2, across(time.times[i] ?? 0, time) - x)
      const strength = 0.25 + 0.75 * (rise / most)
      return `<rect class="cell" x="${number(x)}" y="0" width="${number(width)}" height="${HEIGHT}" opacity="${strength.toFixed(2)}"/>`
    })
    return `<div class="row"><span>${html(name)}</span>${svg(name, bands(time) + cells.join(''), 'strip')}</div>`
  })
  return `<figure><figcaption>${html(title)}</figcaption><div class="rows">${drawn.join('\n')}</div></figure>`
}

/** The marks by themselves, with their names. */
export const markList = ({ marks }: Time): string =>
  marks.length === 0
    ? ''
    : `<figure><figcaption>Marked <small>shaded in the charts</small></figcaption><ol class="marks">${marks
        .map(
          ({ label, from, to }) =>
            `<li><b>${seconds(from)} to ${seconds(to)}</b> ${html(label)}</li>`,
        )
        .join('')}</ol></figure>`
