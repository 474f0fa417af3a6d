import assert from 'node:assert/strict'
import type { Logger } from '@kinesis-producer/core'
import { UserCallbacks } from '@kinesis-producer/core/internal/callbacks/user-callbacks'
import { EventLog, PROCESS_WARNINGS } from '@kinesis-producer/core/internal/stats/event-log'
import { WarningLimiter } from '@kinesis-producer/core/internal/stats/warning-limiter'

const make = (logger?: false) => {
  let now = 0
  const said: string[] = []
  const say =
    (level: keyof Logger) =>
    (message: string): void =>
      void said.push(`${level}: ${message}`)
  const own = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
  const callbacks = new UserCallbacks({
    onDrop: undefined,
    onRequest: undefined,
    statReceiver: undefined,
    logger: own,
  })
  const limiter = new WarningLimiter(() => now)
  // Without an argument there is a logger.
  const log = new EventLog(callbacks, limiter, 's', logger === undefined ? own : logger)
  const quiet = new EventLog(callbacks, limiter, 's', undefined)
  const told = (): string[] => {
    log.stepEnded()
    callbacks.run()
    return said.splice(0).map(message => message.replace('kinesis producer s: ', ''))
  }
  return { log, quiet, told, said, later: (ms: number) => (now += ms) }
}

describe('the log of drops', () => {
  it('says one sentence for all of a step, by reason, with the number of records', () => {
    const { log, told } = make()
    for (let i = 0; i < 5000; i++) log.dropped('maxAttempts', `message ${i}`)
    log.dropped('expired', undefined)
    assert.equal(log.waiting, true)
    assert.deepEqual(told(), [
      'error: dropped: 5000 records were given up (maxAttempts: message 0)',
      'error: dropped: 1 record was given up (expired)',
    ])
    assert.equal(log.waiting, false)
    assert.deepEqual(told(), [])
  })

  it('tells how many were given up since the last sentence', () => {
    const { log, told, later } = make()
    log.dropped('expired', undefined)
    told()
    for (let i = 0; i < 300; i++) log.dropped('expired', undefined)
    assert.deepEqual(told(), [])
    later(30_000)
    log.dropped('expired', undefined)
    assert.deepEqual(told(), [
      'error: dropped: 1 record was given up (expired) (and 300 more like it since the last message)',
    ])
  })
})

describe('the log of requests', () => {
  it('names the code, the records, the count in a row and the message', () => {
    const { log, told } = make()
    log.requestError('InternalFailure', false, 'why', 7, 3)
    assert.deepEqual(told(), [
      'warn: request error: InternalFailure for 7 records (3 in a row): why',
    ])
  })

  it('is louder where an operator has to mend something', () => {
    const { log, told } = make()
    log.requestError('AccessDenied', true, 'why', 7, 1)
    assert.deepEqual(told(), [
      'error: request error: AccessDenied for 7 records (1 in a row): why; paused, records are kept: mend it and sending resumes by itself',
    ])
  })

  it('is as loud for records that the service refuses one by one', () => {
    const { log, told } = make()
    log.recordsPaused('KMSDisabled', 7, 'why')
    assert.deepEqual(told(), [
      'error: KMSDisabled for 7 records: why; paused, records are kept: mend it and sending resumes by itself',
    ])
  })

  it('tells a code that pauses apart from the same that does not', () => {
    const { log, told } = make()
    log.requestError('X', true, 'why', 1, 1)
    log.requestError('X', false, 'why', 1, 1)
    log.requestError('X', false, 'why', 1, 2)
    assert.deepEqual(
      told().map(message => message.split(':')[0]),
      ['error', 'warn'],
    )
  })

  it('is bounded, however many codes are invented', () => {
    const { log, told } = make()
    for (let i = 0; i < 5000; i++) log.requestError(`code ${i}`, false, 'why', 1, 1)
    assert.equal(told().length, 51)
  })

  it('names five codes of a partial success at most', () => {
    const { log, told } = make()
    log.partial(3, 10, new Map(Array.from({ length: 7 }, (_, i) => [`code${i}`, i + 1])))
    assert.deepEqual(told(), [
      'warn: partial success: 3 records stored, 10 refused (code0 1, code1 2, code2 3, code3 4, code4 5)',
    ])
  })
})

