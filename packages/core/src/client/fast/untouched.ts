import { KinesisClient } from '@aws-sdk/client-kinesis'
import { property } from '../../errors/bounded-text.js'

/** `send` as it was when this module was loaded. */
const SEND: unknown = property(KinesisClient.prototype, 'send')

/**
 * Instrumentation may have wrapped `send` before we were loaded. The SDK's own calls
 * `command.resolveMiddleware()`, whose name no minifier changes; a wrapper calls what it wraps.
 */
const SEND_IS_THE_SDKS: boolean =
  typeof SEND === 'function' && Function.prototype.toString.call(SEND).includes('resolveMiddleware')

/** What changes a stack of middleware. */
const MUTATORS = ['add', 'addRelativeTo', 'use', 'remove', 'removeByTag'] as const
/** What instrumentation wraps on a stack to see each request. */
const RESOLVERS = ['resolve', 'concat', 'clone'] as const

/**
 * Whether a client still is as it was made. Middleware, wrappers of `send` and instrumentation have
 * to see every request: what comes after a change goes through all of the client.
 */
export class Untouched {
  readonly #client: KinesisClient
  readonly #stack: KinesisClient['middlewareStack']
  readonly #resolvers: readonly unknown[]
  #changed = !SEND_IS_THE_SDKS

  /** To be made when our own middleware is in place. */
  constructor(client: KinesisClient) {
    this.#client = client
    this.#stack = client.middlewareStack
    this.#resolvers = RESOLVERS.map(name => property(this.#stack, name))
    // A list of names would not tell one middleware from another that replaced it by its name.
    for (const name of MUTATORS) this.#watch(name)
  }

  get holds(): boolean {
    if (this.#changed) return false
    if (property(this.#client, 'send') !== SEND) return false
    if (this.#client.middlewareStack !== this.#stack) return false
    for (let i = 0; i < RESOLVERS.length; i++)
      if (property(this.#stack, RESOLVERS[i] ?? '') !== this.#resolvers[i]) return false
    return true
  }

  #watch(name: (typeof MUTATORS)[number]): void {
    const change: unknown = Reflect.get(this.#stack, name)
    if (typeof change !== 'function') return
    Reflect.set(this.#stack, name, (...args: readonly unknown[]): unknown => {
      this.#changed = true
      return Reflect.apply(change, this.#stack, args)
    })
  }
}
