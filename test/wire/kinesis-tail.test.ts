import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { BatchProducer, createKinesisClient, type PackingConfig } from '@kinesis-producer/core'
import { KinesisLogRecordExporter } from '@kinesis-producer/otel-exporter'
import {
  faults,
  type KinesisOptions,
  startKinesis,
  type TestKinesis,
} from '@kinesis-producer/testing'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { TEST_CREDENTIALS, testClient } from '../support/endpoint/index.js'
import { JumpingClock, runTail, type TailRun } from '../support/testing/tail.js'

const ESC = '\u001b'

describe('kinesis-tail', () => {
  let kinesis: TestKinesis
  let client: KinesisClient
  let clock: JumpingClock

  const start = async (options: KinesisOptions = {}): Promise<void> => {
    clock = new JumpingClock()
    kinesis = await startKinesis({ streams: { s: 1 }, now: () => clock.time, ...options })
    client = testClient(kinesis.endpoint)
  }
  afterEach(async () => {
    client.destroy()
    await kinesis.close()
  })
  const put = async (...lines: (string | Buffer)[]): Promise<void> => {
    const Records = lines.map((line, i) => ({ Data: Buffer.from(line), PartitionKey: `k${i}` }))
    await client.send(new PutRecordsCommand({ StreamName: 's', Records }))
  }
  const tail = (args: readonly string[] = [], run: TailRun = {}) =>
    runTail(client, ['s', '--since', 'start', ...args], { clock, ...run })
  const produce = async (packing: PackingConfig, lines: readonly string[]): Promise<void> => {
    const sender = createKinesisClient({
      region: 'us-east-1',
      endpoint: kinesis.endpoint,
      credentials: TEST_CREDENTIALS,
    })
    const producer = new BatchProducer(sender, 's', { packing, flushInterval: 50, logger: false })
    producer.start()
    // `kpl` packs when the stream has been described.
    await producer.put(lines[0] ?? '', 'key')
    await Promise.all(lines.slice(1).map(line => producer.put(line, 'key')))
    await producer.close()
    sender.destroy()
  }

  describe('takes apart', () => {
    beforeEach(() => start())

    for (const packing of [
      { kind: 'none' },
      { kind: 'concat' },
      { kind: 'concat', compression: 'gzip' },
      { kind: 'kpl' },
    ] as const)
      it(`what was packed as ${JSON.stringify(packing)}`, async () => {
        const lines = ['{"msg":"one"}', 'two ü', 'three']
        await produce(packing, lines)
        assert.equal((await tail()).out, `${lines.join('\n')}\n`)
      })

    for (const encoding of ['otlp-proto', 'otlp-json', 'json'] as const)
      it(`logs of the OpenTelemetry exporter in ${encoding}`, async () => {
        const provider = new LoggerProvider({
          processors: [
            new SimpleLogRecordProcessor({
              exporter: new KinesisLogRecordExporter({
                streamName: 's',
                region: 'us-east-1',
                endpoint: kinesis.endpoint,
                credentials: TEST_CREDENTIALS,
                encoding,
                flushInterval: 50,
              }),
            }),
          ],
        })
        const logger = provider.getLogger('test')
        logger.emit({
          body: 'bought',
          severityNumber: SeverityNumber.INFO,
          attributes: { user: 'u1' },
        })
        logger.emit({ body: 'failed', severityNumber: SeverityNumber.ERROR })
        await provider.shutdown()
        const { out } = await tail(['--pretty', '--level', 'error'])
        assert.match(out, /^\S+ s0 ERROR \S+ failed( \{.*\})?\n$/)
        assert.match((await tail(['--pretty'])).out, /INFO {2}\S+ bought \{.*"user":"u1"/)
      })

    it('OTLP as it is, without the exporter', async () => {
      await put(Buffer.from('0a00', 'hex'))
      assert.equal((await tail([], { otlp: false })).out, '\n\u0000\n')
    })

    it('what is no pack, though it looks like one, as it is', async () => {
      const odd = [
        Buffer.from([0xf3, 0x89, 0x9a, 0xc2, 1, 2]),
        Buffer.from([0x1f, 0x8b, 0]),
        '\nx',
        '',
      ]
      await put(...odd.slice(0, 3))
      const { out } = await tail(['--json'])
      const seen = out
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as Record<string, string>)
      assert.deepEqual(
        seen.map(({ base64, text }) => base64 ?? text),
        [
          Buffer.from(odd[0] ?? '').toString('base64'),
          Buffer.from(odd[1] ?? '').toString('base64'),
          '\nx',
        ],
      )
    })

    it('says what cannot be decoded as it was told', async () => {
      await put(gzipSync('cut off\n').subarray(0, -4), gzipSync('fine\n'))
      const { out, summary } = await tail(['--decode', 'concat', '--json'])
      assert.match(out.split('\n')[0] ?? '', /"corrupt":"the record cannot be decoded/)
      assert.match(out.split('\n')[1] ?? '', /"text":"fine"/)
      assert.match(summary, /1 could not be decoded/)
    })
  })

  describe('shows', () => {
    beforeEach(() => start({ streams: { s: 2 } }))

    it('nothing that a terminal would act on', async () => {
      const hostile = `${ESC}]0;title\u0007${ESC}[31mred\r\nnext\u009b2J\u202egnp.exe\tend`
      await put(hostile, Buffer.from([0xff, 0xfe, 0x1b]))
      for (const format of [[], ['--pretty'], ['--json']]) {
        const { out } = await tail(format, { isTerminal: true })
        assert.doesNotMatch(out, /[^\P{Cc}\n\t]|\p{Cf}/u)
        assert.equal(out.trim().split('\n').length, 2)
      }
      const lines = await tail([], { isTerminal: true })
      assert.match(lines.out, /\\u001b\]0;title\\u0007\\u001b\[31mred\\r\\nnext/)
      assert.match(lines.out, /<3 bytes: fffe1b>/)
      assert.ok((await tail()).out.includes(hostile), 'a file gets the bytes as they are')
    })

    it('objects for jq', async () => {
      await put('text')
      const { arrivedAt, sequenceNumber, ...line } = JSON.parse(
        (await tail(['--json'])).out,
      ) as Record<string, unknown>
      assert.deepEqual(line, {
        shardId: kinesis.records('s')[0]?.shardId,
        partitionKey: 'k0',
        subSequenceNumber: 0,
        text: 'text',
      })
      assert.equal(Date.parse(String(arrivedAt)), kinesis.records('s')[0]?.arrivedAt)
      assert.equal(sequenceNumber, kinesis.records('s')[0]?.sequenceNumber)
    })

    it('only what is asked for: key, shard, text, level', async () => {
      await put(
        '{"level":30,"msg":"info"}',
        '{"level":50,"msg":"error"}',
        '{"severity":"WARN","body":"w"}',
        'plain',
      )
      assert.equal((await tail(['--key', 'k3'])).out, 'plain\n')
      assert.equal((await tail(['--text', 'msg":"e'])).out, '{"level":50,"msg":"error"}\n')
      assert.deepEqual((await tail(['--level', 'warn'])).out.trim().split('\n').toSorted(), [
        '{"level":50,"msg":"error"}',
        '{"severity":"WARN","body":"w"}',
      ])
      const of = (shard: number): number =>
        kinesis.records('s').filter(({ shardId }) => shardId.endsWith(String(shard))).length
      for (const shard of [0, 1])
        assert.equal((await tail(['--shard', String(shard)])).out.split('\n').length - 1, of(shard))
      assert.match(
        (await tail(['--key', 'k3'])).summary,
        /^1 line shown of 4, 4 Kinesis records of \d+ bytes from 2 shards/,
      )
    })

    it('so many lines and no more', async () => {
      await put('a', 'b', 'c', 'd')
      const { out, summary } = await tail(['--limit', '3', '--follow'])
      assert.equal(out.split('\n').length - 1, 3)
      assert.match(summary, /^3 lines shown/)
    })

    it('what arrived between two times', async () => {
      await put('early')
      clock.time += 60_000
      await put('between')
      clock.time += 60_000
      await put('late')
      const { out } = await runTail(client, ['s', '--since', '90s', '--until', '30s'], { clock })
      assert.equal(out, 'between\n')
    })

    it('and ends quietly when nobody reads any more', async () => {
      await put('a', 'b', 'c')
      const { out } = await tail(['--follow'], { onWrite: () => false })
      assert.equal(out.split('\n').length - 1, 1)
    })
  })

  describe('follows', () => {
    it('from now on, through splits and merges, each key in its order', async () => {
      await start({ streams: { s: 2 }, limits: 'aws' })
      await put('before')
      const stop = new AbortController()
      const sent: string[] = []
      let round = 0
      const send = async (): Promise<void> => {
        const lines = Array.from({ length: 4 }, (_, i) => `k${i} ${round}`)
        sent.push(...lines)
        round++
        await put(...lines)
      }
      kinesis.on(async ({ operation, number }) => {
        // The endpoint is called while the tail waits: what happens then is what it has to notice.
        if (operation !== 'GetRecords' || number < 3) return undefined
        if (number === 4) await send()
        if (number === 6) kinesis.splitShard('s', 'shardId-000000000000')
        if (number === 7) await send()
        if (number === 12) kinesis.mergeShards('s', 'shardId-000000000003', 'shardId-000000000001')
        if (number === 13) await send()
        return undefined
      })
      const { out, summary, said } = await runTail(client, ['s'], {
        clock,
        signal: stop.signal,
        onWrite: written => {
          if (written.split('\n').length > 12) stop.abort()
        },
      })
      const lines = out.trim().split('\n')
      assert.deepEqual(lines.toSorted(), sent.toSorted())
      for (const key of ['k0', 'k1', 'k2', 'k3'])
        assert.deepEqual(
          lines.filter(line => line.startsWith(key)),
          [`${key} 0`, `${key} 1`, `${key} 2`],
        )
      assert.deepEqual(said, [], 'no read was throttled at five a second and shard')
      assert.match(summary, /^12 lines shown of 12/)
    })

    it('a shard slower than its limit, however much there is', async () => {
      await start({ limits: { recordsPerSecond: 1e9, bytesPerSecond: 1e9, readsPerSecond: 5 } })
      const lines = Array.from({ length: 500 }, (_, i) => `line ${i}`)
      for (let i = 0; i < 61; i++) await put(...lines)
      const times: number[] = []
      kinesis.on(({ operation }) => {
        if (operation === 'GetRecords') times.push(clock.time)
        return undefined
      })
      const { said, summary } = await tail()
      assert.match(summary, /^30500 lines shown/)
      assert.deepEqual(said, [])
      // 10000 records a read, and one that finds nothing.
      assert.equal(times.length, 5)
      for (const [i, time] of times.entries())
        assert.ok(i === 0 || time - (times[i - 1] ?? 0) >= 250, times.join())
    })

    it('goes on after an iterator expired, throttling and lost connections, without a line twice', async () => {
      await start()
      await put('a', 'b')
      const trouble = [
        faults.requestError('ExpiredIteratorException'),
        faults.requestError('ProvisionedThroughputExceededException'),
        faults.hangUp(),
        faults.requestError('InternalFailure'),
      ]
      kinesis.on(async ({ operation, number }) => {
        if (operation !== 'GetRecords') return undefined
        if (number === 2) await put('c')
        return number < 2 ? undefined : trouble.shift()
      })
      const { out, said, summary } = await tail()
      assert.equal(out, 'a\nb\nc\n')
      assert.equal(said.length, 1, said.join())
      assert.match(
        said[0] ?? '',
        /^shardId-000000000000: ProvisionedThroughputExceededException: .*; trying again$/,
      )
      assert.match(summary, /3 calls made again/)
    })

    it('fails at once where trying again is of no use', async () => {
      await start()
      await assert.rejects(runTail(client, ['other'], { clock }), {
        name: 'ResourceNotFoundException',
      })
      kinesis.on(({ operation }) =>
        operation === 'GetRecords' ? faults.requestError('AccessDeniedException') : undefined,
      )
      await assert.rejects(tail(['--follow']), { name: 'AccessDeniedException' })
    })
  })
})
