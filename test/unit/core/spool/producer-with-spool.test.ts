import assert from 'node:assert/strict'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import {
  BatchProducer,
  ConfigError,
  KeptOnDiskError,
  type ProducerConfig,
} from '@kinesis-producer/core'
import { FakeClient, type Handler } from '../../../support/core/fake-client.js'
import { createHarness, type Harness, texts } from '../../../support/core/harness.js'
import { filesBelow, SpoolDirectories, until } from '../../../support/core/spool-directory.js'

const down: Handler = () => {
  throw Object.assign(new Error('no connection'), { code: 'ECONNREFUSED' })
}

/** admitted + recovered = delivered + dropped + remaining */
const assertNothingMissing = ({ producer }: Harness): void => {
  const { admitted, delivered, dropped, remaining, spool } = producer.stats()
  assert.equal(admitted + (spool?.recovered ?? 0), delivered + dropped + remaining)
}

describe('BatchProducer with a spool', () => {
  const directories = new SpoolDirectories()
  const open: Harness[] = []
  after(() => directories.remove())
  afterEach(async () => {
    for (const harness of open.splice(0)) {
      await closeNow(harness)
    }
  })

  const start = async (
    directory: string,
    config: ProducerConfig = {},
    handler?: Handler,
  ): Promise<Harness> => {
    const harness = createHarness(
      { batchSize: 100, whenFull: 'reject', ...config, spool: { directory, ...config.spool } },
      handler,
    )
    open.push(harness)
    harness.producer.start()
    // What earlier owners left is known.
    const { spool } = harness.producer.stats()
    if (spool?.state === 'open') await harness.producer.drain(1)
    return harness
  }

  const closeNow = async (harness: Harness): Promise<void> => {
    const closing = harness.producer.close(1)
    await harness.clock.advance(1)
    await closing
  }

  /** Moves time on in small pieces, since the disk and sockets have their own. */
  const pass = async ({ clock }: Harness, ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 50) await clock.advance(Math.min(left, 50))
  }

  it('leaves nothing on disk when all is delivered', async () => {
    const directory = directories.make()
    const harness = await start(directory)
    for (const text of texts(250)) await harness.producer.add(text, text)
    const { leftover, kept } = await harness.producer.close()
    assert.deepEqual({ leftover, kept }, { leftover: [], kept: 0 })
    assert.deepEqual(readdirSync(directory), [])
    assert.deepEqual(harness.client.stored, texts(250))
  })

  it('has on disk what an awaited add was given', async () => {
    const directory = directories.make()
    const first = await start(directory, {}, down)
    for (const text of texts(50)) await first.producer.add(text, 'key')
    const next = await start(directories.asAfterKill(directory))
    await next.producer.drain()
    assert.deepEqual(next.client.stored, texts(50))
    assert.equal(next.producer.stats().spool?.recovered, 50)
    assertNothingMissing(next)
  })

  it('marks what may have been sent by a process that was killed', async () => {
    const directory = directories.make()
    const answers: (() => void)[] = []
    const first = await start(directory, { batchSize: 1 }, request => {
      const { client } = first
      return new Promise(resolve => answers.push(() => resolve(client.store(request))))
    })
    await first.producer.add('delivered', 'key')
    assert.equal(answers.length, 1)
    const next = await start(directories.asAfterKill(directory))
    await next.producer.drain()
    assert.deepEqual(next.client.stored, ['delivered'])
    assert.equal(next.producer.stats().possibleDuplicates, 1)
    for (const answer of answers) answer()
  })

  it('keeps what an outage does not let out, beyond memory, and sends it in its order', async () => {
    const directory = directories.make()
    const harness = await start(directory, { bufferSize: 300, batchSize: 100 }, down)
    for (const text of texts(5000)) await harness.producer.add(text, 'key')
    const { remaining, spool } = harness.producer.stats()
    assert.equal(remaining, 5000)
    assert.equal(spool?.recordsOnDiskOnly, 4700)
    harness.client.handler = request => harness.client.store(request)
    const drained = harness.producer.drain()
    await pass(harness, 5000)
    assert.equal((await drained).remaining, 0)
    assert.deepEqual(harness.client.stored, texts(5000))
    assert.equal(harness.producer.stats().possibleDuplicates, 0)
    assertNothingMissing(harness)
    await harness.producer.add('new', 'key')
    await harness.producer.drain()
    assert.equal(harness.client.stored.at(-1), 'new')
  })

  it('keeps on close what it could not deliver, and tells whoever awaits a receipt', async () => {
    const directory = directories.make()
    const first = await start(directory, { bufferSize: 100 }, down)
    const inMemory = first.producer.put('r0', 'key')
    inMemory.catch(() => {})
    for (const text of texts(200, 1)) await first.producer.add(text, 'key')
    const onDisk = first.producer.put('r201', 'key')
    onDisk.catch(() => {})
    const closing = first.producer.close(100)
    await pass(first, 200)
    assert.deepEqual(await closing, { sent: 0, leftover: [], kept: 202 })
    for (const put of [inMemory, onDisk])
      await assert.rejects(
        put,
        error => error instanceof KeptOnDiskError && error.code === 'KEPT_ON_DISK',
      )
    assert.deepEqual(first.dropped, [])
    assert.equal(first.producer.stats().remaining, 202)
    assertNothingMissing(first)
    const next = await start(directory)
    await next.producer.add('new', 'key')
    await next.producer.drain()
    assert.deepEqual(next.client.stored, [...texts(202), 'new'])
    // The first one knew that nothing was sent.
    assert.equal(next.producer.stats().possibleDuplicates, 0)
  })

  it('drops nothing at the end of await using that is on disk', async () => {
    const directory = directories.make()
    const harness = await start(directory, {}, down)
    await harness.producer.add('kept', 'key')
    const disposed = harness.producer[Symbol.asyncDispose]()
    await pass(harness, 31_000)
    await disposed
    assert.deepEqual(harness.dropped, [])
    assert.equal(harness.producer.stats().remaining, 1)
    const next = await start(directory)
    await next.producer.drain()
    assert.deepEqual(next.client.stored, ['kept'])
  })

  it('resolves the receipt of a record that was on disk alone', async () => {
    const harness = await start(directories.make(), { bufferSize: 100 }, down)
    for (const text of texts(150)) await harness.producer.add(text, 'key')
    const put = harness.producer.put('last', 'key')
    harness.client.handler = request => harness.client.store(request)
    await pass(harness, 5000)
    assert.equal((await put).possibleDuplicate, false)
  })

  it('keeps the order of each key through a kill and an outage', async () => {
    const directory = directories.make()
    const config: ProducerConfig = { ordering: 'partitionKey', bufferSize: 40, batchSize: 10 }
    const first = await start(directory, config, down)
    for (let i = 0; i < 300; i++) await first.producer.add(`${i % 7}:${i}`, `k${i % 7}`)
    const next = await start(directories.asAfterKill(directory), config)
    for (let i = 300; i < 400; i++) await next.producer.add(`${i % 7}:${i}`, `k${i % 7}`)
    const drained = next.producer.drain()
    await pass(next, 2000)
    await drained
    assert.equal(next.client.stored.length, 400)
    for (let key = 0; key < 7; key++) {
      const numbers = next.client.stored
        .filter(text => text.startsWith(`${key}:`))
        .map(text => Number(text.slice(2)))
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      )
    }
  })

  it('drops as expired what is too old by the wall clock, also after a restart', async () => {
    const directory = directories.make()
    const first = await start(directory, { recordTtl: 60_000 }, down)
    await first.producer.add('old', 'key')
    await closeNow(first)
    const { now } = Date
    Date.now = () => now() + 100_000
    try {
      const next = await start(directory, { recordTtl: 60_000 })
      await next.producer.add('young', 'key')
      await next.producer.drain()
      assert.deepEqual(next.client.stored, ['young'])
      assert.deepEqual(
        next.dropped.map(({ reason, record }) => [reason, record.data]),
        [['expired', 'old']],
      )
      assertNothingMissing(next)
      await next.producer.close()
      assert.deepEqual(filesBelow(directory, '.seg'), [])
    } finally {
      Date.now = now
    }
  })

  it('makes no record older when the clock was set back', async () => {
    const directory = directories.make()
    const first = await start(directory, {}, down)
    await first.producer.add('r0', 'key')
    await closeNow(first)
    const { now } = Date
    Date.now = () => now() - 10_000_000
    try {
      const next = await start(directory, { recordTtl: 60_000 })
      await pass(next, 3000)
      assert.deepEqual(next.client.stored, ['r0'])
      assert.deepEqual(next.dropped, [])
    } finally {
      Date.now = now
    }
  })

  it('drops as rejected what is too large by now, with its data', async () => {
    const directory = directories.make()
    const first = await start(directory, {}, down)
    await first.producer.add('x'.repeat(2000), 'key')
    await first.producer.add('fits', 'key')
    await closeNow(first)
    const next = await start(directory, { maxRecordBytes: 1000 })
    await next.producer.drain()
    assert.deepEqual(next.client.stored, ['fits'])
    assert.deepEqual(
      next.dropped.map(({ reason, record }) => [reason, record.data.length]),
      [['rejected', 2000]],
    )
    assertNothingMissing(next)
  })

  describe('when the disk is full', () => {
    const large = 'x'.repeat(100_000)
    const full = { bufferSize: 10, spool: { directory: '', maxBytes: 4 * 1024 * 1024 } }
    const fill = async (harness: Harness): Promise<number> => {
      let taken = 0
      while (harness.producer.tryAdd(large, 'key')) taken++
      assert.ok(taken > 30 && taken < 42, `${taken}`)
      await pass(harness, 50)
      return taken
    }
    const startFull = (config: ProducerConfig): Promise<Harness> => {
      const directory = directories.make()
      return start(
        directory,
        { ...full, ...config, maxRecordBytes: 200_000, spool: { ...full.spool, directory } },
        down,
      )
    }

    it('rejects', async () => {
      const harness = await startFull({ whenFull: 'reject' })
      const taken = await fill(harness)
      await assert.rejects(harness.producer.add(large, 'key'), /bytes are on disk/)
      assert.equal(harness.producer.stats().remaining, taken)
      assert.equal(harness.producer.stats().spool?.state, 'full')
    })

    it('waits until there is room', async () => {
      const harness = await startFull({ whenFull: 'wait' })
      const taken = await fill(harness)
      let isAdded = false
      const added = harness.producer.add(large, 'key')
      void added.finally(() => {
        isAdded = true
      })
      await pass(harness, 100)
      assert.equal(isAdded, false)
      harness.client.handler = request => harness.client.store(request)
      await pass(harness, 5000)
      await added
      await harness.producer.drain()
      assert.equal(harness.client.stored.length, taken + 1)
    })

    it('drops the oldest, until a segment is free', async () => {
      const harness = await startFull({ whenFull: 'dropOldest', bufferSize: 30 })
      // The first that does not fit makes the oldest go.
      for (let i = 0; i < 60; i++) assert.equal(harness.producer.tryAdd(large, `${i}`), true)
      await pass(harness, 50)
      const keys = harness.dropped.map(({ record }) => Number(record.partitionKey))
      assert.ok(keys.length >= 18 && keys.length < 30, `${keys.length}`)
      assert.deepEqual(
        keys,
        keys.map((_, i) => (keys[0] ?? 0) + i),
      )
      assertNothingMissing(harness)
    })

    it('drops the newest', async () => {
      const harness = await startFull({ whenFull: 'dropNewest' })
      let taken = 0
      for (let i = 0; i < 60; i++) {
        assert.equal(harness.producer.tryAdd(large, `${i}`), true)
        if (harness.producer.stats().dropped === 0) taken++
      }
      await pass(harness, 50)
      assert.equal(harness.dropped.length, 60 - taken)
      assertNothingMissing(harness)
    })
  })

  describe('when the disk cannot be written to', () => {
    it('goes on in memory, says so once, and hands back what is left', async () => {
      const directory = directories.make()
      writeFileSync(directory, 'a file')
      const harness = await start(directory, { bufferSize: 5 }, down)
      for (const text of texts(5)) await harness.producer.add(text, 'key')
      await assert.rejects(harness.producer.add('too much', 'key'), { code: 'BUFFER_FULL' })
      await pass(harness, 10_000)
      const told = harness.log.filter(({ message }) => message.includes('spool'))
      assert.equal(told.length, 1)
      assert.match(told[0]?.message ?? '', /kept in memory alone/)
      assert.equal(harness.producer.stats().spool?.state, 'failing')
      const closing = harness.producer.close(10)
      await pass(harness, 50)
      const { leftover, kept } = await closing
      assert.deepEqual(
        leftover.map(({ data }) => data),
        texts(5),
      )
      assert.equal(kept, 0)
    })

    it('uses the disk again by itself', async () => {
      const directory = directories.make()
      writeFileSync(directory, 'a file')
      const harness = await start(directory, {}, down)
      await harness.producer.add('in memory', 'key')
      rmSync(directory)
      await pass(harness, 2000)
      assert.equal(harness.producer.stats().spool?.state, 'open')
      await until(() => harness.producer.tryAdd('on disk', 'key'))
      await pass(harness, 50)
      const closing = harness.producer.close(10)
      await pass(harness, 50)
      const { leftover, kept } = await closing
      assert.deepEqual([leftover.length, kept], [1, 1])
    })
  })

  it('may be stopped and started again', async () => {
    const directory = directories.make()
    const harness = await start(directory, { bufferSize: 10 }, down)
    for (const text of texts(30)) await harness.producer.add(text, 'key')
    await harness.producer.stop()
    harness.client.handler = request => harness.client.store(request)
    harness.producer.start()
    await harness.producer.add('r30', 'key')
    const drained = harness.producer.drain()
    await pass(harness, 3000)
    assert.deepEqual(await drained, { sent: 31, remaining: 0 })
    assert.deepEqual(harness.client.stored, texts(31))
  })

  it('makes no file before it is started', async () => {
    const directory = directories.make()
    const producer = new BatchProducer(new FakeClient(), 's', { spool: { directory } })
    assert.equal(producer.stats().spool?.bytes, 0)
    await producer.close()
    assert.throws(() => readdirSync(directory), { code: 'ENOENT' })
  })

  it('refuses options that are wrong, naming them', () => {
    const make = (spool: unknown) => () =>
      Reflect.construct(BatchProducer, [new FakeClient(), 's', { spool }])
    const wrong: [unknown, RegExp][] = [
      ['/tmp', /spool must be an object/],
      [{}, /spool\.directory is missing/],
      [{ directory: '' }, /spool\.directory/],
      [{ directory: '/x', maxBytes: 1 }, /spool\.maxBytes must be at least 4194304/],
      [{ directory: '/x', fsync: 0 }, /spool\.fsync/],
      [{ directory: '/x', fsync: 'always' }, /spool\.fsync/],
      [{ directory: '/x', fsync: true }, /spool\.fsync/],
      [{ directory: '/x', path: '/y' }, /spool has no option "path"/],
    ]
    for (const [spool, message] of wrong)
      assert.throws(
        make(spool),
        error => error instanceof ConfigError && message.test(error.message),
      )
    assert.doesNotThrow(make(undefined))
    assert.doesNotThrow(make(null))
  })
})
