import assert from 'node:assert/strict'
import { fieldsIn } from '@kinesis-producer/pino-transport/internal/lines/json-fields'
import fc from 'fast-check'

/** Names and values as the table has them; undefined if it has none. */
const scanned = (text: string): [unknown, unknown][] | undefined => {
  const bytes = Buffer.from(text)
  const fields = fieldsIn(bytes)
  if (fields === undefined) return undefined
  const json = (start: number, end: number): unknown =>
    JSON.parse(bytes.toString('utf8', start, end))
  return Array.from({ length: fields.count }, (_, i) => [
    json(fields.start(i), fields.nameEnd(i)),
    json(fields.valueStart(i), fields.end(i)),
  ])
}

/** The same by JSON.parse, of which no object is wanted that has a name twice. */
const parsed = (text: string): [unknown, unknown][] | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value)
      : undefined
  } catch {
    return undefined
  }
}

/** A name before each, so that none is a number, which would come first, or `__proto__`. */
const objects = fc
  .tuple(
    fc.dictionary(
      fc.string({ unit: 'binary' }).map(name => `n${name}`),
      fc.jsonValue(),
      { maxKeys: 6 },
    ),
    fc.nat(2),
  )
  .map(([value, indent]) => JSON.stringify(value, null, indent))

describe('fieldsIn', () => {
  it('finds the fields of any object', () => {
    fc.assert(
      fc.property(objects, text => {
        assert.deepEqual(scanned(text), parsed(text))
      }),
      { numRuns: 500 },
    )
  })

  it('takes what JSON.parse takes, and nothing else, of texts that are nearly JSON', () => {
    const pieces =
      '" \\ \\u12 { } [ ] , : \t \u0001 - 0 01 1. .5 e E+ true nul 1e5 -0 \u2028 {} [] "a":1, \\x \\" ü'
    const piece = fc.constantFrom(' ', ...pieces.split(' '))
    const changed = fc.tuple(objects, fc.nat(), fc.nat(3), piece).map(([text, at, less, more]) => {
      const start = at % text.length
      return text.slice(0, start) + more + text.slice(start + less)
    })
    fc.assert(
      fc.property(changed, text => {
        assert.equal(scanned(text) === undefined, parsed(text) === undefined, text)
      }),
      { numRuns: 3000 },
    )
  })

  for (const [text, isObject] of [
    ['{}', true],
    [' {\t} \r\n', true],
    ['{} x', false],
    ['[]', false],
    ['{"a":1,}', false],
    ['{"a" : -1.5e-3}', true],
    ['{"a":-}', false],
    ['{"a":1e}', false],
    ['{"a":00}', false],
    ['{"a":[1,{"b":[]},"]"]}', true],
    ['{"a":[1,]}', false],
    ['{"a":[1}}', false],
    ['{"a":{"b"}}', false],
    ['{"a":"\\ud83d"}', true],
    ['{"a":"\\u00g0"}', false],
    ['{"a":"\n"}', false],
    ['{"a":"', false],
    ['{"a":tru', false],
    ['{a:1}', false],
    [`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, true],
  ] as const)
    it(`${isObject ? 'takes' : 'refuses'} ${JSON.stringify(text.slice(0, 30))}`, () => {
      assert.equal(fieldsIn(Buffer.from(text)) !== undefined, isObject)
    })
})
