/**
 * `node --import @kinesis-producer/otel-exporter/register app.js`: a global LoggerProvider from the
 * environment, with this package's processor. It loads the SDK, which the rest of the package does
 * not. Nothing that is wrong with the environment ends the program; it is said on standard error.
 */

import { isMainThread } from 'node:worker_threads'
import { show } from '@kinesis-producer/core/adapter'
import type { Environment } from './environment.js'
import { honourLogLevel, inform, warn } from './register/announce.js'
import { componentFrom } from './register/components.js'
import { detectResource } from './register/detectors.js'
import { disabledBy } from './register/disabled.js'
import { deliverAtEveryEnd } from './register/ends.js'
import { becomeGlobal, loadSdk, makeProvider, type Provider } from './register/sdk.js'

export type { Provider } from './register/sdk.js'

/** Where there is nothing to flush. */
const NOTHING: Provider = { forceFlush: async () => {}, shutdown: async () => {} }

const register = (env: Environment): Provider => {
  honourLogLevel(env)
  const disabled = disabledBy(env, warn)
  if (disabled !== undefined) {
    if (isMainThread) inform(`no log goes to Kinesis: ${disabled}`)
    return NOTHING
  }
  const sdk = loadSdk()
  const component = componentFrom(sdk, env)
  if (component === undefined) return NOTHING
  const resource = detectResource(sdk, env, warn)
  const provider = makeProvider(sdk, resource, component.processor)
  let ended: Promise<void> | undefined
  const end = async (): Promise<void> => {
    await provider.shutdown()
    component.ended()
  }
  const ending: Provider = {
    forceFlush: () => ended ?? provider.forceFlush(),
    shutdown: () => (ended ??= end()),
  }
  if (!becomeGlobal(sdk, provider)) {
    warn(
      'no log goes to Kinesis: another LoggerProvider is already registered; give it a KinesisLogRecordProcessor instead of loading @kinesis-producer/otel-exporter/register',
    )
    void ending.shutdown()
    return NOTHING
  }
  deliverAtEveryEnd(ending, component)
  return ending
}

const registered = (): Provider => {
  try {
    return register(process.env)
  } catch (error) {
    warn(`no log goes to Kinesis: ${error instanceof Error ? error.message : show(error)}`)
    return NOTHING
  }
}

/** The provider it made, to be flushed or shut down by the program. */
export const loggerProvider: Provider = registered()
