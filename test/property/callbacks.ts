import type { DroppedRecord, Logger, ProducerConfig } from '@kinesis-producer/core'
import { lawHolds } from './assertions.js'
import type { Reaction, Reactions } from './lives.js'
import type { World } from './world.js'

type Callbacks = Required<Pick<ProducerConfig, 'onDrop' | 'onRequest' | 'statReceiver' | 'logger'>>

const LINGER_MS = 150

/** Callbacks that look at the producer whenever they are called, and call it in turn. */
export const watchedCallbacks = (world: World): Callbacks => {
  let depth = 0
  let calls = 0
  const called = (name: keyof Reactions): unknown => {
    const { findings } = world
    findings.expect(depth === 0, `${name} was called inside another callback`)
    findings.expect(name === 'logger' || !world.isOver, `${name} was called after close()`)
    // The first words may come while the producer is being made.
    if (world.producer !== undefined) lawHolds(world)
    depth++
    try {
      return react(world, world.life.reactions[name], calls++)
    } finally {
      depth--
    }
  }
  const log = (): unknown => called('logger')
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  return {
    logger,
    onDrop: dropped => {
      noteDrop(world, dropped)
      return called('onDrop')
    },
    onRequest: () => called('onRequest'),
    statReceiver: {
      receive: () => {
        world.statsSeen++
        return called('statReceiver')
      },
    },
  }
}

const react = (world: World, reaction: Reaction, call: number): unknown => {
  // Every third time, and not for ever: a callback that adds for each record stored never ends.
  if (call % 3 !== 0 || world.reactionsLeft <= 0) return undefined
  if (reaction !== 'nothing') world.reactionsLeft--
  switch (reaction) {
    case 'nothing':
      return undefined
    case 'add':
    case 'tryAdd':
      world.add({
        do: reaction,
        count: 3,
        keys: 2,
        size: 10,
        bytes: true,
        hashKey: false,
        signal: false,
      })
      return undefined
    case 'start':
    case 'stop':
      world[reaction]()
      return undefined
    case 'flush':
    case 'drain':
    case 'close':
      world.call(reaction, 500)
      return undefined
    case 'throw':
      throw new Error('thrown by a callback')
    case 'reject':
      return Promise.reject(new Error('rejected by a callback'))
    case 'linger':
      return world.clock.after(LINGER_MS)
  }
}

/** The reasons have to be true, and a record is dropped once. */
const noteDrop = (world: World, { record, reason, possiblyDelivered }: DroppedRecord): void => {
  const { findings, ledger, clock, life } = world
  const { maxAttemptsPerRecord = 0, recordTtl = 0, retryTimeout = 0, whenFull } = life.settings
  const text = Buffer.from(record.data).toString()
  const known = ledger.find(text)
  if (known === undefined) return
  const expect = (holds: boolean, what: string): void =>
    findings.expect(holds, () => `${text} was dropped (${reason}): ${what}`)
  expect(known.dropped === undefined, 'it had been dropped before')
  known.dropped = reason
  expect(known.key === record.partitionKey, 'its key is another')
  expect(
    !possiblyDelivered || known.mayBeStored || world.isKilled,
    'it is possiblyDelivered, but never left',
  )
  expect(possiblyDelivered || known.stored === 0, 'it is in the stream, and that is not said')
  const failures = known.ownFailures + (world.service.isAlone(text) ? 1 : 0)
  switch (reason) {
    case 'rejected':
      return expect(known.isPoison && world.refusesPoison, 'it is no poison')
    case 'maxAttempts':
      return expect(failures >= maxAttemptsPerRecord, 'others failed, not this one')
    case 'retryTimeout':
      return expect(retryTimeout > 0 && failures >= 2, 'it did not fail that long')
    case 'expired':
      return expect(recordTtl > 0 && clock.now() - known.offeredAt >= recordTtl, 'it is not so old')
    case 'bufferFull':
      return expect(whenFull !== 'reject' && whenFull !== 'wait', `not under ${whenFull}`)
    case 'lost':
      return expect(false, 'there is no disk to lose it')
    case 'workerDied':
      return expect(world.isRemote && known.tries >= 3, 'it was not in flight that often')
    case 'closed':
      return expect(world.disposals > 0, 'nobody disposed of the producer')
  }
}
