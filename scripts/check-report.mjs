// The report of a run in a real browser: what it shows, at 360 and 1280 px, light and dark, without
// JavaScript. Screenshots are left in build/.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createRunReport } from '../packages/testing/dist/report/index.js'
import { startChromium } from './chromium.mjs'
import { root } from './packed.mjs'

const HOSTILE = '</title><script>document.title = "broken in"</script><img src=x onerror=alert(1)>'

/** A run that never was: throttling, an outage, a recovery; names that somebody else chose. */
const madeUp = file => {
  let time = 0
  const stats = {
    admitted: 0,
    delivered: 0,
    dropped: 0,
    droppedByReason: { expired: 0 },
    remaining: 0,
    remainingBytes: 0,
    retries: 0,
    requests: 0,
    requestsInFlight: 0,
    requestErrors: 0,
    requestErrorsByCode: { [HOSTILE]: 3, ServiceUnavailable: 12 },
    possibleDuplicates: 2,
    throttledByShard: {},
  }
  const report = createRunReport(
    { stats: () => ({ ...stats, throttledByShard: { ...stats.throttledByShard } }) },
    { title: HOSTILE, names: [HOSTILE], interval: 0, now: () => time },
  )
  for (let i = 1; i <= 240; i++) {
    time = i * 250
    const outage = i > 120 && i <= 170
    const throttled = i > 40 && i <= 90
    if (i === 41) report.mark('shards throttled')
    if (i === 91) report.mark(undefined)
    if (i === 121) report.mark(`outage ${HOSTILE}`)
    if (i === 171) report.mark(undefined)
    stats.admitted += 250
    const taken = outage
      ? 0
      : Math.min(throttled ? 150 : 600, stats.admitted - stats.delivered - stats.dropped)
    stats.delivered += taken
    if (i === 168) stats.dropped = stats.droppedByReason.expired = 1000
    stats.remaining = stats.admitted - stats.delivered - stats.dropped
    stats.remainingBytes = stats.remaining * 210
    stats.requests += 4
    stats.requestsInFlight = outage ? 1 : 1 + (i % 4)
    if (throttled) {
      stats.retries += 80
      for (const shard of [`shardId-${'0'.repeat(11)}1`, `shardId-${'0'.repeat(11)}3`, HOSTILE])
        stats.throttledByShard[shard] = (stats.throttledByShard[shard] ?? 0) + 10 + (i % 9)
    }
    report.onRequest({ duration: outage ? 900 : 4 + (i % 60) })
    report.sample()
  }
  writeFileSync(file, report.html())
  report.stop()
}

mkdirSync(join(root, 'build'), { recursive: true })
const page = join(root, 'build/report.html')
madeUp(page)
const pages = [page, join(root, 'build/demo.html'), join(root, 'build/storm.html')].filter(
  existsSync,
)
const LOOKS = [
  { name: 'phone', width: 360, dark: false },
  { name: 'phone-dark', width: 360, dark: true },
  { name: 'wide', width: 1280, dark: false },
  { name: 'wide-dark', width: 1280, dark: true },
  { name: 'no-script', width: 1280, dark: false, script: false },
]
const WANTED = [
  'admitted',
  'Every record is accounted for',
  'Buffered',
  'in flight',
  'Shards',
  'Duration of requests',
]

let failed = 0
const expect = (what, holds, found = '') => {
  if (holds) return
  failed++
  console.error(`FAILED: ${what} ${found}`)
}
const browser = startChromium()
// It must not outlive what waits for it.
const limit = setTimeout(() => process.exit(1), 120_000)
try {
  for (const file of pages)
    for (const look of LOOKS) {
      const shown = await browser.open(pathToFileURL(file).href, look)
      const what = `${file.split('/').at(-1)}, ${look.name}:`
      if (look.script !== false) {
        const [text, title, wide, colour, drawn] = await shown.evaluate(`[
          document.body.innerText, document.title,
          document.documentElement.scrollWidth - innerWidth,
          getComputedStyle(document.body).backgroundColor,
          [...document.querySelectorAll('polyline')].every(line => line.getBoundingClientRect().width > 100)]`)
        for (const wanted of WANTED) expect(`${what} says "${wanted}"`, text.includes(wanted))
        expect(`${what} fits`, wide <= 0, `${wide} px too wide`)
        expect(`${what} draws its lines`, drawn)
        expect(`${what} light or dark`, (colour === 'rgb(255, 255, 255)') !== look.dark, colour)
        if (file === page) expect(`${what} takes text for text`, title.includes('<script>'), title)
      }
      expect(`${what} is silent`, shown.said.length === 0, shown.said.join('; '))
      const image = await shown.screenshot()
      expect(`${what} is there`, image.length > 10_000)
      writeFileSync(file.replace(/\.html$/, `-${look.name}.png`), image)
      await shown.close()
    }
} finally {
  await browser.close()
  clearTimeout(limit)
}
console.log(failed === 0 ? `report: ${pages.length} pages are fine` : `report: ${failed} FAILED`)
process.exitCode = failed === 0 ? 0 : 1
