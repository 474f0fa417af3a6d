import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { OPTION_NAMES } from '@kinesis-producer/core'
import { type PinoKinesisOptions, pinoKinesis } from '@kinesis-producer/pino-transport'
import { LineSplitter } from '@kinesis-producer/pino-transport/internal/lines/line-splitter'
import { OWN_NAMES } from '@kinesis-producer/pino-transport/internal/options'
import { dataOf, parseLetter } from '@kinesis-producer/pino-transport/internal/undelivered/letter'
import fc from 'fast-check'
import { FakeClient, serviceError } from '../../support/core/fake-client.js'

/** Writes a text through the transport and ends it. */
const through = async (
  text: string | Buffer | readonly Buffer[],
  options: Partial<PinoKinesisOptions> = {},
  client: FakeClient = new FakeClient(),
) => {
  const events: { name: string; payload: Record<string, unknown> }[] = []
  const stream = pinoKinesis({ streamName: 's', client, logger: false, ...options })
  for (const name of ['kinesis:dropped', 'kinesis:stats'])
    stream.on(name, (payload: Record<string, unknown>) => events.push({ name, payload }))
  for (const part of Array.isArray(text) ? (text as Buffer[]) : [text]) stream.write(part)
  const closed = new Promise<void>(resolve => stream.once('close', resolve))
  stream.end()
  await closed
  const keys = client.calls.flat().map(({ PartitionKey }) => PartitionKey)
  const stats = events.findLast(({ name }) => name === 'kinesis:stats')?.payload ?? {}
  const dropped = events.filter(({ name }) => name === 'kinesis:dropped')
  return { lines: client.stored, keys, stats, dropped, calls: client.calls.flat() }
}
const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'pino-kinesis-')), 'dead.ndjson')

