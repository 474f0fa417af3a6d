import assert from 'node:assert/strict'
import { type State, StateMachine, type Step } from '@kinesis-producer/core/internal/steps/state'

const STEPS: readonly Step[] = ['start', 'stop', 'flush', 'close', 'ended']

/** How each state is reached, and what each step makes of it; what is missing is refused. */
const TABLE: readonly (readonly [State, readonly Step[], Partial<Record<Step, State>>])[] = [
  ['idle', [], { start: 'running', flush: 'flushing', close: 'closing' }],
  ['running', ['start'], { stop: 'stopping', flush: 'flushing', close: 'closing' }],
  ['stopping', ['start', 'stop'], { ended: 'idle', flush: 'flushing', close: 'closing' }],
  ['flushing', ['flush'], { ended: 'idle', flush: 'flushing', close: 'closing' }],
  ['closing', ['close'], { ended: 'closed', flush: 'closing', close: 'closing' }],
  ['closed', ['close', 'ended'], {}],
]

const reach = (path: readonly Step[]): StateMachine => {
  const machine = new StateMachine()
  for (const step of path) assert.equal(machine.step(step), true)
  return machine
}

describe('the state of a producer', () => {
  for (const [state, path, allowed] of TABLE) {
    it(`${state} allows ${Object.keys(allowed).join(', ') || 'nothing'}, and refuses all else`, () => {
      for (const step of STEPS) {
        const machine = reach(path)
        assert.equal(machine.current, state)
        assert.equal(machine.step(step), allowed[step] !== undefined, step)
        assert.equal(machine.current, allowed[step] ?? state, step)
      }
    })
  }

  it('lets requests leave while it runs, flushes or closes, and in no other state', () => {
    const sending = TABLE.filter(([, path]) => reach(path).sends).map(([state]) => state)
    assert.deepEqual(sending, ['running', 'flushing', 'closing'])
  })
})
