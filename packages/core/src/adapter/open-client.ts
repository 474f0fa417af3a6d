import type { KinesisClientLike } from '../client/client-types.js'
import { createKinesisClient } from '../client/create-client.js'
import { roleCredentials } from '../client/role-credentials.js'
import { regionFor, type Target } from './target.js'

/** A client that the options describe, and how to close its connections. */
export interface OpenedClient {
  readonly client: KinesisClientLike
  readonly release: () => void
}

export const openClient = (target: Target): OpenedClient => {
  const { client: options, role } = target
  const region = regionFor(target)
  const client = createKinesisClient({
    ...options,
    ...(region !== undefined && { region }),
    ...(role !== undefined && { credentials: roleCredentials(role, options.credentials) }),
  })
  return { client, release: () => client.destroy() }
}
