import { BatchProducer } from '@kinesis-producer/core'
import { Actor, type MakeProducer } from './actor.js'
import { checkFates, checkOrder, checkStep } from './assertions.js'
import { settle } from './life-clock.js'
import type { Ending, Life, Step } from './lives.js'

const WELL_AGAIN_MS = 120_000
/** With the longest backoffs between the requests that find each poison record. */
const POISON_FOUND_MS = 3_600_000
const OTHERS_EVERY_MS = 5000
const CLOSE_MS = 60_000
const SLOWEST_ANSWER_MS = 1000

const IN_THIS_THREAD: MakeProducer = {
  isRemote: false,
  make: (client, config) => new BatchProducer(client, 's', config),
}

/** Lives a life from the beginning to the end; throws what is wrong with it. */
export const live = (life: Life): Promise<void> => liveWith(life, IN_THIS_THREAD)

/** The same with a producer of another kind. */
export const liveWith = async (life: Life, makes: MakeProducer): Promise<void> => {
  const actor = new Actor(life, makes)
  for (const [i, step] of life.steps.entries()) {
    await watched(actor, step)
    if (makes.disturb?.(i) === true) actor.isKilled = true
    // Not always: what follows at once is a case of its own.
    if (isAdding(step)) actor.findings.check()
    else {
      await settle()
      checkStep(actor)
    }
  }
  actor.reactionsLeft = 0
  if (life.heals !== 'no') await heal(actor)
  await end(actor, life.ending)
  checkStep(actor)
  checkFates(actor)
  checkOrder(actor)
}

const isAdding = (step: Step): boolean =>
  step.do === 'add' || step.do === 'tryAdd' || step.do === 'put'

/** Stats come while the producer runs. */
const watched = async (actor: Actor, step: Step): Promise<void> => {
  const { producer, life, launches, statsSeen, stops } = actor
  const before = producer.stats().state
  await actor.step(step)
  const { statInterval = 0 } = life.settings
  const isQuiet = launches === actor.launches && stops === actor.stops
  if (step.do !== 'advance' || step.ms <= 2 * statInterval || !isQuiet) return
  if (before !== 'running' || producer.stats().state !== 'running') return
  actor.findings.expect(actor.statsSeen > statsSeen, 'no stats came')
}

/** Once the service is well, everything gets out: no wake-up is lost, whatever came before. */
const heal = async (actor: Actor): Promise<void> => {
  const { service, clock, producer, life } = actor
  service.faults = ['none']
  service.queries = 'answers'
  if (life.heals === 'quite') service.poison = undefined
  await clock.advance(10_000)
  actor.start()
  if (producer.stats().state !== 'running') return
  if (life.heals === 'quite') {
    await clock.advance(WELL_AGAIN_MS)
    checkStep(actor)
    checkLinger(actor)
  }
  await drain(actor, life.heals === 'quite' ? WELL_AGAIN_MS : POISON_FOUND_MS)
}

/**
 * All that was admitted leaves; each poison record is found as long as other records succeed. Where the
 * buffer is full of what is behind it, nothing tells it from an outage.
 */
const drain = async (actor: Actor, most: number): Promise<void> => {
  const { clock, producer, findings } = actor
  const ended: { remaining?: number } = {}
  let canTell = true
  void producer.drain(most).then(result => Object.assign(ended, result))
  for (let passed = 0; passed <= most && ended.remaining === undefined; passed += OTHERS_EVERY_MS) {
    canTell &&= actor.service.poison === undefined || actor.addInnocent()
    await clock.advance(OTHERS_EVERY_MS)
  }
  const { remaining } = ended
  findings.expect(remaining === 0 || !canTell, () => `a drain of a well service left ${remaining}`)
  checkStep(actor)
}

/** Without an interval, a batch that does not fill waits for ever; but never what was tried before. */
const checkLinger = ({ findings, ledger, producer, life }: Actor): void => {
  const unsettled = [...ledger.all].filter(
    ({ admission, dropped, stored }) =>
      admission !== 'refused' && dropped === undefined && stored === 0,
  )
  const tried = unsettled.find(({ tries }) => tries > 0)
  findings.expect(tried === undefined, () => `${tried?.text} was tried, and now waits for ever`)
  const most = life.settings.flushInterval === 0 ? unsettled.length : 0
  const { remaining, waiting } = producer.stats()
  findings.expect(waiting === 0, () => `${waiting} adds wait for capacity for ever`)
  findings.expect(remaining <= most, () => `${remaining} still wait, ${most} of them untried`)
  findings.check()
}

const end = async (actor: Actor, ending: Ending): Promise<void> => {
  const { clock, pending, findings } = actor
  const close = (): number => pending.push(actor.close(CLOSE_MS))
  const dispose = (): number => pending.push(actor.dispose())
  switch (ending) {
    case 'close':
      close()
      break
    case 'closeTwice':
      close()
      close()
      break
    case 'dispose':
      dispose()
      break
    case 'disposeThenClose':
      dispose()
      close()
      break
    case 'closeThenDispose':
      close()
      dispose()
      break
  }
  let isSettled = false
  void Promise.all(pending).then(() => (isSettled = true))
  await clock.advance(CLOSE_MS)
  findings.expect(actor.isOver, 'close() did not end at its deadline')
  findings.expect(isSettled, 'a promise stays pending for ever')
  // An answer may be under way: that is the service's timer.
  await clock.advance(SLOWEST_ANSWER_MS)
  // What was slow has arrived: of the producer nothing is left that could happen.
  findings.expect(clock.armed === 0, () => `${clock.armed} timers are armed after close()`)
  await clock.advance(CLOSE_MS)
}