describe('lines on their way through the transport', () => {
  it('arrive byte for byte, across chunk borders, with or without a newline', async () => {
    const text = '{"msg":"ü😀"}\r\nno json\n\n{"a":1}'
    const bytes = Buffer.from(text)
    const parts = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
    const expected = ['{"msg":"ü😀"}', 'no json', '{"a":1}']
    assert.deepEqual(
      (await through(parts)).lines,
      expected.map(line => `${line}\n`),
    )
    assert.deepEqual((await through(text, { newline: false })).lines, expected)
  })

  it('go under a repaired key where the field is no text, and are counted', async () => {
    const warnings: string[] = []
    const nothing = (): void => {}
    const warn = (message: string): void => void warnings.push(message)
    const { keys, stats, lines } = await through(
      [
        String.raw`{"id":"a\ud83d"}`,
        String.raw`{"id":"\ude00\ud83d"}`,
        String.raw`{"id":"\ud83d\ude00"}`,
        JSON.stringify({ id: `${'k'.repeat(255)}😀` }),
      ].join('\n'),
      {
        partitionKeyField: 'id',
        logger: { debug: nothing, info: nothing, warn, error: warn },
      },
    )
    assert.deepEqual(keys, ['a\ufffd', '\ufffd\ufffd', '😀', 'k'.repeat(255)])
    assert.equal(lines.length, 4)
    assert.equal(stats['keysRepaired'], 2)
    assert.deepEqual(warnings.length, 1)
    assert.match(warnings[0] ?? '', /pino-transport: a partition key held half of a surrogate pair/)
  })

  it('share a record with packing concat, each with one newline', async () => {
    const { calls } = await through('{"a":1}\n{"a":2}\n', { packing: { kind: 'concat' } })
    assert.deepEqual(
      calls.map(({ Data }) => Buffer.from(Data).toString()),
      ['{"a":1}\n{"a":2}\n'],
    )
  })

  it('are left out below the lowest level, however the level is written', async () => {
    const at = (level: string): string => `{"level":${level},"msg":"x"}`
    const texts = [
      at('20'),
      at('30'),
      at('"warn"'),
      at('"DEBUG"'),
      '{"msg":"x","level":10}',
      'text',
      at('"?"'),
      '{}',
    ]
    const { lines, stats } = await through(`${texts.join('\n')}\n`, {
      minLevel: 'info',
      newline: false,
    })
    assert.deepEqual(lines, [at('30'), at('"warn"'), 'text', at('"?"'), '{}'])
    assert.equal(stats['filtered'], 3)
    assert.equal((await through(at('35'), { minLevel: 36 })).lines.length, 0)
  })

  it('get static fields at their front; their own fields win', async () => {
    const { lines } = await through('{"a":1}\n{}\n{ }\ntext\n{"app":"own"}', {
      fields: { app: 'shop', n: { x: 1 } },
      newline: false,
    })
    assert.deepEqual(lines.slice(0, 4), [
      '{"app":"shop","n":{"x":1},"a":1}',
      '{"app":"shop","n":{"x":1}}',
      '{"app":"shop","n":{"x":1} }',
      'text',
    ])
    assert.equal((JSON.parse(lines[4] ?? '') as { app: string }).app, 'own')
  })

  it('get their key from a field, a nested one, or none', async () => {
    const keysOf = async (field: string | string[], line: object) =>
      (await through(JSON.stringify(line), { partitionKeyField: field })).keys[0]
    assert.equal(await keysOf('user', { user: 'u1' }), 'u1')
    assert.equal(await keysOf('req.id', { req: { id: 7 } }), '7')
    assert.equal(await keysOf(['a.b'], { 'a.b': true }), 'true')
    assert.equal(await keysOf('long', { long: 'k'.repeat(300) }), 'k'.repeat(256))
    for (const line of [{}, { user: '' }, { user: null }, { user: { x: 1 } }, [1]])
      assert.match((await keysOf('user', line)) ?? '', /^[a-z0-9]+-\d+$/)
    const { keys, calls } = await through('a\nb\n', { partitionKey: 'one', explicitHashKey: '42' })
    assert.deepEqual(keys, ['one', 'one'])
    assert.deepEqual([...new Set(calls.map(({ ExplicitHashKey }) => ExplicitHashKey))], ['42'])
  })

  it('are cut to valid JSON with a mark when too large, by default', async () => {
    const line = JSON.stringify({
      level: 30,
      msg: 'm'.repeat(2_000_000),
      err: { stack: 'ü'.repeat(900_000) },
      id: 'x',
    })
    const { lines, stats, calls } = await through(`${line}\nsmall`, { partitionKey: 'k' })
    assert.equal(lines.length, 2)
    const cut = JSON.parse(lines[0] ?? '') as Record<string, unknown>
    assert.deepEqual([cut['level'], cut['id']], [30, 'x'])
    assert.deepEqual(cut['truncated'], { bytes: Buffer.byteLength(line), fields: ['msg', 'err'] })
    const size = calls[0]?.Data.length ?? 0
    assert.ok(size + 1 <= 1024 * 1024 && size > 1_040_000, `${size} bytes`)
    assert.equal(stats['truncated'], 1)
  })

  it('are dropped or kept as dead letters when too large, by option, and counted', async () => {
    const line = 'x'.repeat(1_100_000)
    const { lines, dropped } = await through(`${line}\nsmall`, { oversize: 'drop' })
    assert.deepEqual(lines, ['small\n'])
    assert.deepEqual(dropped[0]?.payload['reasons'], { tooLarge: 1 })
    const deadLetterFile = fresh()
    await through(`${line}\n`, { oversize: 'deadLetter', deadLetterFile })
    const letter = JSON.parse(readFileSync(deadLetterFile, 'utf8')) as Record<string, unknown>
    assert.equal(letter['data'], `${line}\n`)
    assert.equal(letter['reason'], 'tooLarge')
  })

  it('that are no UTF-8 go on as they are, with fields, cut or kept', async () => {
    const latin1 = Buffer.from('{"m":"\xe9"}\n\xff\n', 'latin1')
    const bytes = async (text: Buffer, options: Partial<PinoKinesisOptions>): Promise<string[]> =>
      (await through(text, options)).calls.map(({ Data }) => Buffer.from(Data).toString('latin1'))
    assert.deepEqual(await bytes(latin1, {}), ['{"m":"\xe9"}\n', '\xff\n'])
    assert.deepEqual(await bytes(latin1, { fields: { a: 1 }, newline: false }), [
      '{"a":1,"m":"\xe9"}',
      '\xff',
    ])
    const long = Buffer.from(`{"m":"${'\xe9'.repeat(3000)}","n":"\xe9"}\n`, 'latin1')
    const [cut = ''] = await bytes(long, { maxRecordBytes: 1500 })
    assert.match(
      cut,
      /^\{"m":"\xe9{900,}","n":"\xe9","truncated":\{"bytes":3016,"fields":\["m"\]\}\}\n$/,
    )
    const deadLetterFile = fresh()
    await through(long, { maxRecordBytes: 1500, oversize: 'deadLetter', deadLetterFile })
    const letter = parseLetter(readFileSync(deadLetterFile, 'utf8'))
    assert.deepEqual(letter && dataOf(letter), long)
  })

  it('that do not fit for what the packing and the key add are cut, dropped or kept, too', async () => {
    const line = (bytes: number): string => `{"m":"${'x'.repeat(bytes - 8)}"}`
    const packings = [
      { kind: 'none' },
      { kind: 'concat' },
      { kind: 'concat', compression: 'gzip' },
      { kind: 'kpl' },
    ] as const
    const sizes = Array.from({ length: 420 }, (_, i) => 3700 + i)
    const text = sizes.map(size => `${line(size)}\n`).join('')
    for (const packing of packings)
      for (const partitionKey of [undefined, 'k'.repeat(200)]) {
        const options = { packing, partitionKey, maxRecordBytes: 4096 }
        const cut = (await through(text, options)).stats
        assert.deepEqual([cut['lost'], cut['delivered']], [0, sizes.length], packing.kind)
        const less = (await through(text, { ...options, oversize: 'drop' })).stats
        assert.equal(less['lost'], cut['truncated'], packing.kind)
        assert.ok(Number(less['lost']) > 0 && Number(less['delivered']) > 0)
      }
  })

  it('are lost whole, as too large, when not even the cut line fits', async () => {
    const deadLetterFile = fresh()
    const line = JSON.stringify({ level: 30, msg: 'x'.repeat(500) })
    const { lines, dropped, stats } = await through(`${line}\n`, {
      maxRecordBytes: 30,
      deadLetterFile,
      explicitHashKey: '7',
    })
    assert.deepEqual(lines, [])
    assert.deepEqual(dropped[0]?.payload['reasons'], { tooLarge: 1 })
    assert.deepEqual([stats['lost'], stats['truncated'], stats['refused']], [1, 0, 0])
    const letter = JSON.parse(readFileSync(deadLetterFile, 'utf8')) as Record<string, unknown>
    assert.deepEqual([letter['data'], letter['explicitHashKey']], [`${line}\n`, '7'])
  })

  it('are told, counted and kept when the producer has no capacity and is to refuse', async () => {
    const deadLetterFile = fresh()
    const { lines, dropped, stats } = await through('1\n2\n3\n4\n', {
      whenFull: 'reject',
      bufferSize: 3,
      deadLetterFile,
    })
    assert.deepEqual(lines, ['1\n', '2\n', '3\n'])
    assert.deepEqual(dropped[0]?.payload['reasons'], { bufferFull: 1 })
    assert.deepEqual([stats['lost'], stats['deadLettered']], [1, 1])
    assert.match(readFileSync(deadLetterFile, 'utf8'), /"data":"4\\n"/)
  })

  it('that fail by themselves are tried for ten minutes, by default not ten times', async () => {
    const client = new FakeClient()
    let tries = 0
    client.handler = request =>
      client.store(request, text =>
        text === 'a\n' && ++tries <= 12 ? 'InternalFailure' : undefined,
      )
    const { lines } = await through('a\nb\n', { random: () => 0 }, client)
    assert.deepEqual(lines, ['b\n', 'a\n'])
    tries = 0
    const few = await through('a\n', { random: () => 0, maxAttemptsPerRecord: 3 }, client)
    assert.deepEqual(few.dropped[0]?.payload['reasons'], { maxAttempts: 1 })
  })

  it('are the same wherever the input is cut into chunks', async () => {
    const piece = fc.constantFrom('a', 'ü', '😀', '\n', '\r', '\r\n', '{"a":1}')
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 40 }),
        fc.array(fc.nat(100), { maxLength: 8 }),
        fc.boolean(),
        async (pieces, cuts, newline) => {
          const text = pieces.join('')
          const bytes = Buffer.from(text)
          const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
          const chunks = at.map((start, i) => bytes.subarray(start, at[i + 1] ?? bytes.length))
          const { lines } = await through(chunks, { newline })
          const expected = `${text}\n`.split(/\r?\n/).filter(line => line !== '')
          assert.deepEqual(
            lines,
            expected.map(line => (newline ? `${line}\n` : line)),
          )
        },
      ),
      { numRuns: 300 },
    )
  })

  for (const newline of ['', '\n'] as const)
    for (const end of ['', '\n', '\r\n'])
      it(`are whole when they are long, ending in ${JSON.stringify(end)}, with ${JSON.stringify(newline)}`, () => {
        const long = `${'ü'.repeat(2 ** 19)}!`
        const bytes = Buffer.from(`a\n${long}${end}${end === '' ? '' : 'b'}`)
        for (const size of [bytes.length, 65_536, 1_048_580]) {
          const lines: string[] = []
          const splitter = new LineSplitter(newline, (line, missing) => {
            assert.equal(missing, 0)
            lines.push(line.toString())
          })
          for (let at = 0; at < bytes.length; at += size)
            splitter.write(bytes.subarray(at, at + size))
          splitter.end()
          const expected = ['a', long, ...(end === '' ? [] : ['b'])]
          assert.ok(lines.join('|') === expected.map(line => line + newline).join('|'), `${size}`)
        }
      })

  it('keep no more memory than their own while they wait', async () => {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    assert.ok(typeof collect === 'function')
    for (const newline of [true, false]) {
      const client = new FakeClient(() => new Promise(() => {}))
      const options = { streamName: 's', client, newline, minLevel: 30, closeTimeout: 1 }
      const stream = pinoKinesis({ ...options, logger: false, statsInterval: 0 })
      const used = async (): Promise<number> => {
        // Node 24 frees buffers a little after their collection.
        for (let i = 0; i < 5; i++) {
          collect()
          await new Promise(setImmediate)
        }
        const { heapUsed, external } = process.memoryUsage()
        return heapUsed + external
      }
      const before = await used()
      for (let chunk = 0; chunk < 100; chunk++) {
        const line = (level: number): string => `{"level":${level},"msg":"${'x'.repeat(280)}"}\n`
        stream.write(line(10).repeat(2999) + line(30))
        await new Promise(setImmediate)
      }
      const kept = (await used()) - before
      assert.ok(kept < 20_000_000, `${kept} bytes for 100 lines of ${100 * 3000}`)
      await new Promise(resolve => stream.once('close', resolve).end())
    }
  })

  it('may be 64 MiB long, in small pieces; of a longer one that much is read', async () => {
    const piece = Buffer.alloc(65_536, 'x')
    const pieces = [...Array.from({ length: 1100 }, () => piece), Buffer.from('\nnext\n')]
    const { lines } = await through(pieces)
    assert.equal(lines.length, 2)
    const { truncated } = JSON.parse(lines[0] ?? '') as { truncated: { bytes: number } }
    assert.equal(truncated.bytes, 1100 * 65_536, 'its true size')
    assert.equal(lines[1], 'next\n')
  })

  it('never stall for a line of 20 MB', async () => {
    const { lines } = await through(`{"msg":"${'y'.repeat(20_000_000)}"}\nnext`)
    assert.equal(lines.length, 2)
    assert.equal(lines[1], 'next\n')
  })
})

