import type { KinesisClientConfig } from '@aws-sdk/client-kinesis'
import type { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers'
import { boundedWords } from '../errors/bounded-words.js'

type Credentials = NonNullable<KinesisClientConfig['credentials']>
type Provider = Extract<Credentials, (...args: never[]) => unknown>

interface Providers {
  readonly fromTemporaryCredentials: typeof fromTemporaryCredentials
  readonly fromNodeProviderChain: typeof fromNodeProviderChain
}

/** A role to send with. */
export interface Role {
  readonly roleArn: string
  readonly roleSessionName: string
  readonly externalId: string | undefined
}

/** Longest wait for STS, in milliseconds: shorter than the deadline of a credentials provider. */
const STS_TIMEOUTS = {
  connectionTimeout: 5000,
  requestTimeout: 15_000,
  throwOnRequestTimeout: true,
}

/**
 * By this name the SDK's own providers fail: nothing was sent to Kinesis, whatever happened on the way
 * to STS. The error itself is left behind, because it holds STS's response.
 */
class RoleError extends Error {
  override readonly name: string = 'CredentialsProviderError'

  constructor(what: string, error: unknown) {
    super(`${what}: ${boundedWords(error)}`)
  }
}

const PACKAGE = '@aws-sdk/credential-providers'

/**
 * Only who names a role needs it. By a name that bundlers do not see: some of them fail if it is not
 * installed. So a bundle finds it where it runs, or not at all.
 */
const load = async (name: string): Promise<Providers> => {
  try {
    const providers: Providers = await import(/* webpackIgnore: true */ /* @vite-ignore */ name)
    return providers
  } catch (error) {
    throw new RoleError(
      `roleArn needs the package ${name} (npm install ${name}), outside of a bundle`,
      error,
    )
  }
}

/**
 * Credentials of the role, from STS by the SDK's own provider; the client of the SDK asks for them
 * again before they expire. After a failure all begins anew, so that master credentials which an
 * operator has renewed are seen.
 * @param master what STS is asked with; by default the SDK's own chain
 */
export const roleCredentials = (
  { roleArn, roleSessionName, externalId }: Role,
  master: Credentials | undefined,
): Provider => {
  const open = async (): Promise<Provider> => {
    const providers = await load(PACKAGE)
    return providers.fromTemporaryCredentials({
      masterCredentials: master ?? providers.fromNodeProviderChain({ ignoreCache: true }),
      params: {
        RoleArn: roleArn,
        RoleSessionName: roleSessionName,
        ...(externalId !== undefined && { ExternalId: externalId }),
      },
      clientConfig: { requestHandler: STS_TIMEOUTS },
    })
  }
  let opened: Promise<Provider> | undefined
  return async properties => {
    const current = (opened ??= open())
    try {
      return await (await current)(properties)
    } catch (error) {
      if (opened === current) opened = undefined
      throw error instanceof RoleError
        ? error
        : new RoleError(`cannot assume the role ${roleArn}`, error)
    }
  }
}
