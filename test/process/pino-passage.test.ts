import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import {
  createKinesisTransport,
  flushTransport,
  KinesisTransport,
  type KinesisTransportHelperOptions,
  type PinoKinesisOptions,
} from '@kinesis-producer/pino-transport/main'
import pino from 'pino'
import { type FakeKinesis, faults, startFakeKinesis } from '../support/endpoint/index.js'
import { ODD_TIMEOUTS } from '../support/odd-timeouts.js'

const STEP = new URL('./fixtures/pino-slow-step.js', import.meta.url)
const FRAIL = new URL('./fixtures/pino-step.js', import.meta.url)
const CONFIGURED = new URL('./fixtures/pino-config-target.js', import.meta.url)
const TARGET = '@kinesis-producer/pino-transport'
const NULL_FILE: pino.TransportTargetOptions = {
  target: 'pino/file',
  options: { destination: '/dev/null' },
}
const step = (kind: string, ms?: number): pino.TransportTargetOptions => ({
  target: STEP.href,
  options: { kind, ms },
})

describe('lines on their way through the worker', () => {
  let fake: FakeKinesis
  let helpers: KinesisTransport[]
  let options: PinoKinesisOptions
  beforeEach(async () => {
    helpers = []
    fake = await startFakeKinesis({ streams: { s: 4 } })
    options = {
      streamName: 's',
      region: 'us-east-1',
      endpoint: fake.endpoint,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      flushInterval: 50,
    }
  })
  afterEach(async () => {
    await Promise.all(helpers.map(helper => helper.close(100)))
    await fake.close()
  })
  const make = (helper?: KinesisTransportHelperOptions, more?: PinoKinesisOptions) => {
    const made = createKinesisTransport({ ...options, ...more }, helper)
    helpers.push(made)
    return made
  }
  const messages = (): string[] =>
    fake
      .texts('s')
      .map(text => (JSON.parse(text) as { msg: string }).msg)
      .toSorted((a, b) => a.localeCompare(b))

  for (const kind of ['slow', 'early', 'generator'])
    it(`a flush waits for a step that takes its time: ${kind}`, async () => {
      const kinesis = make({ pipeline: [step('sync'), step(kind)] })
      const logger = pino(kinesis)
      for (let i = 0; i < 50; i++) logger.info({ i }, 'x')
      const { delivered, remaining } = await kinesis.flush()
      assert.deepEqual([delivered, remaining, fake.texts('s').length], [50, 0, 50])
    })

  it('a flush with its time over says what is still in a step', async () => {
    const kinesis = make({ pipeline: [step('generator', 3000)] })
    await kinesis.flush()
    pino(kinesis).info('x')
    const { delivered, remaining } = await kinesis.flush(200)
    assert.deepEqual([delivered, remaining], [0, 1])
    assert.deepEqual((await kinesis.close()).delivered, 1)
  })

  it('a close ends the steps, and counts what they kept', async () => {
    const kinesis = make({ pipeline: [step('early'), step('filter')] })
    const logger = pino(kinesis)
    for (const message of ['a', 'noise', 'b', 'noise']) logger.info(message)
    const { delivered, filtered, remaining, dropped } = await kinesis.close()
    assert.deepEqual([delivered, filtered, remaining, dropped], [2, 2, 0, 0])
    assert.deepEqual(messages(), ['a', 'b'])
  })

  for (const [kind, expected] of [
    ['sync', true],
    ['filter', false],
  ] as const)
    it(`of a plain pipeline it is known only where lines can be counted: ${kind}`, async () => {
      const stream = pino.transport({
        pipeline: [step(kind), { target: TARGET, options: { ...options } }],
      })
      const logger = pino(stream)
      logger.info('noise')
      logger.info('a')
      assert.equal(await flushTransport(stream), expected)
      assert.equal(messages().at(-1), expected ? 'noise' : 'a')
      stream.end()
      await once(stream, 'close')
    })

  it('flushTransport is false if lines were dropped since the last one', async () => {
    fake.always(faults.requestError('ValidationException'))
    const stream = pino.transport({ target: TARGET, options: { ...options, logger: false } })
    pino(stream).info('x')
    assert.equal(await flushTransport(stream), false)
    assert.equal(await flushTransport(stream), true)
    stream.end()
    await once(stream, 'close')
  })

  it('a target beside it that waits for pino’s configuration gets it, and messages reach it', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'pino-config-')), 'lines')
    const stream = pino.transport({
      targets: [
        { target: TARGET, options: { ...options } },
        { target: CONFIGURED.href, options: { file } },
      ],
    })
    const logger = pino(stream)
    logger.info('x')
    assert.equal(await flushTransport(stream), true)
    const answer = once(stream, 'hello')
    stream.emit('message', { hello: 'you' })
    assert.deepEqual(await answer, ['you'])
    stream.end()
    await once(stream, 'close')
    assert.equal(readFileSync(file, 'utf8'), 'x\n')
    assert.deepEqual(messages(), ['x'])
  })

  for (const mode of ['plain', 'helper'])
    it(`a target beside it whose disk is full costs Kinesis no line: ${mode}`, async () => {
      const full: pino.TransportTargetOptions = {
        ...NULL_FILE,
        options: { destination: '/dev/full' },
      }
      const kinesis = { target: TARGET, options: { ...options } }
      const stream =
        mode === 'plain' ? pino.transport({ targets: [full, kinesis] }) : make({ targets: [full] })
      const logger = pino(stream)
      for (let i = 0; i < 10; i++) {
        logger.info(`${i}`)
        await (stream instanceof KinesisTransport ? stream.flush() : flushTransport(stream))
      }
      assert.equal(messages().join(''), '0123456789')
      if (stream instanceof KinesisTransport) return
      // Pino's end would wait 10 s for the other target, which cannot end.
      const worker: unknown = Reflect.get(stream, 'worker')
      assert.ok(worker instanceof Worker)
      stream.on('error', () => {})
      await worker.terminate()
    })

  it('the same with the helper, in a worker of its own', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'pino-config-')), 'lines')
    const kinesis = make({ targets: [{ target: CONFIGURED.href, options: { file } }] })
    const answer = once(kinesis, 'hello')
    pino(kinesis).info('x')
    kinesis.emit('message', { hello: 'you' })
    assert.deepEqual(await answer, ['you'])
    await kinesis.close()
    assert.equal(readFileSync(file, 'utf8'), 'x\n')
  })

  it('levels by custom names, dedupe and the default of targets: nothing vanishes uncounted', async () => {
    const kinesis = make(
      { targets: [{ ...NULL_FILE, level: 'error' }], dedupe: true, level: 'notice' },
      { minLevel: 25 },
    )
    const logger = pino({ level: 'trace', customLevels: { notice: 35 } }, kinesis)
    for (const level of ['trace', 'info', 'notice', 'warn', 'error'] as const) logger[level](level)
    const { delivered, filtered } = await kinesis.close()
    assert.deepEqual([delivered, filtered], [2, 3])
    assert.deepEqual(messages(), ['notice', 'warn'])
  })

  it('many loggers that start and twenty flushes at once are no leak of listeners', async () => {
    const warnings: string[] = []
    const onWarning = ({ name }: Error): void => void warnings.push(name)
    process.on('warning', onWarning)
    const before = process.getMaxListeners()
    const many = Array.from({ length: 11 }, () => make({ signals: ['SIGUSR2'] }))
    for (const each of many) pino(each).info('x')
    await Promise.all(many.flatMap(each => [each.flush(), each.flush()]))
    const one = make()
    await Promise.all(Array.from({ length: 20 }, () => one.flush()))
    await Promise.all(many.map(each => each.close()))
    process.off('warning', onWarning)
    assert.deepEqual(warnings, [])
    assert.equal(process.getMaxListeners(), before)
    assert.equal(fake.texts('s').length, 11)
  })

  it('waits as long as it is told, also for ever, and never less than nothing', async () => {
    const kinesis = make()
    pino(kinesis).info('x')
    assert.equal((await kinesis.flush(Number.POSITIVE_INFINITY)).delivered, 1)
    assert.equal((await kinesis.flush(0.5)).dropped, 0)
    assert.equal((await kinesis.close(2 ** 40)).delivered, 1)
  })

  it('answers whatever timeout it is asked with, delivered or not', async () => {
    const kinesis = make()
    const stream = pino.transport({ target: TARGET, options: { ...options } })
    stream.on('error', () => {})
    const call = async (which: object, name: string, ...args: unknown[]): Promise<unknown> => {
      const method: unknown = Reflect.get(which, name)
      assert.ok(typeof method === 'function')
      return Reflect.apply(method, which, args)
    }
    const main = { flushTransport }
    pino(kinesis).info('x')
    pino(stream).info('y')
    const all = { delivered: 1, remaining: 0, dropped: 0, filtered: 0, fallback: 0 }
    await kinesis.flush()
    assert.equal(await flushTransport(stream), true)
    for (const { name, value, asked } of ODD_TIMEOUTS) {
      const short = asked === 1
      assert.deepEqual(await call(kinesis, 'flush', value), all, name)
      const answer = await call(main, 'flushTransport', stream, value)
      assert.ok(answer === true || (short && answer === false), name)
    }
    fake.always(faults.hang())
    pino(kinesis).info('never answered')
    pino(stream).info('never answered')
    for (const { name, value, asked } of ODD_TIMEOUTS)
      if (asked === 1) {
        assert.deepEqual(await call(kinesis, 'flush', value), { ...all, remaining: 1 }, name)
        assert.equal(await call(main, 'flushTransport', stream, value), false, name)
      }
    assert.deepEqual(await call(kinesis, 'close', -1), { ...all, dropped: 1 })
    const worker: unknown = Reflect.get(stream, 'worker')
    assert.ok(worker instanceof Worker)
    await worker.terminate()
  })

  it('a flush and a close for ever end when the worker dies, and count its lines', async () => {
    fake.always(faults.hang())
    const kinesis = make({ pipeline: [{ target: FRAIL.href }] })
    const logger = pino(kinesis)
    const none = { delivered: 0, remaining: 0, filtered: 0, fallback: 0 }
    for (const text of ['a', 'b']) logger.info(text)
    assert.equal((await kinesis.flush(200)).remaining, 2)
    const died = once(kinesis, 'kinesis:worker')
    const flushed = kinesis.flush(Number.POSITIVE_INFINITY)
    logger.info('die')
    assert.deepEqual(await flushed, { ...none, dropped: 3 })
    const [{ atRisk, restarted }] = (await died) as [{ atRisk: number; restarted: boolean }]
    assert.deepEqual([atRisk, restarted], [3, true])
    logger.info('c')
    assert.equal((await kinesis.flush(200)).remaining, 1)
    logger.info('die')
    assert.deepEqual(await kinesis.close(Number.POSITIVE_INFINITY), { ...none, dropped: 5 })
  })

  it('flushTransport is false when the worker dies meanwhile', async () => {
    fake.always(faults.hang())
    const stream = pino.transport({
      pipeline: [{ target: FRAIL.href }, { target: TARGET, options: { ...options } }],
    })
    const died = once(stream, 'error')
    const logger = pino(stream)
    logger.info('a')
    assert.equal(await flushTransport(stream, 300), false)
    const flushed = flushTransport(stream, Number.POSITIVE_INFINITY)
    logger.info('die')
    await died
    assert.equal(await flushed, false)
    assert.equal(await flushTransport(stream, Number.POSITIVE_INFINITY), false)
  })

  it('refuses what cannot cross into the worker, and a stream that is missing', () => {
    const refused = (given: object) => () => createKinesisTransport(given)
    assert.throws(refused({ streamName: 's', onDrop: () => {} }), /onDrop is or holds a function/)
    assert.throws(refused({ streamName: 's', packing: { x: () => {} } }), /packing\.x is or holds/)
    assert.throws(refused({}), /needs streamName/)
    assert.throws(refused({ stream: 's' }), /no option "stream"; did you mean "streamName"/)
    assert.throws(
      refused({ streamName: 's', nonsense: 1 }),
      ({ message }: Error) => !/\$context|\$helper|onDrop|pinoWillSend/.test(message),
    )
  })
})
