import assert from 'node:assert/strict'
import { gunzipSync } from 'node:zlib'
import { BatchProducer, type PackingConfig, RecordTooLargeError } from '@kinesis-producer/core'
import { decode } from '@kinesis-producer/core/decode'
import fc from 'fast-check'
import { textOf } from '../../support/core/fake-client.js'
import { assertLaw, createHarness, type Harness } from '../../support/core/harness.js'
import { oracleRead } from '../../support/core/kpl-oracle.js'
import { settle } from '../../support/core/test-clock.js'

const THROTTLED = 'ProvisionedThroughputExceededException'

const packed = (packing: PackingConfig, config: object = {}): Harness => {
  const harness = createHarness({
    batchSize: 10,
    flushInterval: 0,
    bufferSize: 100_000,
    packing,
    ...config,
  })
  harness.client.unpack = record => [...decode(record.Data)].map(one => textOfBytes(one.data))
  return harness
}
const textOfBytes = (data: Uint8Array): string => Buffer.from(data).toString('utf8')
const sent = ({ client }: Harness) => client.calls.flat()

describe('packing concat', () => {
  it('puts records of a key into one Kinesis record, each with its terminator', async () => {
    const harness = packed({ kind: 'concat' })
    const { producer } = harness
    producer.start()
    for (const text of ['a', 'b\n', 'ü', '']) await producer.add(text, 'k')
    await producer.add(Buffer.from('bytes\n'), 'k')
    await producer.add('other', 'l')
    await producer.drain()
    assert.deepEqual(
      sent(harness).map(record => [record.PartitionKey, textOf(record)]),
      [
        ['k', 'a\nb\nü\n\nbytes\n'],
        ['l', 'other\n'],
      ],
    )
  })

  it('joins without a terminator what needs none', async () => {
    const harness = packed({ kind: 'concat', terminator: '' })
    harness.producer.start()
    for (const byte of [1, 2, 3]) await harness.producer.add(Uint8Array.of(byte))
    await harness.producer.drain()
    assert.deepEqual(
      sent(harness).map(record => Buffer.from(record.Data).toString('hex')),
      ['010203'],
    )
  })

  it('knows a terminator of several bytes', async () => {
    const harness = packed({ kind: 'concat', terminator: Buffer.from('\r\n') })
    harness.producer.start()
    for (const text of ['a\r\n', 'b\n', '\n']) await harness.producer.add(text)
    await harness.producer.drain()
    assert.deepEqual(sent(harness).map(textOf), ['a\r\nb\n\r\n\n\r\n'])
  })

  it('cuts packs by bytes and by count, and sends a larger record alone', async () => {
    const bySize = packed({ kind: 'concat', maxBytes: 100 })
    bySize.producer.start()
    // 15 bytes of a generated key at most, 30 + 1 a record: two to a pack.
    for (let i = 0; i < 5; i++) await bySize.producer.add('x'.repeat(30))
    await bySize.producer.add('y'.repeat(500))
    await bySize.producer.add('z'.repeat(30))
    await bySize.producer.drain()
    assert.deepEqual(
      sent(bySize).map(record => record.Data.length),
      [62, 62, 31, 501, 31],
    )

    const byCount = packed({ kind: 'concat', maxRecords: 3 })
    byCount.producer.start()
    for (let i = 0; i < 7; i++) await byCount.producer.add(`${i}`)
    await byCount.producer.drain()
    assert.deepEqual(sent(byCount).map(textOf), ['0\n1\n2\n', '3\n4\n5\n', '6\n'])
  })

  it('keeps keys, hash keys and keyless records apart, whatever they look like', async () => {
    const harness = packed({ kind: 'concat' })
    const { producer } = harness
    producer.start()
    for (const round of [1, 2]) {
      await producer.add(`free${round}`)
      await producer.add(`a${round}`, 'k')
      await producer.add(`b${round}`, 'k', { explicitHashKey: '1' })
      await producer.add(`c${round}`, '1 k')
      await producer.add(`d${round}`, undefined, { explicitHashKey: '1' })
    }
    await producer.drain()
    assert.deepEqual(
      sent(harness).map(record => [textOf(record), record.ExplicitHashKey]),
      [
        ['free1\nfree2\n', undefined],
        ['a1\na2\n', undefined],
        ['b1\nb2\n', '1'],
        ['c1\nc2\n', undefined],
        ['d1\nd2\n', '1'],
      ],
    )
  })

  it('sends at the linger what has not filled a pack, and full packs at once', async () => {
    const harness = packed(
      { kind: 'concat', maxBytes: 1000 },
      { batchSize: 2, flushInterval: 1000 },
    )
    const { producer, client, clock } = harness
    producer.start()
    for (let i = 0; i < 10; i++) producer.tryAdd('x'.repeat(99))
    await settle()
    assert.equal(client.calls.length, 0)
    await clock.advance(1000)
    assert.equal(sent(harness).length, 2, 'one full, one not')
    for (let i = 0; i < 20; i++) producer.tryAdd('x'.repeat(99))
    await settle()
    assert.equal(sent(harness).length, 4, 'a request’s worth of full packs waits for nothing')
  })

  it('groups many keys although their records come mixed', async () => {
    const harness = packed({ kind: 'concat' }, { batchSize: 500, flushInterval: 1000 })
    const { producer, client } = harness
    producer.start()
    for (let i = 0; i < 10; i++)
      for (let key = 0; key < 1000; key++) producer.tryAdd(`${i}`, `k${key}`)
    await producer.drain()
    assert.deepEqual(client.sizes, [500, 500])
    assert.equal(producer.stats().kinesisRecords, 1000)
    assert.equal(client.stored.length, 10_000)
  })

  it('does not wait for more records when the buffer is full', async () => {
    const harness = packed({ kind: 'concat' }, { bufferSize: 10, whenFull: 'wait', batchSize: 5 })
    harness.producer.start()
    for (let i = 0; i < 35; i++) await harness.producer.add(`${i}`)
    assert.ok(harness.client.stored.length >= 25)
    await harness.producer.close()
    assert.equal(harness.client.stored.length, 35)
  })
})

