import { Readable, Transform } from 'node:stream'
import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { property } from '../../errors/bounded-text.js'
import { AnswerTooLargeError, answerLimit } from './http-body.js'

/**
 * Bounds what the SDK's pipeline reads of an answer: it collects a body whole, whatever its size, and
 * a broken proxy may send one without end.
 */
export const limitAnswers = (client: KinesisClient): void => {
  client.middlewareStack.add(
    next => async args => {
      const result = await next(args)
      const status = property(result.response, 'statusCode')
      const body = property(result.response, 'body')
      if (typeof status === 'number' && body instanceof Readable && isObject(result.response))
        Reflect.set(result.response, 'body', limited(body, answerLimit(status)))
      return result
    },
    { name: 'answerLimit', step: 'deserialize', priority: 'low' },
  )
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const limited = (body: Readable, limit: number): Readable => {
  let size = 0
  const bounded = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      size += chunk.length
      if (size > limit) done(new AnswerTooLargeError(limit))
      else done(null, chunk)
    },
  })
  body.on('error', error => bounded.destroy(error))
  bounded.on('close', () => body.destroy())
  return body.pipe(bounded)
}
