import { type Fault, type FaultRecord, type Matches, THROTTLED } from './faults.js'
import { invalid, Refusal } from './refusal.js'
import type { Exchange } from './transport.js'

export type PutResult =
  | { readonly ShardId: string; readonly SequenceNumber: string }
  | { readonly ErrorCode: string; readonly ErrorMessage: string }

export const rateExceeded = (shardId: string, stream: string): PutResult => ({
  ErrorCode: THROTTLED,
  ErrorMessage: `Rate exceeded for shard ${shardId} in stream ${stream} under account 000000000000.`,
})

/** The faults that keep the request from the stream. True: nothing is left to do. */
export const refuse = (fault: Fault, views: readonly FaultRecord[], exchange: Exchange): boolean => {
  switch (fault.kind) {
    case 'requestError':
      throw new Refusal(fault.name, fault.message, fault.status)
    case 'html':
      exchange.answer(fault.status, '<html><body><h1>Bad gateway</h1></body></html>', 'text/html')
      return true
    case 'empty':
      exchange.answer(fault.status, '')
      return true
    case 'hangUp':
      exchange.destroy()
      return true
    case 'poison': {
      const found = views.find(fault.matches)
      if (found === undefined) return false
      throw invalid(
        `Value at 'records.${found.index + 1}.member.data' failed to satisfy constraint: Member must have length less than or equal to 1048576`,
      )
    }
    default:
      return false
  }
}

/** How the fault makes single records fail. */
export const recordFailure = (fault: Fault, stream: string): ((view: FaultRecord) => PutResult | undefined) => {
  if (fault.kind === 'partial') {
    const { which, code, message = code === THROTTLED ? undefined : 'Internal service failure.' } = fault
    const fails: Matches = typeof which === 'function' ? which : ({ index }) => which.includes(index)
    return view => {
      if (!fails(view)) return undefined
      return message === undefined ? rateExceeded(view.shardId, stream) : { ErrorCode: code, ErrorMessage: message }
    }
  }
  if (fault.kind === 'throttleShards') {
    const { shards, share, random } = fault
    return ({ shardId }) =>
      (shards === 'all' || shards.includes(shardId)) && random() < share ? rateExceeded(shardId, stream) : undefined
  }
  return () => undefined
}

/** Answers what was done, or spoils the answer. */
export const answerResults = (fault: Fault, results: readonly PutResult[], exchange: Exchange): void => {
  const body = JSON.stringify({
    EncryptionType: 'NONE',
    FailedRecordCount: results.filter(result => 'ErrorCode' in result).length,
    Records: fault.kind === 'shortList' ? results.slice(0, -1) : results,
  })
  if (fault.kind === 'lostResponse') exchange.destroy()
  else if (fault.kind === 'cutResponse') exchange.cut(body)
  else exchange.answer(200, fault.kind === 'truncatedJson' ? body.slice(0, -10) : body)
}
