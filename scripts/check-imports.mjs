// Which folder may import which: part of `npm run lint`. Type-only imports count, as what a module
// knows is what it depends on. To allow an arrow, change a table below.
import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { filesIn } from './files.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const CORE = 'packages/core/src'

/** Plain data and small tools that every part of the producer may import. */
const BASE = ['record', 'errors', 'config', 'time']

/**
 * The parts of packages/core/src (a folder, or a file beside them), from the bottom up, and what
 * each may import: parts that stand before it in the table, or single files of them.
 */
const PARTS = {
  record: { may: [], why: 'it is plain data' },
  errors: { may: ['record'], why: 'errors name records and nothing else' },
  config: { may: ['record', 'errors'], why: 'options are read before anything exists' },
  time: { may: ['record', 'errors', 'config'], why: 'clocks know nothing of what waits for them' },
  steps: { may: BASE, why: 'every stage runs in steps and asks the state; they know none of them' },
  callbacks: { may: BASE, why: 'it calls the functions of users, for every other part' },
  spool: {
    may: BASE,
    why: 'it keeps records on disk; queues and what an answer means are unknown to it',
  },
  stats: {
    may: [...BASE, 'steps', 'callbacks', 'spool/spool-types'],
    why: 'the parts report to it; it asks none of them',
  },
  stream: {
    may: [...BASE, 'stats'],
    why: 'it learns about a stream; who asks the service is above',
  },
  store: {
    may: BASE,
    why: 'it holds bytes; what for, is decided above',
  },
  packing: {
    may: [...BASE, 'stream', 'store'],
    why: 'it turns records into bytes, wherever they waited and go',
  },
  client: {
    may: [...BASE, 'stream', 'packing/outgoing', 'packing/none/padding'],
    why: 'it puts outgoing requests on the wire; records and retries are unknown to it',
  },
  queue: {
    may: [...BASE, 'store', 'packing'],
    why: 'it says where records wait; who takes them, and what an answer means, is decided above',
  },
  request: {
    may: [...BASE, 'steps', 'packing', 'client', 'queue'],
    why: 'it sends what waits; what an answer means for records is decided above',
  },
  settling: {
    may: [...BASE, 'callbacks', 'stats', 'client', 'queue', 'request'],
    why: 'it decides what an answer means for records; when to send is not its business',
  },
  admission: {
    may: [...BASE, 'steps', 'spool', 'stats', 'queue'],
    why: 'it puts records into the queue, and on disk; how they leave it is unknown to it',
  },
  lifecycle: {
    may: [
      ...BASE,
      'steps',
      'callbacks',
      'stats',
      'stream',
      'queue',
      'request',
      'settling/settlement',
      'admission',
    ],
    why: 'it starts and stops the stages; answers, packs and clients are unknown to it',
  },
  'base-producer.ts': {
    may: [...BASE, 'callbacks', 'stats', 'steps', 'admission', 'lifecycle'],
    why: 'it checks arguments, for every producer; what it calls it is given',
  },
  'pipeline.ts': {
    may: [
      ...BASE,
      'callbacks',
      'spool',
      'stats',
      'steps',
      'store',
      'packing',
      'client',
      'stream',
      'queue',
      'settling',
      'request',
      'admission',
      'lifecycle',
      'base-producer.ts',
    ],
    why: 'it wires the parts, and only the producer uses it',
  },
  'producer.ts': {
    may: [...BASE, 'client', 'base-producer.ts', 'pipeline.ts'],
    why: 'it says what it is made of; every stage is reached through the pipeline',
  },
  decode: {
    may: ['errors', 'config/check', 'config/pack-limits', 'packing/kpl/kpl-format'],
    why: 'consumers load it without a producer',
  },
  prometheus: {
    may: ['errors', 'config', 'stats'],
    why: 'it reads the stats of any producer, also of one in another thread',
  },
  adapter: {
    may: [...BASE, 'spool/inspect', 'stats', 'client', 'base-producer.ts', 'producer.ts'],
    why: 'adapters use the producer as any user does, and share its rules',
  },
  worker: {
    may: [
      ...BASE,
      'callbacks',
      'stats',
      'steps',
      'store',
      'packing/create-packing',
      'client',
      'queue',
      'settling',
      'admission',
      'lifecycle',
      'pipeline.ts',
      'base-producer.ts',
      'adapter',
    ],
    why: 'it wires the parts anew, in two threads: how each does its work is unknown to it',
  },
  'index.ts': {
    may: [
      ...BASE,
      'spool/spool-types',
      'stats',
      'client',
      'base-producer.ts',
      'producer.ts',
      'adapter',
    ],
    why: 'only what users need is published',
  },
}

/** Single arrows against the table. One that nothing needs any more has to go. */
const EXCEPTIONS = [
  { from: 'config/options', to: 'time/clock', why: 'the type of the option `clock`' },
  { from: 'config/resolve', to: 'time/clock', why: 'the default of the option `clock`' },
  { from: 'config/options', to: 'stats/stats', why: 'the type that `statReceiver` receives' },
  { from: 'config/resolve', to: 'stats/stats', why: 'the type that `statReceiver` receives' },
  { from: 'callbacks/user-callbacks', to: 'stats/stats', why: 'the type a stat receiver gets' },
  { from: 'index', to: 'steps/state', why: 'the type of `state` is public' },
  { from: 'index', to: 'lifecycle/lifecycle', why: 'the results of flush and close are public' },
]

