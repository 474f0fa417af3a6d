import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../support/run-program.js'

const APP = fileURLToPath(new URL('./fixtures/engine-app.js', import.meta.url))
const STORED = JSON.stringify({
  FailedRecordCount: 0,
  Records: [{ SequenceNumber: '1', ShardId: 'shardId-0' }],
})

describe('a program whose service or callbacks misbehave', () => {
  let server: Server
  let requests = 0
  let answer: (response: ServerResponse, count: number) => void | Promise<void>
  beforeEach(async () => {
    requests = 0
    server = createServer((request, response) => {
      request.resume().on('end', () => void answer(response, ++requests))
    })
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoint = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const run = async (how: string, act?: (child: ChildProcess) => void): Promise<unknown> => {
    const ran = await runProgram([APP, endpoint(), how], act === undefined ? {} : { act })
    assert.deepEqual({ code: ran.code, signal: ran.signal }, { code: 0, signal: null }, ran.stderr)
    return JSON.parse(ran.stdout)
  }

  const garbled: Readonly<Record<string, string>> = {
    'a trailing comma': `{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s"},]}`,
    'a code that is a number':
      '{"FailedRecordCount":1,"Records":[{"ErrorCode":500,"ErrorMessage":"x"}]}',
    'a code that every object has':
      '{"FailedRecordCount":1,"Records":[{"ErrorCode":"constructor","ErrorMessage":"x"}]}',
    'more results than records': `{"FailedRecordCount":0,"Records":[${'{"SequenceNumber":"1","ShardId":"s"},'.repeat(2).slice(0, -1)}]}`,
  }
  for (const [name, body] of Object.entries(garbled)) {
    it(`goes on after an answer with ${name}, and delivers by the next one`, async () => {
      answer = (response, count) => void response.end(count === 2 ? body : STORED)
      const codes = await run('garbled')
      assert.ok(Array.isArray(codes))
      assert.equal(codes.length, 2)
      assert.equal(codes[1], 'ok')
    })
  }

  it('is not ended by callbacks whose promises reject', async () => {
    answer = response =>
      void response.end(
        '{"FailedRecordCount":1,"Records":[{"ErrorCode":"InternalFailure","ErrorMessage":"no"}]}',
      )
    assert.deepEqual(await run('rejects'), { delivered: 0, dropped: 1 })
  })

  it('sends nothing twice after it was frozen for longer than its deadline', async () => {
    let frozen: ChildProcess | undefined
    answer = async (response, count) => {
      if (count > 1) return void response.end(STORED)
      frozen?.kill('SIGSTOP')
      response.end(STORED)
      // Real time, since a process is frozen for real: twice its deadline.
      await wait(3000)
      frozen?.kill('SIGCONT')
    }
    const told = await run('freeze', child => {
      frozen = child
    })
    assert.deepEqual(told, { possibleDuplicate: false, tries: 1 })
    assert.equal(requests, 1)
  })
})
