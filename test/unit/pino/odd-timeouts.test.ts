import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { BroadcastChannel } from 'node:worker_threads'
import { ask, type WorkerStream } from '@kinesis-producer/pino-transport/internal/main/messages'
import { timeoutOr } from '@kinesis-producer/pino-transport/internal/main/timeout'
import { resolveLineOptions } from '@kinesis-producer/pino-transport/internal/options'
import { channelName } from '@kinesis-producer/pino-transport/internal/protocol'
import { openTransport } from '@kinesis-producer/pino-transport/internal/transport'
import { createKinesisTransport } from '@kinesis-producer/pino-transport/main'
import { FakeClient } from '../../support/core/fake-client.js'
import { ODD_TIMEOUTS } from '../../support/odd-timeouts.js'

const QUIET = { emit: () => {}, warn: () => {} }

describe('odd timeouts', () => {
  for (const { name, value, asked, option } of ODD_TIMEOUTS) {
    it(`of a question mean what they say: ${name}`, () => {
      assert.equal(timeoutOr(value, 8000), asked ?? 8000)
    })

    for (const key of ['closeTimeout', 'flushTimeout'])
      it(`of an option mean what they say or are refused by name: ${key} ${name}`, () => {
        const given = { streamName: 's', [key]: value }
        if (option === 'refused') {
          const refusal = new RegExp(`${key} must be a number of milliseconds from 0 on, or Inf`)
          assert.throws(() => resolveLineOptions(given), refusal)
          assert.throws(() => createKinesisTransport(given), refusal)
          return
        }
        const fallback = key === 'closeTimeout' ? 5000 : 8000
        // Not assert.equal: 0 and -0 are one time.
        const { [key]: resolved } = Object.fromEntries(Object.entries(resolveLineOptions(given)))
        assert.ok(resolved === (option ?? fallback), String(resolved))
      })

    if (asked === undefined) continue
    it(`reach the worker as they are, and its answer comes back: ${name}`, async () => {
      const stream = Object.assign(new EventEmitter(), {
        ready: true,
        destroyed: false,
        worker: { threadId: 12_345 },
      }) as unknown as WorkerStream
      const worker = new BroadcastChannel(channelName(12_345))
      let got: unknown
      // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the types of this class know no other
      worker.onmessage = (event: unknown) => {
        const request: unknown = Reflect.get(Object(event), 'data')
        got = Reflect.get(Object(request), 'timeout')
        worker.postMessage({ id: Reflect.get(Object(request), 'id'), answers: [{ count: 1 }] })
      }
      try {
        const answers = await ask(stream, 'flush', undefined, asked, asked + 5000)
        assert.deepEqual(answers, [{ count: 1 }])
        assert.ok(typeof got === 'number' && got >= 1 && got <= asked, String(got))
        assert.ok(asked < 1000 || got >= asked - 1000, String(got))
      } finally {
        stream.emit('close')
        worker.close()
      }
    })

    it(`are kept by flush and close where the lines are sent: ${name}`, async () => {
      const client = new FakeClient()
      const transport = openTransport({ streamName: 's', client }, QUIET)
      transport.write(Buffer.from('x\n'))
      await transport.flush()
      transport.write(Buffer.from('y\n'))
      if (asked > 1000) assert.equal((await transport.flush(asked)).delivered, 2)
      const { delivered, count } = await transport.close(asked)
      assert.equal(delivered + count, 2)
      assert.ok(asked <= 1000 || delivered === 2)
    })

    if (asked > 1000) continue
    it(`are over at once when nothing is answered: ${name}`, async () => {
      const client = new FakeClient(() => new Promise(() => {}))
      const transport = openTransport({ streamName: 's', client }, QUIET)
      transport.write(Buffer.from('x\n'))
      assert.equal((await transport.flush(asked)).remaining, 1)
      assert.equal((await transport.close(asked)).count, 1)
    })
  }
})
