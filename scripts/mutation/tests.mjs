// Which tests judge the mutants of a folder of packages/core/src, by their path in test/ without the ending.
import { filesIn } from '../files.mjs'

/**
 * Run for every folder that has no tests of its own in test/unit/core/FOLDER, in this order: the slow
 * one last, as the first failure ends a mutant. Those of its own and the FIRST are enough for the others.
 */
const EVERY = ['unit/core/', 'property/']

/** These test no code of the core that a mutant could change. */
const NEVER = ['unit/core/docs']

/**
 * Run before the others: what usually finds a fault of the folder. Tests named like the folder or
 * like the mutated file come first without being listed. Only tests that reach a mutant run for it,
 * so a missing line costs time and never a kill.
 */
const FIRST = {
  admission: ['unit/core/admission', 'unit/core/construction'],
  client: ['unit/core/failures', 'unit/core/construction', 'wire/fast-bytes'],
  config: ['unit/core/construction', 'unit/option-tables'],
  callbacks: ['unit/core/reporting'],
  lifecycle: ['unit/core/lifecycle', 'unit/core/lifecycle-pairs'],
  packing: ['unit/core/packing', 'unit/core/decode'],
  queue: [],
  request: ['unit/core/batching', 'unit/core/failures', 'unit/core/lifecycle'],
  settling: [
    'unit/core/classify',
    'unit/core/failure-cause',
    'unit/core/failures',
    'unit/core/refused-packs',
    'unit/core/odd-users',
    'unit/core/reporting',
    'unit/core/packing-order',
  ],
  stats: ['unit/core/reporting'],
  stream: ['unit/core/packing', 'unit/core/ordering'],
  store: [
    'unit/core/queue/compaction',
    'unit/core/queue/memory-use',
    'unit/core/queue/record-queue',
  ],
}

/** Slow ones, run last: the first failure ends a mutant. */
const LAST = new Set(['unit/core/queue/shard-share', 'unit/core/queue/record-queue-model'])

/** How many random lives of a producer a mutant must stand, and which: the same in every run. */
export const PROPERTY = { PROPERTY_RUNS: '60', QUEUE_RUNS: '15', PROPERTY_SEED: '20240229' }

/** The compiled tests for `target` (`queue`, `queue/key-order.ts`), most telling first. */
export const testsFor = (target, only) => {
  const [folder, ...rest] = target.replace(/\.m?ts$/, '').split('/')
  const names = [...rest.slice(-1), folder]
  const first = FIRST[folder] ?? []
  const own = `unit/core/${folder}/`
  const all = filesIn('build/test', '.test.js').map(file =>
    file.slice('build/test/'.length, -'.test.js'.length),
  )
  const others = all.some(name => name.startsWith(own)) ? [own] : EVERY
  const rank = name => {
    if (LAST.has(name)) return 1000
    const named = names.findIndex(part => name.includes(part))
    if (named >= 0) return named
    const listed = first.findIndex(part => name.startsWith(part))
    if (listed >= 0) return names.length + listed
    return 100 + EVERY.findIndex(part => name.startsWith(part))
  }
  return all
    .filter(name => [...others, ...first].some(part => name.startsWith(part)))
    .filter(name => !NEVER.some(part => name.startsWith(part)))
    .filter(name => only === undefined || name.includes(only))
    .toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(name => `build/test/${name}.test.js`)
}
