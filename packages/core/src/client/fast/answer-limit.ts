import { Readable, Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { property } from '../../errors/bounded-text.js'
import { noteBeginning } from '../first-words.js'
import { AnswerTooLargeError, answerLimit, isGzip } from './http-body.js'

/**
 * Bounds what the SDK's pipeline reads of an answer, and unzips it: the pipeline collects a body whole, whatever its size, and
 * a broken proxy may send one without end.
 */
export const limitAnswers = (client: KinesisClient): void => {
  client.middlewareStack.add(
    next => async args => {
      const result = await next(args)
      const status = property(result.response, 'statusCode')
      const body = property(result.response, 'body')
      if (typeof status === 'number' && body instanceof Readable && isObject(result.response))
        Reflect.set(result.response, 'body', limited(result.response, body, status))
      return result
    },
    { name: 'answerLimit', step: 'deserialize', priority: 'low' },
  )
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** The SDK reads a compressed answer as if it were not. */
const unzipping = (response: object, body: Readable): Readable => {
  if (!isGzip(property(property(response, 'headers'), 'content-encoding'))) return body
  const plain = createGunzip()
  body.on('error', error => plain.destroy(error))
  plain.on('close', () => body.destroy())
  return body.pipe(plain)
}

const limited = (response: object, raw: Readable, status: number): Readable => {
  const body = unzipping(response, raw)
  const limit = answerLimit(status)
  let size = 0
  const bounded = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      if (size === 0 && status !== 200) noteBeginning(response, chunk)
      size += chunk.length
      if (size > limit) done(new AnswerTooLargeError(limit))
      else done(null, chunk)
    },
  })
  body.on('error', error => bounded.destroy(error))
  bounded.on('close', () => body.destroy())
  return body.pipe(bounded)
}
