/** Bars of a bench, longest last, as an SVG that reads on light and dark pages. */

export interface Bar {
  readonly label: string
  readonly value: number
  readonly ours: boolean
}

const [WIDTH, ROW, LABEL, TOP, GAP] = [760, 26, 190, 58, 70]
const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

export const barChart = (title: string, unit: string, bars: readonly Bar[]): string => {
  const longest = Math.max(...bars.map(({ value }) => value))
  const rows = bars
    .toSorted((a, b) => a.value - b.value)
    .map(({ label, value, ours }, i) => {
      const y = TOP + i * ROW
      const width = Math.max(1, (value / longest) * (WIDTH - LABEL - GAP))
      return [
        `<text x="${LABEL - 8}" y="${y + 15}" text-anchor="end">${escape(label)}</text>`,
        `<rect x="${LABEL}" y="${y + 3}" width="${width.toFixed(1)}" height="16" rx="2" class="${ours ? 'ours' : 'other'}"/>`,
        `<text x="${(LABEL + width + 6).toFixed(1)}" y="${y + 15}">${value.toFixed(2)}</text>`,
      ].join('')
    })
  const height = TOP + bars.length * ROW + 12
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}">
<style>
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.unit { fill: #57606a }
.ours { fill: #1a7f64 }
.other { fill: #9aa4ae }
.page { fill: #ffffff }
</style>
<rect class="page" width="100%" height="100%" rx="6"/>
<text x="16" y="24" class="title">${escape(title)}</text>
<text x="16" y="42" class="unit">${escape(unit)}</text>
${rows.join('\n')}
</svg>
`
}
