import assert from 'node:assert/strict'
import {
  type Attempt,
  MAX_REMEMBERED_ATTEMPTS,
  remember,
} from '@kinesis-producer/core/internal/record/attempt'

const attempt = (duration: number): Attempt => ({
  delay: 0,
  duration,
  code: 'X',
  ambiguous: false,
})

describe('the history of a record', () => {
  it('keeps its first attempt and the newest ones, in their order', () => {
    let history: Attempt[] | undefined
    for (let i = 1; i <= 25; i++) history = remember(history, attempt(i))
    assert.deepEqual(
      history?.map(({ duration }) => duration),
      [1, 17, 18, 19, 20, 21, 22, 23, 24, 25],
    )
  })

  it('keeps all of as many as are remembered', () => {
    let history: Attempt[] | undefined
    for (let i = 1; i <= MAX_REMEMBERED_ATTEMPTS; i++) history = remember(history, attempt(i))
    assert.deepEqual(
      history?.map(({ duration }) => duration),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    )
  })
})