describe('other events', () => {
  it('have their words', () => {
    const { log, told } = make()
    log.success(5)
    log.noDeadline()
    log.requeued(4)
    log.refused('data must be a string')
    log.callbackFailed('onDrop', new Error('mine'))
    log.callbackFailed('onRequest', 'text')
    const said = told()
    assert.deepEqual(said, [
      'debug: success: 5 records stored',
      'info: requestTimeout is 0: a request that is never answered holds its records until close()',
      'info: re-enqueued: 4 records will be tried again',
      'warn: refused: data must be a string',
      'error: onDrop threw: Error: mine',
      'error: onRequest threw: text',
    ])
  })

  it('about the stream name the permission that is missing', () => {
    const { log, told } = make()
    log.aggregationRefused()
    log.unchecked(new Error('denied'))
    log.shardsUnknown(new Error('denied'))
    const [off, unchecked, unknown] = told()
    assert.match(off ?? '', /^error: packing kpl is off: .*AUTO.* Use packing concat instead$/)
    assert.match(unchecked ?? '', /^warn: .*kinesis:DescribeStreamSummary\): Error: denied$/)
    assert.match(unknown ?? '', /^warn: .*kinesis:ListShards\); until .*: Error: denied$/)
  })

  it('that are a defect come with where it was thrown, bounded', () => {
    const { log, told, later } = make()
    log.unexpected(new TypeError('x is not a function'))
    const [defect] = told()
    assert.match(defect ?? '', /^error: unexpected error, records are kept: TypeError: x is not/)
    assert.match(defect ?? '', /event-log\.test/)
    later(30_000)
    log.unexpected('y'.repeat(10_000))
    const [long] = told()
    assert.equal(long, `error: unexpected error, records are kept: ${'y'.repeat(1999)}…`)
    later(30_000)
    log.unexpected(Object.assign(new Error('no stack'), { stack: undefined }))
    assert.deepEqual(told(), ['error: unexpected error, records are kept: Error: no stack'])
  })

  it('about a request do not call an error by the name that every error has', () => {
    const { log, told } = make()
    log.requestError('Error', true, 'the vault is sealed', 1, 1)
    log.requestError('HTTP 500', false, 'x', 2, 1)
    assert.deepEqual(told(), [
      'error: request error for 1 record (1 in a row): the vault is sealed; paused, records are kept: mend it and sending resumes by itself',
      'warn: request error: HTTP 500 for 2 records (1 in a row): x',
    ])
  })

  it('hold no secret, whoever threw it', () => {
    const { log, told } = make()
    log.unchecked(new Error('GET https://user:hunter2@proxy/ x-amz-security-token: T0KEN'))
    const [message = ''] = told()
    assert.ok(!/hunter2|T0KEN/.test(message), message)
  })

  it('with a message of megabytes are one line of bounded length', () => {
    const { log, told } = make()
    log.callbackFailed('onDrop', new Error(`a\n\t b  c ${'x'.repeat(1e6)}`))
    const [message] = told()
    assert.match(message ?? '', /^error: onDrop threw: Error: a b c x+…$/)
    assert.equal(message?.length, 'error: onDrop threw: '.length + 256)
  })
})

describe('a producer without a logger', () => {
  it('tells warnings and errors, and not even puts the other words together', () => {
    const { quiet, told } = make()
    quiet.success(5)
    quiet.requeued(5)
    quiet.noDeadline()
    quiet.partial(1, 1, new Map([['x', 1]]))
    assert.deepEqual(told(), ['warn: partial success: 1 records stored, 1 refused (x 1)'])
  })

  it('is silent when the logger is false', () => {
    const { log, told } = make(false)
    log.success(5)
    log.requeued(5)
    log.noDeadline()
    log.partial(1, 1, new Map([['x', 1]]))
    log.dropped('expired', undefined)
    log.unexpected(new Error('x'))
    assert.deepEqual(told(), [])
  })

  it('warns through the process, and only of losses and trouble', async () => {
    const warnings: string[] = []
    const listen = (warning: Error): void =>
      void warnings.push(`${warning.name} ${warning.message}`)
    process.on('warning', listen)
    PROCESS_WARNINGS.debug('d')
    PROCESS_WARNINGS.info('i')
    PROCESS_WARNINGS.warn('w')
    PROCESS_WARNINGS.error('e')
    await new Promise(resolve => setImmediate(resolve))
    process.off('warning', listen)
    assert.deepEqual(warnings, ['KinesisProducerWarning w', 'KinesisProducerWarning e'])
  })
})