describe('the dead letter file', () => {
  const dead = (): FakeClient =>
    new FakeClient(() => {
      throw serviceError('AccessDeniedException')
    })
  const text = Array.from({ length: 1000 }, (_, i) => `{"i":${i}}\n`).join('')

  it('holds what was not delivered, with reason and time', async () => {
    const deadLetterFile = fresh()
    const { stats } = await through(
      text,
      { deadLetterFile, closeTimeout: 50, bufferSize: 500 },
      dead(),
    )
    const letters = readFileSync(deadLetterFile, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { data: string; reason: string; time: string })
    assert.deepEqual(letters.map(({ data }) => data).toSorted(), text.match(/.*\n/g)?.toSorted())
    assert.deepEqual([...new Set(letters.map(({ reason }) => reason))].toSorted(), [
      'bufferFull',
      'closed',
    ])
    assert.ok(letters.every(({ time }) => /^\d{4}-\d\d-\d\dT/.test(time)))
    assert.equal(stats['deadLettered'], 1000)
  })

  it('stops at its size, counts the rest as lost, and never throws when the disk is gone', async () => {
    const warnings: string[] = []
    const warn = (message: string): void => void warnings.push(message)
    const logger = { debug: () => {}, info: () => {}, warn, error: warn }
    const small = fresh()
    const one = await through(
      text,
      { deadLetterFile: small, deadLetterMaxBytes: 5000, closeTimeout: 50, logger },
      dead(),
    )
    assert.ok(statSync(small).size <= 5000)
    assert.ok(Number(one.stats['deadLettered']) < 100)
    const gone = fresh()
    const client = new FakeClient(() => {
      rmSync(join(gone, '..'), { recursive: true, force: true })
      throw serviceError('AccessDeniedException')
    })
    const two = await through(text, { deadLetterFile: gone, closeTimeout: 50, logger }, client)
    assert.equal(two.stats['deadLettered'], 0)
    assert.equal(existsSync(gone), false)
    assert.ok(
      warnings.some(message =>
        /dead letters are lost: .* has reached deadLetterMaxBytes/.test(message),
      ),
    )
    assert.ok(warnings.some(message => /dead letters are lost: .*ENOENT/.test(message)))
  })
})

