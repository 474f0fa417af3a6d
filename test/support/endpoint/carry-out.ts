import type { Exchange } from './exchange.js'
import type { Fault, FaultRecord, RecordPredicate, Selection } from './faults.js'
import { THROTTLED } from './faults.js'
import { isJson, listOf, parseJson } from './json.js'
import { errorReply, jsonReply, type Reply, ServiceError } from './reply.js'

export interface Failure {
  readonly ErrorCode: string
  readonly ErrorMessage: string
}

/** Records that fail within a request, by index. */
export type Failures = ReadonlyMap<number, Failure>

/** One request, ready to be done; a fault decides whether, when and how much of it. */
export interface Job {
  readonly stream: string
  views(): readonly FaultRecord[]
  perform(failures?: Failures): Reply | Promise<Reply>
}

/** Holds requests back: hanging ones until released, slow ones for their time. Closing lets go of all. */
export class Gate {
  readonly #held = new Set<(released: boolean) => void>()
  readonly #onHeld: () => void
  #closed = false

  /** `onHeld` is called whenever one more request is held, and could be released. */
  constructor(onHeld: () => void) {
    this.#onHeld = onHeld
  }

  get held(): number {
    return this.#held.size
  }

  /** False if the client went away or the endpoint closed. */
  hold(gone: AbortSignal): Promise<boolean> {
    return this.#wait(gone)
  }

  delay(ms: number, gone: AbortSignal): Promise<boolean> {
    return this.#wait(gone, ms)
  }

  release(): void {
    this.#letGo(true)
  }

  close(): void {
    this.#closed = true
    this.#letGo(false)
  }

  #wait(gone: AbortSignal, ms?: number): Promise<boolean> {
    if (this.#closed || gone.aborted) return Promise.resolve(false)
    return new Promise(resolve => {
      const done = (released: boolean): void => {
        clearTimeout(timer)
        gone.removeEventListener('abort', onGone)
        this.#held.delete(done)
        resolve(released)
      }
      const onGone = (): void => done(false)
      const timer = ms === undefined ? undefined : setTimeout(done, ms, true)
      gone.addEventListener('abort', onGone)
      this.#held.add(done)
      this.#onHeld()
    })
  }

  #letGo(released: boolean): void {
    const held = [...this.#held]
    for (const done of held) done(released)
  }
}

const predicateOf = (which: Selection, random: () => number): RecordPredicate => {
  if (typeof which === 'function') return which
  switch (which.by) {
    case 'all':
      return () => true
    case 'indices':
      return ({ index }) => which.indices.includes(index)
    case 'share':
      return () => random() < which.share
    case 'shards':
      return ({ shardId }) => which.shards.includes(shardId) && random() < which.share
  }
}

export const throttleFailure = (shardId: string, stream: string): Failure => ({
  ErrorCode: THROTTLED,
  ErrorMessage: `Rate exceeded for shard ${shardId} in stream ${stream} under account 000000000000.`,
})

const failureOf = (
  fault: Extract<Fault, { kind: 'partial' }>,
  record: FaultRecord,
  stream: string,
): Failure => {
  if (fault.message !== undefined) return { ErrorCode: fault.code, ErrorMessage: fault.message }
  if (fault.code === THROTTLED) return throttleFailure(record.shardId, stream)
  return { ErrorCode: fault.code, ErrorMessage: 'Internal service failure.' }
}

const failuresOf = (
  fault: Extract<Fault, { kind: 'partial' }>,
  job: Job,
  random: () => number,
): Failures => {
  const fails = predicateOf(fault.which, random)
  const chosen = job.views().filter(fails)
  return new Map(chosen.map(record => [record.index, failureOf(fault, record, job.stream)]))
}

const checkPoison = (
  fault: Extract<Fault, { kind: 'poison' }>,
  job: Job,
  random: () => number,
): void => {
  const found = job.views().find(predicateOf(fault.which, random))
  if (found === undefined) return
  throw new ServiceError(
    'ValidationException',
    `1 validation error detected: Value at 'records.${found.index + 1}.member.data' failed to satisfy ` +
      'constraint: Member must have length less than or equal to 1048576',
  )
}

const withoutLast = (reply: Reply, missing: number): Reply => {
  const body = parseJson(reply.body)
  if (!isJson(body)) return reply
  const records = listOf(body['Records'])
  return jsonReply(
    { ...body, Records: records.slice(0, Math.max(0, records.length - missing)) },
    reply.status,
  )
}

export interface Means {
  readonly gate: Gate
  readonly latency: number
  readonly random: () => number
}

/** Does a request the way its fault wants it. Throws the service's own refusals. */
export const carryOut = async (
  fault: Fault,
  job: Job,
  exchange: Exchange,
  means: Means,
): Promise<void> => {
  const { gate, random } = means
  const answer = async (reply: Reply, ms = means.latency): Promise<void> => {
    if (ms === 0 || (await gate.delay(ms, exchange.gone))) exchange.answer(reply)
  }
  switch (fault.kind) {
    case 'ok':
      return answer(await job.perform())
    case 'partial':
      return answer(await job.perform(failuresOf(fault, job, random)))
    case 'poison':
      checkPoison(fault, job, random)
      return answer(await job.perform())
    case 'error':
      return answer(errorReply(fault.name, fault.message, fault.status))
    case 'body':
      return answer(fault)
    case 'slow':
      return answer(await job.perform(), fault.ms)
    case 'truncated': {
      const reply = await job.perform()
      return answer({ ...reply, body: reply.body.slice(0, Math.ceil(reply.body.length / 2)) })
    }
    case 'short':
      return answer(withoutLast(await job.perform(), fault.missing))
    case 'hang': {
      const early = fault.stores ? await job.perform() : undefined
      if (await gate.hold(exchange.gone)) exchange.answer(early ?? (await job.perform()))
      return
    }
    case 'hangUp':
      return exchange.hangUp()
    case 'lost':
      await job.perform()
      return exchange.hangUp()
    case 'cut':
      return exchange.cut(await job.perform())
  }
}
