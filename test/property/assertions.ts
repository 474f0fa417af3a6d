import { getEventListeners } from 'node:events'
import { keyOf } from './ledger.js'
import type { World } from './world.js'

/** Share of the buffer that is never kept from a record because of its shard. */
const HALF = 0.5

/** What holds at any moment, inside of callbacks too. */
export const lawHolds = ({ producer, findings, life, isRemote }: World): void => {
  const { admitted, delivered, dropped, remaining, remainingBytes, droppedByReason } =
    producer.stats()
  findings.expect(
    admitted === delivered + dropped + remaining,
    () => `${admitted} admitted = ${delivered} delivered + ${dropped} dropped + ${remaining}`,
  )
  const named = Object.values(droppedByReason).reduce((sum, count) => sum + count, 0)
  findings.expect(dropped === named, () => `${dropped} dropped, ${named} for a reason`)
  const { bufferSize, bufferBytes, whenFull } = life.settings
  // What it has to drop for a new record, the other side drops a little later.
  const over = isRemote && whenFull === 'dropOldest' ? 1 / 8 : 0
  const most = bufferSize + (over > 0 ? Math.max(1, bufferSize * over) : 0)
  findings.expect(remaining <= most, 'bounded by count')
  findings.expect(remainingBytes <= bufferBytes * (1 + over), 'bounded by bytes')
}

/** What holds when a step is over and all promises that can be are settled. */
export const checkStep = (world: World): void => {
  lawHolds(world)
  const { findings, controller } = world
  const listeners = getEventListeners(controller.signal, 'abort').length
  findings.expect(listeners <= 1, () => `${listeners} listeners on one signal`)
  checkWaits(world)
  findings.check()
}

/**
 * Nobody waits for capacity that is there. Where a shard may back off, half of the buffer is for any
 * record; where none ever did, all of it.
 */
const checkWaits = ({ producer, findings, life, waiting, wasThrottled }: World): void => {
  const { remaining, remainingBytes, memoryBytes, waiting: count } = producer.stats()
  findings.expect(count <= waiting.size, () => `${count} wait, and should be ${waiting.size}`)
  // A put may have been admitted before.
  const aborted = [...waiting].some(({ signal, isPut }) => signal?.aborted === true && !isPut)
  findings.expect(!aborted, 'an add waits although it was aborted')
  if (count === 0) return
  findings.expect(remaining > 0, () => `${count} adds wait although the buffer is empty`)
  // Which of them is the first in its line is not told; a put does not tell its admission either.
  const largest = Math.max(...[...waiting].map(({ maxBytes }) => maxBytes))
  const share = wasThrottled ? HALF : 1
  const fits =
    remaining + 1 <= share * life.settings.bufferSize &&
    Math.max(remainingBytes, memoryBytes) + largest <= share * life.settings.bufferBytes
  findings.expect(!fits, () => `${count} adds wait although ${remaining} records leave capacity`)
}

/** Each admitted record has exactly one fate, and the fates are true. */
export const checkFates = (world: World): void => {
  const { findings, ledger, producer, closed } = world
  for (const { leftover } of closed)
    findings.expect(leftover === closed[0]?.leftover, 'each close() has the same result')
  const leftover = closed[0]?.leftover ?? []
  for (const left of leftover) {
    const text = Buffer.from(left.data).toString()
    const known = ledger.find(text)
    if (known === undefined) continue
    findings.expect(!known.handedBack, () => `${text} is handed back twice`)
    known.handedBack = true
    if (left.possiblyDelivered)
      findings.expect(
        known.mayBeStored || world.isKilled,
        () => `${text} is possiblyDelivered, but never left`,
      )
    else findings.expect(known.stored === 0, () => `${text} is in the stream, and a leftover`)
  }
  const stats = producer.stats()
  findings.expect(stats.remaining === leftover.length, 'what remains is handed back')
  countFates(world)
  findings.check()
}

/** The counters say what the world has seen. */
const countFates = ({ findings, ledger, producer }: World): void => {
  const stats = producer.stats()
  const counts = { admitted: 0, refused: 0, dropped: 0, delivered: 0, duplicates: 0 }
  for (const { text, admission, dropped, handedBack, stored, outcome } of ledger.all) {
    const isGone = dropped !== undefined || handedBack
    findings.expect(admission !== 'open', () => `nobody was told of the admission of ${text}`)
    findings.expect(dropped === undefined || !handedBack, () => `${text} has two fates`)
    if (admission === 'refused') {
      findings.expect(!isGone && stored === 0, () => `${text} was refused, and yet has a fate`)
      counts.refused++
      continue
    }
    counts.admitted++
    findings.expect(isGone || stored > 0, () => `${text} is lost`)
    if (dropped !== undefined) counts.dropped++
    if (!isGone) counts.delivered++
    if (!isGone && stored > 1) counts.duplicates++
    if (outcome === 'undelivered')
      findings.expect(isGone, () => `${text} is undelivered only for put`)
    else if (outcome !== undefined)
      findings.expect(!isGone && stored > 0, () => `${text} has a receipt without being stored`)
    if (outcome === 'delivered')
      findings.expect(stored === 1, () => `${text} is stored ${stored} times, untold`)
  }
  for (const name of ['admitted', 'refused', 'dropped', 'delivered'] as const)
    findings.expect(
      stats[name] === counts[name],
      () => `${name}: ${stats[name]}, and in truth ${counts[name]}`,
    )
  findings.expect(
    counts.duplicates <= stats.possibleDuplicates,
    () => `${counts.duplicates} duplicates, ${stats.possibleDuplicates} told`,
  )
}

/** Records of a key arrive in the order they were added: the first copy of each. */
export const checkOrder = ({ findings, ledger, life }: World): void => {
  if (life.settings.ordering !== 'partitionKey') return
  const last = new Map<string, number>()
  const seen = new Set<string>()
  for (const text of ledger.stored) {
    const known = ledger.find(text)
    // What was given up while its request was on its way may arrive at any time.
    const isGone = known?.dropped !== undefined || known?.handedBack === true
    const key = keyOf(text)
    if (seen.has(text) || isGone || key === '') continue
    seen.add(text)
    const number = Number.parseInt(text.slice(key.length + 1), 10)
    const before = last.get(key) ?? -1
    findings.expect(number > before, () => `${text} arrived after number ${before}`)
    last.set(key, number)
  }
  findings.check()
}
