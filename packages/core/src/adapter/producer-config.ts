import type { ProducerConfig } from '../config/options.js'
import { OPTION_NAMES } from '../config/resolve.js'
import type { SharedOptions } from './rules/shared-options.js'

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

/** The producer's options that are given, over the adapter's defaults. */
export const configOf = (
  options: SharedOptions,
  defaults: ProducerConfig,
): Record<string, unknown> => {
  const config: Record<string, unknown> = { ...defaults }
  for (const name of OPTION_NAMES) {
    const value: unknown = Reflect.get(options, name)
    if (isGiven(value)) config[name] = value
  }
  // Two names for one thing: the one that the user gives replaces the default of the other.
  if (isGiven(options.addBlocksWhenBufferFull) && !isGiven(options.whenFull))
    delete config[
      options.addBlocksWhenBufferFull === false ? 'addBlocksWhenBufferFull' : 'whenFull'
    ]
  return config
}
