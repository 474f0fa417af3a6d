import assert from 'node:assert/strict'
import { Steps } from '@kinesis-producer/core/internal/steps/steps'

const make = () => {
  const errors: unknown[] = []
  const steps = new Steps(error => void errors.push(error))
  const order: string[] = []
  const note = (name: string) => (): void => void order.push(name)
  return { steps, errors, order, note }
}

describe('a step', () => {
  it('is followed by all stages, in the order they were added', () => {
    const { steps, order, note } = make()
    for (const stage of ['first', 'second', 'third']) steps.atEnd(note(stage))
    steps.run(note('step'))
    assert.deepEqual(order, ['step', 'first', 'second', 'third'])
  })

  it('that runs within another is followed by the stages of the outer one only', () => {
    const { steps, order, note } = make()
    steps.atEnd(note('stage'))
    steps.run(() => {
      steps.run(note('inner'))
      note('outer')()
      steps.end()
    })
    assert.deepEqual(order, ['inner', 'outer', 'stage'])
  })

  it('that throws is told of, and followed by the stages all the same', () => {
    const { steps, errors, order, note } = make()
    const error = new Error('step')
    steps.atEnd(note('stage'))
    assert.doesNotThrow(() =>
      steps.run(() => {
        throw error
      }),
    )
    assert.deepEqual([errors, order], [[error], ['stage']])
    steps.run(note('next'))
    assert.deepEqual(order, ['stage', 'next', 'stage'], 'it is over')
  })

  it('that throws within another leaves the outer one as it was', () => {
    const { steps, errors, order, note } = make()
    steps.atEnd(note('stage'))
    steps.run(() => {
      steps.run(() => {
        throw new Error('inner')
      })
      note('outer goes on')()
    })
    assert.deepEqual([errors.length, order], [1, ['outer goes on', 'stage']])
  })

  it('whose stage throws has its other stages all the same', () => {
    const { steps, errors, order, note } = make()
    steps.atEnd(() => {
      throw new Error('stage')
    })
    steps.atEnd(note('second'))
    steps.run(note('step'))
    assert.deepEqual([errors.length, order], [1, ['step', 'second']])
  })

  it('may be ended by hand', () => {
    const { steps, order, note } = make()
    steps.atEnd(note('stage'))
    steps.end()
    assert.deepEqual(order, ['stage'])
  })
})
