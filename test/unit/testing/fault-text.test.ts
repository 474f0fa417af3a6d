import assert from 'node:assert/strict'
import { type FaultRequest, seededRandom, TestKinesis } from '@kinesis-producer/testing'
import { parseFaults } from '@kinesis-producer/testing/internal/faults/fault-text'

const PUT: FaultRequest = { operation: 'PutRecords', stream: 's', number: 1, records: [] }

/** How often each kind of fault was chosen. */
const tally = async (texts: readonly string[], times = 2000): Promise<Record<string, number>> => {
  const choose = parseFaults(texts, seededRandom(3))
  const counts: Record<string, number> = {}
  for (let i = 0; i < times; i++) {
    const kind = (await choose(PUT))?.kind ?? 'none'
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

describe('faults on a command line', () => {
  it('strike whole requests by their shares, and records in what is left', async () => {
    const {
      lost = 0,
      error = 0,
      partial = 0,
      none,
    } = await tally(['throttle=0.3', 'lost=0.1', 'error=0.2:InternalFailure'])
    assert.ok(Math.abs(lost - 200) < 60 && Math.abs(error - 400) < 80, `${lost} ${error}`)
    assert.equal(lost + error + partial, 2000)
    assert.equal(none, undefined)
  })

  it('strike every request with a share of 1, and none with 0', async () => {
    assert.deepEqual(await tally(['html=1:502', 'throttle=1']), { body: 2000 })
    assert.deepEqual(await tally(['html=0']), { none: 2000 })
  })

  it('leave operations alone that put nothing', () => {
    assert.equal(parseFaults(['error=1'], () => 0)({ ...PUT, operation: 'ListShards' }), undefined)
  })

  it('take details: an error, a status, a time, a shard', async () => {
    const one = (text: string) => parseFaults([text], () => 0)(PUT)
    assert.deepEqual(await one('error=1:AccessDeniedException'), {
      kind: 'error',
      name: 'AccessDeniedException',
      status: 400,
      message:
        'User: arn:aws:iam::000000000000:user/test is not authorized to perform: kinesis:PutRecords',
    })
    assert.deepEqual(await one('slow=1:20'), { kind: 'slow', ms: 20 })
    assert.deepEqual(await one('short=1'), { kind: 'short', missing: 1 })
  })

  const wrong: [string[], RegExp][] = [
    [['throttle'], /fault "throttle" must be KIND=SHARE/],
    [['throttle=2'], /fault "throttle=2" must be/],
    [['throttl=0.1'], /fault "throttl=0\.1" is unknown; the kinds are throttle, fail, error/],
    [['constructor=0.1'], /is unknown/],
    [['slow=1:soon'], /fault "slow=1:soon" must end with a whole number, not "soon"/],
    [['lost=0.6', 'cut=0.6'], /make more than 1/],
  ]
  for (const [texts, message] of wrong)
    it(`refuses ${texts.join(' ')}`, () => {
      assert.throws(() => new TestKinesis().faults(...texts), { name: 'ConfigError', message })
    })
})
