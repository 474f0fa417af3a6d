import type { KinesisClientConfig } from '@aws-sdk/client-kinesis'
import { property, textProperty } from '../errors/bounded-text.js'
import type { StreamClient } from './stream-client.js'
import { markUnsent, unlessAborted } from './unsent.js'

/** Longest wait for credentials. */
const PROVIDER_DEADLINE_MS = 20_000

type Credentials = NonNullable<KinesisClientConfig['credentials']>

/**
 * A provider that rejects if it does not answer. The SDK asks one call at a time: one that never
 * ends, since a packet got lost, would be waited for by all requests that follow.
 */
export const withDeadline = (
  credentials: Credentials,
  ms: number = PROVIDER_DEADLINE_MS,
): Credentials => {
  if (typeof credentials !== 'function') return credentials
  const limited: typeof credentials = async properties => {
    const { promise, cancel } = deadline(ms)
    try {
      return await Promise.race([credentials(properties), promise])
    } finally {
      cancel()
    }
  }
  // The SDK marks providers, by properties, as already remembering what they fetched.
  return Object.assign(limited, credentials)
}

const deadline = (
  ms: number,
): { readonly promise: Promise<never>; readonly cancel: () => void } => {
  let cancel = (): void => {}
  const promise = new Promise<never>((_resolve, reject) => {
    const message = `the credentials provider did not answer within ${ms} ms`
    const timer = setTimeout(
      () => reject(Object.assign(new Error(message), { name: 'CredentialsProviderError' })),
      ms,
    ).unref()
    cancel = () => clearTimeout(timer)
  })
  return { promise, cancel }
}

/** How the service says that it does not take the credentials (`Exception` at the end left out). */
const REFUSED: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'UnrecognizedClient',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'InvalidToken',
  'InvalidSignature',
  'SignatureDoesNotMatch',
  'MissingAuthenticationToken',
  'IncompleteSignature',
])
const UNAUTHORIZED = 401

/**
 * Asks for new credentials after the service refused the ones in use. The SDK keeps credentials
 * without an expiration for ever, so renewed ones would only be used after a restart.
 */
class CredentialRenewal {
  readonly #client: object
  #due = false

  constructor(client: object) {
    this.#client = client
  }

  /** To be told of each failed request. */
  failed(error: unknown): void {
    const name = textProperty(error, 'name')?.replace(/Exception$/, '') ?? ''
    const status = property(property(error, '$metadata'), 'httpStatusCode')
    if (REFUSED.has(name) || status === UNAUTHORIZED) this.#due = true
  }

  get due(): boolean {
    return this.#due
  }

  /** Rejects if the provider does. */
  async renew(): Promise<void> {
    const provider = property(property(this.#client, 'config'), 'credentials')
    if (typeof provider === 'function') await Reflect.apply(provider, undefined, [FORCED])
    this.#due = false
  }
}

/** Makes the SDK's memoized providers fetch anew. */
const FORCED = { forceRefresh: true }

type PutRecords = StreamClient['putRecords']

/** Has the client ask for new credentials before the request that follows a refusal of the old. */
export const renewing = (client: object, put: PutRecords): PutRecords => {
  const renewal = new CredentialRenewal(client)
  return async (records, signal) => {
    try {
      if (renewal.due) await unlessAborted(renewal.renew(), signal).catch(rethrowUnsent)
      return await put(records, signal)
    } catch (error) {
      renewal.failed(error)
      throw error
    }
  }
}

const rethrowUnsent = (error: unknown): never => {
  throw markUnsent(error)
}
