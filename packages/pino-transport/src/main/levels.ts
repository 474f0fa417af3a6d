import { LEVELS } from '../options.js'

/** What pino tells the transports of a logger. */
export interface PinoConfig {
  readonly code: 'PINO_CONFIG'
}

export const pinoConfigOf = (message: unknown): PinoConfig | undefined =>
  isPinoConfig(message) ? message : undefined

const isPinoConfig = (message: unknown): message is PinoConfig =>
  typeof message === 'object' &&
  message !== null &&
  'code' in message &&
  message.code === 'PINO_CONFIG'

/** The custom levels that are known of: those given as options, and those of the logger. */
export class Levels {
  readonly #levels = new Map<string, number>()

  constructor(...given: readonly (Readonly<Record<string, number>> | null | undefined)[]) {
    for (const levels of given) this.#add(levels)
  }

  /** Takes the levels of a logger. */
  learn(config: PinoConfig): void {
    const inner: unknown = Reflect.get(config, 'config')
    const levels: unknown = Reflect.get(Object(inner), 'levels')
    this.#add(Reflect.get(Object(levels), 'values'))
  }

  /** Whether each of these is a number or a known name. */
  know(names: readonly unknown[]): boolean {
    return names.every(
      name =>
        typeof name !== 'string' ||
        name === 'silent' ||
        LEVELS.has(name.toLowerCase()) ||
        this.#levels.has(name),
    )
  }

  /** Undefined if there are none but pino's own. */
  get custom(): Record<string, number> | undefined {
    return this.#levels.size === 0 ? undefined : Object.fromEntries(this.#levels)
  }

  #add(levels: unknown): void {
    for (const [name, level] of Object.entries(Object(levels)))
      if (typeof level === 'number' && LEVELS.get(name) !== level) this.#levels.set(name, level)
  }
}
