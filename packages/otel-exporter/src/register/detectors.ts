import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Environment, Warn } from '../environment.js'
import type { Sdk } from './sdk.js'

/** Detectors of `@opentelemetry/resources`, by the names that the SDK's `NodeSDK` knows. */
const BUILT_IN: ReadonlyMap<string, string> = new Map([
  ['env', 'envDetector'],
  ['host', 'hostDetector'],
  ['os', 'osDetector'],
  ['process', 'processDetector'],
  ['serviceinstance', 'serviceInstanceIdDetector'],
])
/** What `NodeSDK` has by default. */
const DEFAULT = 'env,process,host'
/** A name is part of a module's. */
const NAME = /^[a-z][a-z0-9-]*$/

/**
 * The resource of the logs: what the detectors of `OTEL_NODE_RESOURCE_DETECTORS` find (`env`,
 * `host`, `os`, `process`, `serviceinstance`, `all`, `none`, and the name of any installed
 * `@opentelemetry/resource-detector-*`, such as `aws`).
 */
export const detectResource = (sdk: Sdk, env: Environment, warn: Warn): unknown => {
  const given = env['OTEL_NODE_RESOURCE_DETECTORS']?.trim().toLowerCase() || DEFAULT
  const names = given
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
  const { resources } = sdk
  const plain = resources.defaultResource()
  if (names.includes('none')) return plain
  const wanted = names.includes('all') ? [...BUILT_IN.keys(), ...names] : names
  const unknown: string[] = []
  const detectors = [...new Set(wanted)]
    .filter(name => name !== 'all')
    .flatMap(name => detectorsOf(sdk, name, () => unknown.push(name)))
  if (unknown.length > 0) warn(sentence(unknown))
  return plain.merge(resources.detectResources({ detectors }))
}

const detectorsOf = (sdk: Sdk, name: string, isUnknown: () => void): unknown[] => {
  const builtIn = BUILT_IN.get(name)
  if (builtIn !== undefined) {
    const detector: unknown = Reflect.get(sdk.resources, builtIn)
    return detector === undefined ? [] : [detector]
  }
  const module = `@opentelemetry/resource-detector-${name}`
  try {
    if (NAME.test(name)) return exportsOf(loadFrom(sdk, module))
  } catch {
    // Not installed; or it cannot be loaded, which comes to the same.
  }
  isUnknown()
  return []
}

/** Names that a sentence holds: a variable may have thousands. */
const SHOWN = 3

const sentence = (unknown: readonly string[]): string => {
  const shown = unknown.slice(0, SHOWN).map(name => JSON.stringify(name.slice(0, 50)))
  const more = unknown.length > SHOWN ? ` and ${unknown.length - SHOWN} more` : ''
  return `OTEL_NODE_RESOURCE_DETECTORS: there is no detector ${shown.join(', ')}${more}; use ${[...BUILT_IN.keys()].join(', ')}, all, none, or install @opentelemetry/resource-detector-<name>`
}

/** It is the application that has it installed. */
const loadFrom = ({ load }: Sdk, module: string): unknown => {
  try {
    return createRequire(join(process.cwd(), 'package.json'))(module)
  } catch {
    return load(module)
  }
}

/** Packages export one detector or several, some of them under an older name as well. */
const exportsOf = (module: unknown): unknown[] => [
  ...new Set(Object.values(Object(module)).filter(isDetector)),
]

const isDetector = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'detect') === 'function'