describe('packing concat with gzip', () => {
  it('compresses each pack whole', async () => {
    const harness = packed({ kind: 'concat', compression: 'gzip' })
    const { producer } = harness
    producer.start()
    for (let i = 0; i < 100; i++) producer.tryAdd(`line ${i}`)
    // Compression happens outside of the injected time.
    const drained = producer.drain()
    const { sent: delivered } = await drained
    assert.equal(delivered, 100)
    const [record, ...others] = sent(harness)
    assert.deepEqual(others, [])
    const lines = gunzipSync(record?.Data ?? '').toString()
    assert.equal(lines, Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join(''))
  })

  it('never outgrows the largest record, whatever it is given', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 20 }),
        fc.constantFrom(3000, 5000),
        fc.constantFrom(1, 6, 9),
        async (records, maxRecordBytes, compressionLevel) => {
          const { producer, client } = packed(
            { kind: 'concat', compression: 'gzip', compressionLevel },
            { maxRecordBytes, logger: false },
          )
          producer.start()
          let admitted = 0
          for (const data of records) if (producer.tryAdd(data)) admitted++
          await producer.drain()
          assert.equal(producer.stats().delivered, admitted)
          for (const record of client.calls.flat())
            assert.ok(record.Data.length + record.PartitionKey.length <= maxRecordBytes)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('refuses at the door what could not be sent even alone', async () => {
    const { producer } = packed({ kind: 'concat', compression: 'gzip' }, { maxRecordBytes: 10_000 })
    producer.start()
    await assert.rejects(producer.add(Buffer.alloc(9990)), RecordTooLargeError)
    await producer.add(Buffer.alloc(9900))
    await producer.close()
  })
})