/** Packages that only some parts may import: the AWS SDK is replaceable where one part knows it. */
const EXTERNAL = [
  { name: '@aws-sdk/', may: ['client'] },
  { name: '@smithy/', may: ['client'] },
  { name: 'prom-client', may: ['prometheus'] },
]

/** What a file imports, also for its types: `{ specifier, line }`. */
const importsOf = file => {
  const code = readFileSync(file, 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, comment => comment.replaceAll(/[^\n]/g, ' '))
    .replaceAll(/^\s*\/\/.*$/gm, '')
  const pattern = /\b(?:from|import|require)\s*\(?\s*(['"])([^'"\n]+)\1/g
  return [...code.matchAll(pattern)].map(match => ({
    specifier: match[2],
    line: code.slice(0, match.index).split('\n').length,
  }))
}

const withoutEnding = path => path.replace(/\.(m|c)?[jt]s$/, '')
const partOf = path => (path.includes('/') ? path.split('/')[0] : `${withoutEnding(path)}.ts`)
const covers = (allowed, path) =>
  allowed === partOf(path) || allowed === withoutEnding(path) || path.startsWith(`${allowed}/`)

const violations = []
const complain = (file, line, to, why) => violations.push(`${file}:${line} -> ${to}: ${why}`)
const unused = new Set(EXCEPTIONS)

/** An import within the core. Paths are relative to its sources. */
const checkArrow = (from, to, line) => {
  const [source, target] = [partOf(from), partOf(to)]
  if (source === target) return
  const exception = EXCEPTIONS.find(
    known => known.from === withoutEnding(from) && known.to === withoutEnding(to),
  )
  if (exception !== undefined) return unused.delete(exception)
  const { may, why } = PARTS[source]
  if (may.some(allowed => covers(allowed, to))) return
  const only = may.length === 0 ? 'nothing' : `only ${may.join(', ')}`
  complain(`${CORE}/${from}`, line, `${CORE}/${to}`, `${source} may import ${only}: ${why}`)
}

/** The names by which a package's code may be imported by others. */
const publicEntries = new Map(
  readdirSync('packages').map(folder => {
    const { name, exports } = JSON.parse(readFileSync(`packages/${folder}/package.json`, 'utf8'))
    const entries = Object.keys(exports).filter(entry => !entry.includes('*'))
    return [name, new Set(entries.map(entry => name + entry.slice(1)))]
  }),
)
const packageOf = specifier =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

/** An import of anything else than a file beside the importing one. */
const checkPackage = (file, specifier, line) => {
  const entries = publicEntries.get(packageOf(specifier))
  if (entries !== undefined && !entries.has(specifier))
    complain(file, line, specifier, `public entries are ${[...entries].join(', ')}`)
  const owned = EXTERNAL.find(({ name }) => specifier.startsWith(name))
  if (owned === undefined || !file.startsWith(`${CORE}/`)) return
  const source = partOf(file.slice(CORE.length + 1))
  if (!owned.may.includes(source))
    complain(
      file,
      line,
      specifier,
      `in the core, only ${owned.may.join(', ')} may know ${owned.name}`,
    )
}

const checkFile = (file, home) => {
  for (const { specifier, line } of importsOf(file)) {
    if (!specifier.startsWith('.')) {
      checkPackage(file, specifier, line)
      continue
    }
    const target = posix.join(posix.dirname(file), specifier).replace(/\.(m?)js$/, '.$1ts')
    if (!target.startsWith(`${home}/`)) complain(file, line, target, `leaves ${home}`)
    else if (home === CORE)
      checkArrow(file.slice(home.length + 1), target.slice(home.length + 1), line)
  }
}

// The table itself: arrows point to what stands before, so that no two parts need each other.
const order = Object.keys(PARTS)
for (const [part, { may }] of Object.entries(PARTS)) {
  for (const allowed of may) {
    const to = order.includes(allowed) ? allowed : allowed.split('/')[0]
    if (!order.includes(to) || order.indexOf(to) >= order.indexOf(part))
      violations.push(
        `check-imports: ${part} -> ${allowed}, which does not stand before it in the table`,
      )
  }
}
for (const entry of readdirSync(CORE, { withFileTypes: true })) {
  const part = entry.isDirectory() ? entry.name : partOf(entry.name)
  if (!order.includes(part)) violations.push(`check-imports: the table lacks ${CORE}/${part}`)
}

if (violations.length === 0) {
  for (const folder of readdirSync('packages')) {
    const home = `packages/${folder}/src`
    for (const ending of ['.ts', '.mts'])
      for (const file of filesIn(home, ending)) checkFile(file, home)
  }
  // Examples show what users can write.
  for (const file of filesIn('examples', '.ts'))
    for (const { specifier, line } of importsOf(file)) checkPackage(file, specifier, line)
  for (const { from, to } of unused)
    violations.push(`check-imports: nothing needs the exception ${from} -> ${to} any more`)
}

for (const violation of violations) console.error(violation)
if (violations.length > 0) console.error(`check-imports: ${violations.length} wrong imports`)
process.exitCode = violations.length === 0 ? 0 : 1
