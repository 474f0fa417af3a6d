import assert from 'node:assert/strict'
import { DEFAULT_CONFIG, DROP_REASONS, ERROR_CODES, OPTION_NAMES } from '@kinesis-producer/core'
import {
  type Action,
  classifyRecordError,
  classifyRequestError,
} from '@kinesis-producer/core/internal/settling/classify'
import { serviceError } from '../../support/core/fake-client.js'
import { codesIn, readText, rowsOf } from '../../support/tables.js'

/** The first cells of the table rows below a heading. */
const firstCells = (text: string, heading: string): string[] =>
  rowsOf(text, heading).map(([first = '']) => first)

/** As it is thrown: only what the service says has a status. */
const errorNamed = (code: string): Error => {
  // Codes of sockets and TLS are on an error without a telling name.
  if (/^[A-Z_]+$/.test(code)) return Object.assign(new Error('x'), { code })
  return code.endsWith('Error') ? Object.assign(new Error('x'), { name: code }) : serviceError(code)
}

describe('docs/errors.md', () => {
  const text = readText('docs/errors.md')

  it('lists every code and every reason, and none that is not', () => {
    assert.deepEqual(firstCells(text, '## Errors you get').flatMap(codesIn), [...ERROR_CODES])
    assert.deepEqual(firstCells(text, '## Why a record is dropped').flatMap(codesIn), [
      ...DROP_REASONS,
    ])
  })

  for (const action of ['retry', 'pause', 'isolate'] as const satisfies readonly Action[]) {
    it(`is right about what leads to ${action}`, () => {
      const codes = firstCells(text, `### ${action}`).flatMap(codesIn)
      assert.ok(codes.length >= 3)
      for (const code of codes) {
        assert.equal(classifyRequestError(errorNamed(code)).action, action, code)
      }
    })
  }

  it('is right about records that fail by themselves', () => {
    const [waits = '', pauses = '', again = '', rejected = ''] = firstCells(
      text,
      '## When a record fails in a request that succeeded',
    )
    for (const code of codesIn(waits)) assert.equal(classifyRecordError(code).throttled, true, code)
    for (const code of codesIn(pauses))
      assert.equal(classifyRecordError(code).action, 'pause', code)
    for (const code of [...codesIn(again), 'Whatever']) {
      const { action, throttled } = classifyRecordError(code)
      assert.deepEqual({ action, throttled }, { action: 'retry', throttled: false }, code)
    }
    for (const code of codesIn(rejected))
      assert.equal(classifyRecordError(code).action, 'fail', code)
  })
})

describe('the README of the core', () => {
  const text = readText('packages/core/README.md')

  it('has a row for every option, with the default it has', () => {
    const rows = firstCells(text, '## Options').flatMap(codesIn)
    assert.deepEqual(rows.toSorted(), [...OPTION_NAMES].toSorted())
    for (const [name, value] of Object.entries(DEFAULT_CONFIG))
      assert.match(text, new RegExp(`\\| \`${name}\`.*\\| .*${value}`))
  })
})