describe('onDrop of the transport', () => {
  it('may return a promise, which the end waits for; what it rejects with is logged', async () => {
    const client = new FakeClient(request => client.store(request, () => 'ValidationException'))
    const messages: string[] = []
    const note = (message: string): void => void messages.push(message)
    let finished = false
    const { dropped } = await through(
      'x\n',
      {
        logger: { debug: () => {}, info: () => {}, warn: note, error: note },
        onDrop: async () => {
          await new Promise(resolve => setImmediate(resolve))
          finished = true
          throw new Error('mine')
        },
      },
      client,
    )
    assert.equal(finished, true)
    assert.deepEqual(dropped[0]?.payload['reasons'], { rejected: 1 })
    assert.ok(
      messages.some(message => /onDrop.*mine/.test(message)),
      messages.join('\n'),
    )
  })
})

describe('options of the transport', () => {
  it('are not given when they are undefined or null', async () => {
    const names = [...OWN_NAMES, ...OPTION_NAMES]
    for (const absent of [undefined, null]) {
      const options = Object.fromEntries(names.map(name => [name, absent]))
      const { lines } = await through('x', { ...options, logger: false })
      assert.deepEqual(lines, ['x\n'])
    }
  })

  it('are refused in one sentence that names them', () => {
    for (const [options, message] of [
      [{ newline: 'no' }, /newline must be true or false/],
      [{ fields: [] }, /fields must be an object/],
      [{ oversize: 'keep' }, /oversize must be one of truncate, drop, deadLetter/],
      [{ oversize: 'deadLetter' }, /oversize deadLetter needs deadLetterFile/],
      [{ newline: false, packing: { kind: 'concat' } }, /set packing.terminator/],
      [{ partitionKey: 'a', partitionKeyField: 'b' }, /not both/],
      [{ partitionKey: 'k\ud83d' }, /partitionKey must be well-formed text/],
      [{ partitionKey: '' }, /partitionKey must be a string of 1 to 256 characters/],
      [{ partitionKeyField: 'a..b' }, /partitionKeyField must be/],
      [{ explicitHashKey: '-1' }, /explicitHashKey must be a decimal number below 2\^128/],
      [{ minLevel: 'loud' }, /minLevel must be a number or one of trace, debug/],
      [{ statsInterval: -1 }, /statsInterval must be a whole number/],
      [
        { closeTimeout: -1 },
        /closeTimeout must be a number of milliseconds from 0 on, or Infinity/,
      ],
      [{ flushTimeout: Number.NaN }, /flushTimeout must be .*, not NaN/],
      [{ levels: { notice: '35' } }, /levels.notice must be a number, not "35"/],
      [{ deadLetterMaxBytes: 0 }, /deadLetterMaxBytes must be at least 1, not 0/],
      [{ fields: { big: 1n } }, /fields must be what JSON can hold/],
      [{ onDrop: 5 }, /pino-transport: onDrop must be a function, not 5/],
      [{ logger: {} }, /pino-transport: logger must have the method debug/],
      [{ partitionKey: { secret: 1 } }, /partitionKey must be .*, not an object$/],
      [{ partitionKeyField: ['a', 5] }, /partitionKeyField must be .*, not an array$/],
      [{ closeTimout: 5 }, /no option "closeTimout"; did you mean "closeTimeout"/],
      [{ deadLetterFile: join(tmpdir(), 'no', 'such', 'place') }, /ENOENT/],
    ] as [object, RegExp][])
      assert.throws(
        () => pinoKinesis({ streamName: 's', client: new FakeClient(), ...options }),
        message,
      )
  })
})
