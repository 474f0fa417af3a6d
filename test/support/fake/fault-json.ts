import * as faults from './faults.js'
import { isObject, numberOf, stringOf } from './json.js'

/** The faults that are plain data, as another process writes them. */
export type PlainFault =
  | { readonly kind: 'ok' | 'truncatedJson' | 'shortList' | 'hang' | 'hangUp' | 'lostResponse' | 'cutResponse' }
  | { readonly kind: 'partial'; readonly which: readonly number[]; readonly code?: string; readonly message?: string }
  | { readonly kind: 'throttleShards'; readonly shards: readonly string[] | 'all'; readonly share?: number }
  | { readonly kind: 'requestError'; readonly name: string; readonly status?: number; readonly message?: string }
  | { readonly kind: 'html' | 'empty'; readonly status: number }
  | { readonly kind: 'slow'; readonly ms: number }

/** @throws {TypeError} it is no plain fault */
export const readFault = (value: unknown): faults.Fault => {
  if (!isObject(value)) throw new TypeError('a fault is an object with a kind')
  const { kind, which, code, shards, share, name, status, message, ms } = value
  switch (kind) {
    case 'ok':
    case 'truncatedJson':
    case 'shortList':
    case 'hang':
    case 'hangUp':
    case 'lostResponse':
    case 'cutResponse':
      return { kind }
    case 'partial':
      return faults.partial(listOf(which, isNumber), stringOf(code), stringOf(message))
    case 'throttleShards':
      return faults.throttleShards(shards === 'all' ? 'all' : listOf(shards, isString), numberOf(share, 1))
    case 'requestError':
      return faults.requestError(stringOf(name) ?? '', numberOf(status, 400), stringOf(message))
    case 'html':
    case 'empty':
      return { kind, status: numberOf(status, 500) }
    case 'slow':
      return faults.slow(numberOf(ms, 0))
    default:
      throw new TypeError(`no plain fault: ${JSON.stringify(value)}`)
  }
}

const isNumber = (value: unknown): value is number => typeof value === 'number'
const isString = (value: unknown): value is string => typeof value === 'string'
const listOf = <T>(value: unknown, is: (item: unknown) => item is T): T[] =>
  Array.isArray(value) ? value.filter(is) : []
