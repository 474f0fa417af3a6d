import type { PlainFault, PlainSelection } from './faults.js'
import { isJson, listOf, numberOf, stringOf } from './json.js'

const parseSelection = (value: unknown): PlainSelection | undefined => {
  if (!isJson(value)) return undefined
  const share = numberOf(value['share'])
  switch (value['by']) {
    case 'all':
      return { by: 'all' }
    case 'indices':
      return {
        by: 'indices',
        indices: listOf(value['indices']).filter(item => typeof item === 'number'),
      }
    case 'share':
      return share === undefined ? undefined : { by: 'share', share }
    case 'shards':
      return {
        by: 'shards',
        shards: listOf(value['shards']).filter(item => typeof item === 'string'),
        share: share ?? 1,
      }
    default:
      return undefined
  }
}

/** A fault that came over IPC or a command line. */
export const parseFault = (value: unknown): PlainFault | undefined => {
  if (!isJson(value)) return undefined
  const which = parseSelection(value['which'])
  const status = numberOf(value['status'])
  const message = stringOf(value['message'])
  switch (value['kind']) {
    case 'ok':
    case 'truncated':
    case 'hangUp':
    case 'lost':
    case 'cut':
      return { kind: value['kind'] }
    case 'partial': {
      const code = stringOf(value['code'])
      return which && code !== undefined ? { kind: 'partial', which, code, message } : undefined
    }
    case 'poison':
      return which && { kind: 'poison', which }
    case 'error': {
      const name = stringOf(value['name'])
      return name === undefined || status === undefined
        ? undefined
        : { kind: 'error', name, status, message: message ?? name }
    }
    case 'body': {
      const type = stringOf(value['type']) ?? 'text/plain'
      return status === undefined
        ? undefined
        : { kind: 'body', status, body: stringOf(value['body']) ?? '', type }
    }
    case 'short':
      return { kind: 'short', missing: numberOf(value['missing']) ?? 1 }
    case 'hang':
      return { kind: 'hang', stores: value['stores'] === true }
    case 'slow':
      return { kind: 'slow', ms: numberOf(value['ms']) ?? 0 }
    default:
      return undefined
  }
}
