import type { PutRecordsResponse, PutRecordsResult } from '@kinesis-producer/core'
import { serviceError } from '../support/core/fake-client.js'

/** What the service does with a request. */
export const FAULTS = [
  'none',
  'throttle',
  'throttleUnnamed',
  'hotShard',
  'hotShardUnnamed',
  'partial',
  'allInternal',
  'fail500',
  'reset',
  'unreached',
  'denied',
  'kms',
  'oddCodes',
  'noResults',
  'oddThrow',
  'garbled',
  'long',
  'short',
  'lost',
  'slow',
  'hang',
] as const
export type FaultName = (typeof FAULTS)[number]

/** What a request ends in that holds a poison record. */
export const POISONS = ['refused', 'fails500', 'resets', 'hangs'] as const
export type PoisonName = (typeof POISONS)[number]

const THROTTLED = 'ProvisionedThroughputExceededException'

export const throttled = (shardId: string | undefined): PutRecordsResult => ({
  ErrorCode: THROTTLED,
  ErrorMessage:
    shardId === undefined
      ? 'Rate exceeded.'
      : `Rate exceeded for shard ${shardId} in stream s under account 000000000000.`,
})

export const internalFailure: PutRecordsResult = {
  ErrorCode: 'InternalFailure',
  ErrorMessage: 'Internal service failure.',
}

const KMS_CODES = ['KMSAccessDeniedException', 'KMSThrottlingException', 'KMSInvalidStateException']

export const kmsFailure = (i: number): PutRecordsResult => ({
  ErrorCode: KMS_CODES[i % KMS_CODES.length],
  ErrorMessage: 'the key is not available',
})

/** JSON has no idea of types: a code may be anything. */
const ODD_CODES: readonly unknown[] = [503, 'constructor', '__proto__', true, {}, 'x'.repeat(5000)]

export const oddCode = (i: number): PutRecordsResult =>
  fromWire({ ErrorCode: ODD_CODES[i % ODD_CODES.length], ErrorMessage: 7 })

export const reset = (): Error => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })

export const unreached = (): Error =>
  Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' })

export const failed500 = (): Error => serviceError('InternalFailure', 500)

const throwing = (): object => ({
  get name(): string {
    throw new Error('no name')
  },
  get message(): string {
    throw new Error('no message')
  },
  get $metadata(): object {
    throw new Error('no metadata')
  },
})

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const ODD_THROWN: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => 'down',
  () => 0,
  throwing,
  revoked,
  () => Symbol('down'),
]

/** Anything can be thrown. */
export const oddThrown = (i: number): unknown => ODD_THROWN[i % ODD_THROWN.length]?.()

const GARBLED: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => '\u{FEFF}{"Records":[]}',
  () => ({}),
  () => ({ Records: null }),
  () => ({ Records: { length: 1 } }),
  () => ({
    get Records(): unknown {
      throw new Error('cut off')
    },
  }),
  revoked,
]

export const garbled = (i: number): PutRecordsResponse => fromWire(GARBLED[i % GARBLED.length]?.())

/** What comes over the wire has the type that the declarations claim, or not. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export const fromWire = <T>(value: unknown): T => value as T
