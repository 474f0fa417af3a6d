import { createReadStream, existsSync, renameSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { BatchProducer } from '@kinesis-producer/core'
import type { LogKeys } from '@kinesis-producer/core/adapter/rules'
import type { DeadLetter } from './dead-letter-file.js'

/** The letters of a file one by one; a line that is none is told to `unknown`. */
export async function* readLetters(
  path: string,
  unknown: (line: string) => void,
): AsyncGenerator<DeadLetter> {
  const lines = createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })
  for await (const line of lines) {
    if (line === '') continue
    const letter = parseLetter(line)
    if (letter === undefined) unknown(line)
    else yield letter
  }
}

const parseLetter = (line: string): DeadLetter | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    return isLetter(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isLetter = (value: unknown): value is DeadLetter =>
  typeof value === 'object' &&
  value !== null &&
  'data' in value &&
  typeof value.data === 'string' &&
  'reason' in value

/**
 * Takes a dead letter file out of its writers' hands: it is moved aside, and new letters begin a new
 * file. What an earlier, interrupted replay moved aside comes first.
 */
export const takeAside = (path: string): { aside: string; more: boolean } | undefined => {
  const aside = `${path}.replaying`
  const more = existsSync(path)
  if (existsSync(aside)) return { aside, more }
  if (!more) return undefined
  renameSync(path, aside)
  return { aside, more: false }
}

/** Adds a letter's line to a producer that waits for room. */
export const addLetter = async (
  producer: BatchProducer,
  { data, partitionKey, explicitHashKey }: DeadLetter,
  keys: LogKeys,
): Promise<void> => {
  const key = keys.from(partitionKey)
  await producer.add(data, key, explicitHashKey === undefined ? {} : { explicitHashKey })
}

export const forget = (aside: string): void => rmSync(aside, { force: true })
