import assert from 'node:assert/strict'
import { Chunker } from '@kinesis-producer/otel-exporter/internal/encoding/chunker'
import type {
  LogChunk,
  LogEncoder,
} from '@kinesis-producer/otel-exporter/internal/encoding/encoder'
import fc from 'fast-check'
import { ENCODERS } from '../../support/otel/encode.js'
import { ORDINARY } from '../../support/otel/strange-logs.js'

/** An encoder, and how often a log was written with it. */
const counting = (encoder: LogEncoder): { encoder: LogEncoder; writes: () => number } => {
  let writes = 0
  return {
    writes: () => writes,
    encoder: {
      terminator: encoder.terminator,
      costs: encoder.costs,
      open: (...args): LogChunk => {
        const chunk = encoder.open(...args)
        const add = chunk.add.bind(chunk)
        chunk.add = log => {
          writes++
          return add(log)
        }
        return chunk
      },
    },
  }
}

const COUNT = 20_000
const list = <T>(of: (i: number) => T): T[] => Array.from({ length: COUNT }, (_, i) => of(i))
const SHAPES: Readonly<Record<string, (size: number) => unknown>> = {
  'a list of numbers': size => list(i => i * size),
  'a list of texts': size => list(i => `${i}`.repeat(size)),
  'a map': size => Object.fromEntries(list(i => [`key ${i}`, `${i}`.repeat(size)])),
  'a list of maps': size => list(i => ({ id: i, name: 'n'.repeat(size), tags: ['a', i] })),
  'lists of all lengths': size =>
    Array.from({ length: 200 }, (_, i) => Array.from({ length: i }, () => 'x'.repeat(size))),
}

describe('a log that is too large', () => {
  it('is written a few times at most until it fits, and fills most of a record', function () {
    this.timeout(60_000)
    fc.assert(
      fc.property(
        fc.constantFrom('otlp-proto', 'otlp-json', 'json'),
        fc.constantFrom(...Object.keys(SHAPES)),
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 20_000, max: 300_000 }),
        (encoding, shape, size, maxBytes) => {
          const { encoder, writes } = counting(ENCODERS[encoding]({}))
          let [bytes, isShortened] = [0, false]
          const chunker = new Chunker({
            encoder,
            maxBytes: () => maxBytes,
            oversize: 'truncate',
            full: ({ data }) => void (bytes = Buffer.byteLength(data)),
            shortened: () => void (isShortened = true),
            tooLarge: () => assert.fail('it does not fit'),
          })
          chunker.add({ ...ORDINARY, body: SHAPES[shape]?.(size) }, undefined)
          chunker.flush()
          assert.ok(bytes <= maxBytes)
          assert.ok(writes() <= 20, `${writes()} writes`)
          if (isShortened) assert.ok(bytes > maxBytes / 2, `${bytes} of ${maxBytes}`)
        },
      ),
      { numRuns: 40 },
    )
  })
})
