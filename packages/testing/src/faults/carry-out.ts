import type { Exchange } from '../http/exchange.js'
import { errorReply, jsonReply, type Reply, ServiceError } from '../http/reply.js'
import { listOf, parseJson } from '../json.js'
import type { FailingRecords, Fault, FaultRecord, PartialFault, Selection } from './faults.js'
import type { Gate } from './gate.js'
import { THROTTLED, throttleText } from './messages.js'

/** Why one record was not stored, as it stands in the answer. */
export interface Failure {
  readonly ErrorCode: string
  readonly ErrorMessage: string
}

/** Records that fail within a request, by index. */
export type Failures = ReadonlyMap<number, Failure>

/** One request, ready to be done; a fault decides whether, when and how much of it. */
export interface Job {
  readonly stream: string
  /** The records of a put; none for other operations. */
  views(): readonly FaultRecord[]
  /** Throws the service's own refusals. */
  perform(failures?: Failures): Reply
}

export const throttleFailure = (shardId: string, stream: string): Failure => ({
  ErrorCode: THROTTLED,
  ErrorMessage: throttleText(shardId, stream),
})

const failureOf = (
  { code, message }: FailingRecords,
  record: FaultRecord,
  stream: string,
): Failure => {
  if (message !== undefined) return { ErrorCode: code, ErrorMessage: message }
  if (code === THROTTLED) return throttleFailure(record.shardId, stream)
  return { ErrorCode: code, ErrorMessage: 'Internal service failure.' }
}

const failuresOf = ({ failing }: PartialFault, job: Job, random: () => number): Failures => {
  const failures = new Map<number, Failure>()
  for (const record of job.views()) {
    const met = failing.find(({ which }) => which(record, random))
    if (met !== undefined) failures.set(record.index, failureOf(met, record, job.stream))
  }
  return failures
}

const checkPoison = (which: Selection, job: Job, random: () => number): void => {
  const found = job.views().find(record => which(record, random))
  if (found === undefined) return
  throw new ServiceError(
    'ValidationException',
    `1 validation error detected: Value at 'records.${found.index + 1}.member.data' failed to satisfy ` +
      'constraint: Member must have length less than or equal to 1048576',
  )
}

const withoutLast = (reply: Reply, missing: number): Reply => {
  const body = parseJson(reply.body)
  const records = listOf(body?.['Records'])
  return jsonReply({ ...body, Records: records.slice(0, Math.max(0, records.length - missing)) })
}

export interface Means {
  readonly gate: Gate
  /** Milliseconds between storing and answering. */
  readonly latency: number
  readonly random: () => number
}

/** Does a request the way its fault wants it. Throws the service's own refusals. */
export const carryOut = async (
  fault: Fault,
  job: Job,
  exchange: Exchange,
  { gate, latency, random }: Means,
): Promise<void> => {
  const answer = async (reply: Reply, ms = latency): Promise<void> => {
    if (ms === 0 || (await gate.hold(exchange.gone, ms))) exchange.answer(reply)
  }
  switch (fault.kind) {
    case 'ok':
      return answer(job.perform())
    case 'partial':
      return answer(job.perform(failuresOf(fault, job, random)))
    case 'poison':
      checkPoison(fault.which, job, random)
      return answer(job.perform())
    case 'error':
      return answer(errorReply(fault.name, fault.message, fault.status))
    case 'body':
      return answer(fault)
    case 'slow':
      return answer(job.perform(), fault.ms)
    case 'truncated': {
      const reply = job.perform()
      return answer({ ...reply, body: reply.body.slice(0, Math.ceil(reply.body.length / 2)) })
    }
    case 'short':
      return answer(withoutLast(job.perform(), fault.missing))
    case 'hang': {
      const early = fault.stores ? job.perform() : undefined
      if (await gate.hold(exchange.gone)) exchange.answer(early ?? job.perform())
      return
    }
    case 'hangUp':
      return exchange.hangUp()
    case 'lost':
      job.perform()
      return exchange.hangUp()
    case 'cut':
      return exchange.cut(job.perform())
  }
}