describe('packing kpl', () => {
  const record = fc.record(
    {
      // The other code takes an empty record for a broken one.
      data: fc.uint8Array({ minLength: 1, maxLength: 200 }),
      key: fc.option(fc.constantFrom('10', '2', 'x', '1', '__proto__', 'ключ', 'constructor'), {
        nil: undefined,
      }),
      hashKey: fc.option(fc.constantFrom('0', '7', '340282366920938463463374607431768211455'), {
        nil: undefined,
      }),
    },
    { requiredKeys: ['data'] },
  )

  it('writes what others read: any keys, any data', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 40 }), async records => {
        const { producer, client } = packed({ kind: 'kpl', maxBytes: 600 })
        producer.start()
        for (const { data, key, hashKey } of records)
          producer.tryAdd(data, key, { explicitHashKey: hashKey })
        await producer.drain()
        const read = client.calls.flat().flatMap(one =>
          oracleRead(one.Data, one.PartitionKey).map(user => ({
            data: user.data,
            partitionKey: user.partitionKey,
            outer: one.PartitionKey,
          })),
        )
        assert.equal(read.length, records.length)
        // Safe: each record is in a pack of its own key, so it lies where its key says.
        for (const { partitionKey, outer } of read) assert.equal(partitionKey, outer)
        const key = (data: string, of: string | undefined) => `${of ?? 'any'} ${data}`
        assert.deepEqual(
          read
            .map(one =>
              key(
                one.data,
                records.some(({ key: k }) => k === one.partitionKey) ? one.partitionKey : undefined,
              ),
            )
            .toSorted(),
          records.map(one => key(Buffer.from(one.data).toString('base64'), one.key)).toSorted(),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('sends a single record raw', async () => {
    const harness = packed({ kind: 'kpl' })
    harness.producer.start()
    await harness.producer.add('alone', 'k')
    await harness.producer.drain()
    assert.deepEqual(sent(harness).map(textOf), ['alone'])
  })

  it('has byte counts that are exact', async () => {
    const harness = packed({ kind: 'kpl', maxBytes: 10_000 })
    const { producer } = harness
    producer.start()
    for (let i = 0; i < 400; i++) producer.tryAdd('x'.repeat(90), 'key')
    await producer.drain()
    for (const { Data, PartitionKey } of sent(harness).slice(0, -1)) {
      const bytes = Data.length + PartitionKey.length
      // The next record would have taken 90 bytes and 6 around them.
      assert.ok(bytes <= 10_000 && bytes > 10_000 - 96, `${bytes}`)
    }
  })
})

describe('packing kpl by shard', () => {
  it('neither loses nor repeats without end where records land in no predictable shard', async () => {
    const harness = packed({ kind: 'kpl', groupBy: 'shard' })
    const { client, clock } = harness
    let listed = 0
    const answers = (command: object): object =>
      command.constructor.name === 'ListShardsCommand'
        ? { Shards: (listed++, [WHOLE_STREAM]) }
        : { StreamDescriptionSummary: {} }
    const asked = Object.assign(client, { send: async (command: object) => answers(command) })
    client.shardOf = () => 'shardId-000000000042'
    const producer = new BatchProducer(asked, 's', {
      clock,
      batchSize: 10,
      bufferSize: 10_000,
      flushInterval: 0,
      logger: false,
      packing: { kind: 'kpl', groupBy: 'shard' },
    })
    producer.start()
    await settle()
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 100; i++) producer.tryAdd(`${round} ${i}`, `k${i % 10}`)
      const drained = producer.drain(60_000)
      await clock.advance(60_000)
      assert.equal((await drained).remaining, 0)
    }
    assert.equal(producer.stats().delivered, 1000)
    assert.ok(client.stored.length <= 2000, `${client.stored.length} stored`)
    assert.ok(producer.stats().possibleDuplicates >= client.stored.length - 1000)
    assert.ok(listed <= 11, `asked for the shards ${listed} times`)
    await producer.close()
  })
})

describe('packing kpl without permissions', () => {
  const denied = Object.assign(new Error('not yours'), { name: 'AccessDeniedException' })

  it('warns that the stream could not be asked, and packs', async () => {
    const { client, clock, log } = createHarness()
    const asked = Object.assign(client, { send: () => Promise.reject(denied) })
    const producer = new BatchProducer(asked, 's', {
      clock,
      flushInterval: 0,
      packing: { kind: 'kpl' },
      logger: loggerInto(log),
    })
    producer.start()
    await settle()
    for (let i = 0; i < 10; i++) producer.tryAdd(`${i}`, 'k')
    await producer.close()
    assert.deepEqual(client.sizes, [1])
    assert.equal(
      log.filter(({ message }) => /DescribeStreamSummary\): .*not yours/.test(message)).length,
      1,
    )
  })

  it('packs by key until the shards can be listed, and asks again later and later', async () => {
    const { client, clock, log } = createHarness()
    let lists = 0
    let allowed = false
    const asked = Object.assign(client, {
      send: async (command: object) => {
        if (command.constructor.name !== 'ListShardsCommand') return {}
        lists++
        if (!allowed) throw denied
        return { Shards: [WHOLE_STREAM] }
      },
    })
    const producer = new BatchProducer(asked, 's', {
      clock,
      flushInterval: 0,
      packing: { kind: 'kpl', groupBy: 'shard' },
      logger: loggerInto(log),
    })
    const addTwoKeys = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) producer.tryAdd(`${i}`, `k${i % 2}`)
      await producer.drain()
    }
    producer.start()
    await settle()
    await addTwoKeys()
    assert.deepEqual(client.sizes, [2], 'a pack for each key')
    await clock.advance(10_000)
    assert.ok(lists >= 3 && lists <= 5, `${lists} lists in 10 s`)
    assert.equal(log.filter(({ message }) => message.includes('ListShards')).length, 1)
    allowed = true
    await clock.advance(60_000)
    await addTwoKeys()
    assert.deepEqual(client.sizes, [2, 1], 'one for both')
    await producer.close()
  })
})

const loggerInto = (log: Harness['log']) => {
  const write = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string) =>
    void log.push({ level, message })
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

const WHOLE_STREAM = {
  ShardId: 'shardId-000000000000',
  HashKeyRange: { StartingHashKey: '0', EndingHashKey: String((1n << 128n) - 1n) },
  SequenceNumberRange: { StartingSequenceNumber: '1' },
}

