import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeLines } from '@kinesis-producer/pino-transport/internal/cli/pipe'

describe('the input of pino-kinesis', () => {
  it('that cannot be read to its end is an error, after all that was read', async () => {
    const fed: string[] = []
    let given = false
    const input = new Readable({
      read() {
        if (given) this.destroy(new Error('EIO'))
        else this.push('a\nb')
        given = true
      },
    })
    const feed = (chunk: Buffer | 'end'): Promise<void> => {
      fed.push(chunk.toString())
      return Promise.resolve()
    }
    await assert.rejects(pipeLines(input, feed, undefined, new AbortController().signal), /EIO/)
    assert.deepEqual(fed, ['a\nb', 'end'])
  })

  it('is not read on when it is stopped', async () => {
    const stop = new AbortController()
    const fed: string[] = []
    const feed = (chunk: Buffer | 'end'): Promise<void> => {
      fed.push(chunk.toString())
      stop.abort()
      return Promise.resolve()
    }
    await pipeLines(
      Readable.from([Buffer.from('a'), Buffer.from('b')]),
      feed,
      undefined,
      stop.signal,
    )
    assert.deepEqual(fed, ['a', 'end'])
  })
})
