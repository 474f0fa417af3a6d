import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import {
  type KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  type PutRecordsCommandOutput,
  type PutRecordsRequestEntry,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import {
  createStream,
  defaultHandlerClient,
  type Emulator,
  type EmulatorOptions,
  entries,
  faults,
  readAll,
  startEmulator,
  startEmulatorProcess,
  testClient,
  waitForActive,
} from '../support/endpoint/index.js'

const MIB = 1024 * 1024
const THROTTLED = 'ProvisionedThroughputExceededException'

const big = (bytes: number, key: string): PutRecordsRequestEntry => ({
  Data: Buffer.alloc(bytes, key),
  PartitionKey: key,
})

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('the emulator', () => {
  let emulator: Emulator
  let client: KinesisClient
  let now = 0
  const clients: KinesisClient[] = []

  const start = async (options: EmulatorOptions = {}): Promise<void> => {
    emulator = await startEmulator({ now: () => now, ...options })
    client = testClient(emulator.endpoint)
    clients.push(client)
  }
  const put = (records: PutRecordsRequestEntry[], by = client): Promise<PutRecordsCommandOutput> =>
    by.send(new PutRecordsCommand({ StreamName: 's', Records: records }))
  const read = async (by = client): Promise<string[]> =>
    (await readAll(by, 's')).map(({ data }) => Buffer.from(data).toString())

  beforeEach(() => start())
  afterEach(async () => {
    for (const made of clients.splice(0)) made.destroy()
    await emulator.close()
  })

  it('gives back what was put', async () => {
    await createStream(client, 's', 3)
    const output = await put(entries(300))
    assert.equal(output.FailedRecordCount, 0)
    assert.equal(output.EncryptionType, 'NONE')
    const records = await readAll(client, 's')
    assert.deepEqual(
      new Map(
        records.map(({ sequenceNumber, shardId, partitionKey, data }) => [
          sequenceNumber,
          [shardId, partitionKey, Buffer.from(data).toString()],
        ]),
      ),
      new Map(
        (output.Records ?? []).map(({ SequenceNumber, ShardId }, i) => [
          SequenceNumber,
          [ShardId, `k${i}`, `r${i}`],
        ]),
      ),
    )
    assert.equal(emulator.counters.records, 300)
    assert.equal(emulator.counters.putRequests, 1)
  })

  it('reads more records than one page holds', async () => {
    emulator.setThrottle(false)
    await createStream(client, 's', 1)
    for (let i = 0; i < 21; i++) await put(entries(500, i * 500))
    assert.equal((await read()).length, 10_500)
  })

  it('speaks HTTP/2 to the handler the SDK takes by itself', async () => {
    const http2 = defaultHandlerClient(emulator.endpoint)
    clients.push(http2)
    await createStream(http2, 's', 1)
    await put(entries(500), http2)
    await put(entries(10, 500))
    assert.equal((await read(http2)).length, 510)
  })

  it('takes a stream by its ARN', async () => {
    await createStream(client, 's', 1)
    const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
    await client.send(new PutRecordsCommand({ StreamARN, Records: entries(2) }))
    await client.send(
      new PutRecordCommand({ StreamARN, Data: Buffer.from('one'), PartitionKey: 'k' }),
    )
    assert.equal((await client.send(new ListShardsCommand({ StreamARN }))).Shards?.length, 1)
    assert.deepEqual(await read(), ['r0', 'r1', 'one'])
  })

  it('throttles a shard beyond 1000 records a second, record by record', async () => {
    await createStream(client, 's', 1)
    await put(entries(500))
    await put(entries(400, 500))
    const output = await put(entries(500, 900))
    assert.equal(output.FailedRecordCount, 400)
    assert.equal(output.Records?.at(-1)?.ErrorCode, THROTTLED)
    assert.equal(
      output.Records.at(-1)?.ErrorMessage,
      'Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.',
    )
    assert.equal(emulator.counters.throttled, 400)
    now += 100
    assert.equal((await put(entries(500))).FailedRecordCount, 400)
    assert.equal((await read()).length, 1100)
  })

  it('throttles a shard beyond 1 MiB a second, and single puts too', async () => {
    await createStream(client, 's', 1)
    const output = await put([big(600_000, 'a'), big(600_000, 'b'), big(100, 'c')])
    assert.deepEqual(
      output.Records?.map(({ ErrorCode }) => ErrorCode),
      [undefined, THROTTLED, undefined],
    )
    const one = new PutRecordCommand({
      StreamName: 's',
      Data: Buffer.alloc(600_000),
      PartitionKey: 'k',
    })
    await assert.rejects(client.send(one), { name: THROTTLED })
    emulator.setThrottle(false)
    await client.send(one)
  })

  it('takes requests larger than kinesalite would, in order, and none over 10 MiB', async () => {
    emulator.setThrottle(false)
    await createStream(client, 's', 1)
    const records = Array.from({ length: 10 }, (_, i) => big(MIB - 1, String(i)))
    const output = await put(records.slice(0, 8))
    assert.equal(output.FailedRecordCount, 0)
    assert.equal(new Set(output.Records?.map(({ SequenceNumber }) => SequenceNumber)).size, 8)
    assert.deepEqual(
      (await readAll(client, 's')).map(({ partitionKey }) => partitionKey),
      ['0', '1', '2', '3', '4', '5', '6', '7'],
    )
    await put(records)
    await assert.rejects(put([...records, big(1, 'x')]), { name: 'InvalidArgumentException' })
  })

  it('refuses records over 1 MiB with their key, 501 records and empty keys', async () => {
    await createStream(client, 's', 1)
    await assert.rejects(put([big(MIB, 'k')]), {
      name: 'ValidationException',
      message: /records\.1\.member\.data/,
    })
    await assert.rejects(put(entries(501)), { name: 'ValidationException' })
    await assert.rejects(put([{ Data: Buffer.from('x'), PartitionKey: '' }]), {
      name: 'ValidationException',
    })
    await assert.rejects(put([]), { name: 'ValidationException' })
    assert.equal(emulator.counters.violations, 4)
  })

  it('knows no stream that was not created', async () => {
    await assert.rejects(put(entries(1)), { name: 'ResourceNotFoundException' })
  })

  it('lists only open shards when asked, and reads across resharding, parents first', async () => {
    await createStream(client, 's', 2)
    await put(entries(20))
    const half = String((1n << 126n) + 5n)
    await client.send(
      new SplitShardCommand({
        StreamName: 's',
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: half,
      }),
    )
    await waitForActive(client, 's')
    await put(entries(20, 20))
    await client.send(
      new MergeShardsCommand({
        StreamName: 's',
        ShardToMerge: 'shardId-000000000003',
        AdjacentShardToMerge: 'shardId-000000000001',
      }),
    )
    await waitForActive(client, 's')
    await put(entries(20, 40))
    const open = await client.send(
      new ListShardsCommand({ StreamName: 's', ShardFilter: { Type: 'AT_LATEST' } }),
    )
    assert.deepEqual(
      open.Shards?.map(({ ShardId }) => ShardId),
      ['shardId-000000000002', 'shardId-000000000004'],
    )
    assert.equal((await client.send(new ListShardsCommand({ StreamName: 's' }))).Shards?.length, 5)
    assert.deepEqual(
      (await read()).toSorted(),
      Array.from({ length: 60 }, (_, i) => `r${i}`).toSorted(),
    )
  })

  it('takes faults: errors, partial failures, lost responses', async () => {
    await createStream(client, 's', 1)
    emulator.setFault(faults.requestError('InternalFailure'))
    await assert.rejects(put(entries(1)), { name: 'InternalFailure' })
    emulator.setFault(faults.partial(({ text }) => text === 'r1', 'InternalFailure'))
    assert.equal((await put(entries(3))).FailedRecordCount, 1)
    emulator.setFault(faults.lostResponse())
    await assert.rejects(put(entries(1, 3)), { code: 'ECONNRESET' })
    emulator.setFault(faults.hangUp())
    await assert.rejects(put(entries(1, 4)), { code: 'ECONNRESET' })
    emulator.setFault(faults.poison(({ text }) => text === 'r5'))
    await assert.rejects(put(entries(1, 5)), { name: 'ValidationException' })
    emulator.setFault(undefined)
    await put(entries(1, 6))
    assert.deepEqual(await read(), ['r0', 'r2', 'r3', 'r6'])
  })

  it('closes with a request hanging', async () => {
    await createStream(client, 's', 1)
    emulator.setFault(faults.hang())
    const open = assert.rejects(put(entries(1)), { code: 'ECONNRESET' })
    await emulator.waitForRequests(1)
    await emulator.close()
    await open
  })

  describe('in a process of its own', () => {
    it('serves, obeys, and leaves no process behind', async () => {
      const child = await startEmulatorProcess({
        limits: { recordsPerSecond: 10, bytesPerSecond: 1_000_000 },
      })
      try {
        const remote = testClient(child.endpoint)
        clients.push(remote)
        await createStream(remote, 's', 1)
        assert.ok(((await put(entries(500), remote)).FailedRecordCount ?? 0) > 0)
        await child.setThrottle(false)
        assert.equal((await put(entries(500), remote)).FailedRecordCount, 0)
        await child.setFault(faults.requestError('AccessDeniedException'))
        await assert.rejects(put(entries(1), remote), { name: 'AccessDeniedException' })
        await child.setFault(undefined)
        await put(entries(1), remote)
        assert.equal((await child.counts())['putRequests'], 4)
        assert.ok(isAlive(child.pid))
      } finally {
        await child.stop()
      }
      assert.equal(isAlive(child.pid), false)
      await child.stop()
    })

    // The endpoint shares its parent's stderr: `close` comes when both have let go of that pipe.
    const parentThat = (then: string): ChildProcessByStdio<null, Readable, Readable> => {
      const kit = new URL('../support/endpoint/processes.js', import.meta.url).href
      const program = `
        import { startEmulatorProcess } from ${JSON.stringify(kit)}
        const child = await startEmulatorProcess()
        console.log(child.pid)
        ${then}`
      return spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    }

    it('ends by itself when its parent is killed', async () => {
      const parent = parentThat('setInterval(() => {}, 1000)')
      parent.stderr.resume()
      const closed = once(parent, 'close')
      const [line]: unknown[] = await once(parent.stdout, 'data')
      assert.ok(isAlive(Number(String(line))))
      parent.kill('SIGKILL')
      assert.deepEqual(await closed, [null, 'SIGKILL'])
    })

    it('does not keep alive a parent that forgot to stop it', async () => {
      const parent = parentThat('')
      parent.stderr.resume()
      parent.stdout.resume()
      assert.deepEqual(await once(parent, 'close'), [0, null])
    })
  })
})