describe('user records inside packs', () => {
  for (const kind of ['concat', 'kpl'] as const) {
    it(`have receipts, attempts and drops of their own (${kind})`, async () => {
      const harness = packed({ kind }, { maxAttemptsPerRecord: 2 })
      const { producer, client, clock, dropped } = harness
      client.handler = request =>
        client.store(request, text =>
          text.includes('bad')
            ? 'InternalFailure'
            : client.calls.length === 1
              ? THROTTLED
              : undefined,
        )
      producer.start()
      const receipts = ['a', 'b', 'c'].map(text => producer.put(text, 'good'))
      const lost = ['bad1', 'bad2'].map(text => producer.put(text, 'evil').catch(error => error))
      const drained = producer.drain(60_000)
      await clock.advance(60_000)
      assert.equal((await drained).remaining, 0)
      for (const { attempts } of await Promise.all(receipts))
        assert.deepEqual(
          attempts.map(({ code }) => code),
          [THROTTLED, 'ok'],
        )
      const together = ['d', 'e'].map(text => producer.put(text, 'good'))
      await producer.drain()
      const [d, e] = await Promise.all(together)
      assert.equal(d?.sequenceNumber, e?.sequenceNumber)
      for (const error of await Promise.all(lost)) assert.equal(error.reason, 'maxAttempts')
      assert.deepEqual(new Set(dropped.map(({ record }) => record.data)), new Set(['bad1', 'bad2']))
      assertLaw(producer)
    })

    it(`keep the order of their key, several to a pack (${kind})`, async () => {
      const harness = packed({ kind, maxBytes: 400 }, { ordering: 'partitionKey' })
      const { producer, client, clock } = harness
      client.handler = request =>
        client.store(request, () => (client.calls.length % 3 === 1 ? THROTTLED : undefined))
      producer.start()
      for (let i = 0; i < 100; i++) for (const key of ['a', 'b']) producer.tryAdd(`${key}${i}`, key)
      const drained = producer.drain(600_000)
      await clock.advance(600_000)
      assert.equal((await drained).remaining, 0)
      for (const key of ['a', 'b'])
        assert.deepEqual(
          client.stored.filter(text => text.startsWith(key)),
          Array.from({ length: 100 }, (_, i) => `${key}${i}`),
        )
      assert.ok(client.calls.length < 60, `packs give throughput: ${client.calls.length} requests`)
    })
  }

  it('are bisected down to single records when their request is refused', async () => {
    const harness = packed({ kind: 'concat' })
    const { producer, client, clock, dropped } = harness
    client.handler = request => {
      if (request.Records.some(record => textOf(record).includes('poison')))
        throw Object.assign(new Error('no'), { name: 'ValidationException' })
      return client.store(request)
    }
    producer.start()
    for (let i = 0; i < 64; i++) producer.tryAdd(i === 41 ? 'poison' : `r${i}`)
    const drained = producer.drain(600_000)
    await clock.advance(600_000)
    await drained
    assert.deepEqual(
      dropped.map(({ record, reason }) => [record.data, reason]),
      [['poison', 'rejected']],
    )
    assert.equal(client.stored.length, 63)
  })

  it('are handed back one by one by close', async () => {
    const { producer, clock, client } = packed({ kind: 'concat' })
    client.handler = () => new Promise(() => {})
    producer.start()
    for (const text of ['a', 'b', 'c']) producer.tryAdd(text, 'k')
    const closing = producer.close(1000)
    await clock.advance(1000)
    const { leftover } = await closing
    assert.deepEqual(
      leftover.map(({ data, possiblyDelivered }) => [data, possiblyDelivered]),
      [
        ['a', true],
        ['b', true],
        ['c', true],
      ],
    )
  })
})

describe('options of packing', () => {
  const refused = (packing: unknown): string => {
    try {
      createHarness({ packing: packing as PackingConfig })
    } catch (error) {
      return String(error)
    }
    return 'accepted'
  }
  it('are refused with a sentence that names them', () => {
    assert.match(
      refused('concat'),
      /packing must be an object such as \{ kind: 'concat' \}, not "concat"/,
    )
    assert.match(refused({ kind: 'concat', terminater: '' }), /did you mean "terminator"/)
    assert.match(
      refused({ kind: 'concat', terminator: 1 }),
      /packing.terminator must be a string or bytes/,
    )
    assert.match(
      refused({ kind: 'concat', maxBytes: 2 ** 21 }),
      /packing.maxBytes must be between 64 and 1048576/,
    )
    assert.match(
      refused({ kind: 'concat', compression: 'zip' }),
      /packing.compression must be one of none, gzip/,
    )
    assert.match(refused({ kind: 'concat', compressionLevel: 3 }), /compressionLevel needs/)
    assert.match(
      refused({ kind: 'kpl', groupBy: 'key' }),
      /packing.groupBy must be one of partitionKey, shard/,
    )
    assert.match(
      refused({ kind: 'kpl', maxRecords: 0 }),
      /packing.maxRecords must be between 1 and 1000000/,
    )
  })
})
