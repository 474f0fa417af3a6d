import { boundedText } from '../errors/bounded-text.js'
import { ERROR_CODES, ProducerError } from '../errors/errors.js'
import type { ToldError } from './protocol.js'

/** More than the copies of requests' errors have. */
const MAX_CHARACTERS = 2000

/** An error as plain data: structured clone would lose its name and its code. */
export const toldError = (error: unknown): ToldError => {
  if (!(error instanceof Error))
    return { name: 'Error', message: boundedText(String(error), MAX_CHARACTERS) }
  const code: unknown = Reflect.get(error, 'code')
  return {
    name: error.name,
    message: boundedText(error.message, MAX_CHARACTERS),
    ...(typeof code === 'string' && { code }),
  }
}

/** The error again, with its name and its code. */
export const errorOf = ({ name, message, code }: ToldError): Error => {
  const known = ERROR_CODES.find(candidate => candidate === code)
  const error = known === undefined ? new Error(message) : new ProducerError(known, message, true)
  Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true })
  if (known === undefined && code !== undefined)
    Object.defineProperty(error, 'code', { value: code, enumerable: true })
  return error
}
