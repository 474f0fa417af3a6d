import type { Sums } from './ledger.js'
import type { Done } from './messages.js'

/** One producer at the end of the storm: what it says, and what the endpoint saw. */
export interface Line {
  readonly done: Done
  readonly sums: Sums
  readonly outOfOrder: number
  readonly ordered: boolean
  readonly settledTwice: number
}

const MIB = 1024 * 1024

/** Every way in which the invariant does not hold, in words; empty if it holds. */
export const breaches = (lines: readonly Line[], violations: readonly string[]): string[] => {
  const found: string[] = violations.slice(0, 3).map(text => `a limit was broken: ${text}`)
  for (const [id, { done, sums, outOfOrder, ordered, settledTwice }] of lines.entries()) {
    const { admitted, delivered, dropped, remaining } = done.stats
    const check = (holds: boolean, what: string): void => {
      if (!holds) found.push(`producer ${id}: ${what}`)
    }
    check(
      admitted === delivered + dropped + remaining,
      `admitted ${admitted} is not delivered ${delivered} + dropped ${dropped} + remaining ${remaining}`,
    )
    check(sums.lost === 0, `${sums.lost} records are neither in the stream nor handed back`)
    check(sums.delivered === delivered, `${delivered} counted as delivered, ${sums.delivered} are`)
    check(
      sums.back === dropped + remaining,
      `${dropped + remaining} not delivered, ${sums.back} handed back`,
    )
    check(remaining === done.leftover, `${remaining} remain, ${done.leftover} handed back by close`)
    check(sums.lies === 0, `${sums.lies} handed back as surely undelivered are in the stream`)
    check(
      sums.doubled <= done.stats.possibleDuplicates,
      `${sums.doubled} records are there more than once, ${done.stats.possibleDuplicates} were told`,
    )
    check(settledTwice === 0, `${settledTwice} settled twice`)
    check(!ordered || outOfOrder === 0, `${outOfOrder} out of order`)
    check(done.puts === done.putsSettled, `${done.puts - done.putsSettled} receipts never came`)
  }
  return found
}

export const table = (lines: readonly Line[]): string => {
  const rows: (readonly (string | number)[])[] = [
    [
      'producer',
      'admitted',
      'delivered',
      'duplicates',
      'told as possible',
      'dropped',
      'remaining',
      'out of order',
      'lost',
      'peak MiB (idle)',
      'CPU s',
    ],
  ]
  const total = { admitted: 0, delivered: 0, copies: 0, possible: 0, remaining: 0, lost: 0, cpu: 0 }
  const dropped: Record<string, number> = {}
  let outOfOrder = 0
  for (const [id, line] of lines.entries()) {
    const { done, sums, ordered } = line
    const { stats } = done
    rows.push([
      id,
      stats.admitted,
      stats.delivered,
      sums.copies,
      stats.possibleDuplicates,
      reasons(stats.droppedByReason),
      stats.remaining,
      ordered ? line.outOfOrder : 'not asked',
      sums.lost,
      `${Math.round(done.peakRss / MIB)} (${Math.round(done.idleRss / MIB)})`,
      done.cpu.toFixed(1),
    ])
    total.admitted += stats.admitted
    total.delivered += stats.delivered
    total.copies += sums.copies
    total.possible += stats.possibleDuplicates
    total.remaining += stats.remaining
    total.lost += sums.lost
    total.cpu += done.cpu
    if (ordered) outOfOrder += line.outOfOrder
    for (const [reason, count] of Object.entries(stats.droppedByReason))
      dropped[reason] = (dropped[reason] ?? 0) + count
  }
  rows.push([
    'all',
    total.admitted,
    total.delivered,
    total.copies,
    total.possible,
    reasons(dropped),
    total.remaining,
    outOfOrder,
    total.lost,
    '',
    total.cpu.toFixed(1),
  ])
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map(row => String(row[column] ?? '').length)),
  )
  return rows
    .map(row => row.map((cell, column) => String(cell).padStart(widths[column] ?? 0)).join('  '))
    .join('\n')
}

const reasons = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ') || '0'
