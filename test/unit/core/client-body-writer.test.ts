import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeInTurns } from '@kinesis-producer/core/internal/client/fast/body-writer'
import { isUnsent } from '@kinesis-producer/core/internal/client/unsent'
import { afterThisTurn, nextTurn } from '@kinesis-producer/core/internal/time/next-turn'

const KIB = 1024

/** Writes that many steps of 64 KiB, and notes the turn of each. */
function* writer(steps: number, room: Buffer, turns: number[], now: () => number) {
  for (let i = 0; i < steps; i++) {
    room.fill(i, i * 64 * KIB, (i + 1) * 64 * KIB)
    turns.push(now())
    if (i < steps - 1) yield (i + 1) * 64 * KIB
  }
  return steps * 64 * KIB
}

describe('writing a body in turns of the event loop', () => {
  /** Counts turns until the work is over. */
  const counting = async <T>(work: (now: () => number) => Promise<T>): Promise<T> => {
    let turn = 0
    let isOver = false
    const count = (): void => {
      turn++
      if (!isOver) afterThisTurn(count)
    }
    await nextTurn()
    afterThisTurn(count)
    try {
      return await work(() => turn)
    } finally {
      isOver = true
      await nextTurn()
    }
  }

  it('writes a small one at once, and hashes what it wrote', async () => {
    const room = Buffer.alloc(200 * KIB, 0xff)
    const turns: number[] = []
    const { body, hash } = await counting(now =>
      writeInTurns(writer(3, room, turns, now), room, undefined),
    )
    assert.deepEqual(turns, [0, 0, 0])
    assert.equal(body.length, 192 * KIB)
    assert.equal(hash, createHash('sha256').update(body).digest('hex'))
  })

  it('lets others have their turn after half a MiB, whoever wrote it', async () => {
    const rooms = [Buffer.alloc(1536 * KIB), Buffer.alloc(1536 * KIB)]
    const turns: number[] = []
    const written = await counting(now =>
      Promise.all(rooms.map(room => writeInTurns(writer(24, room, turns, now), room, undefined))),
    )
    const perTurn = new Map<number, number>()
    for (const turn of turns) perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1)
    assert.equal(turns.length, 48)
    assert.ok(Math.max(...perTurn.values()) <= 8, JSON.stringify([...perTurn]))
    for (const { body, hash } of written)
      assert.equal(hash, createHash('sha256').update(body).digest('hex'))
  })

  it('reads nothing more once it is given up, and says that nothing left', async () => {
    const room = Buffer.alloc(1536 * KIB)
    const turns: number[] = []
    const controller = new AbortController()
    const writing = counting(now => {
      const done = writeInTurns(writer(24, room, turns, now), room, controller.signal)
      controller.abort(new Error('given up'))
      return done
    })
    await assert.rejects(writing, error => isUnsent(error) && String(error).includes('given up'))
    assert.equal(turns.length, 8)
  })

  it('says that nothing left when the body cannot be written', async () => {
    const failing = function* (): Generator<number, number> {
      yield 1
      throw new Error('broken')
    }
    await assert.rejects(writeInTurns(failing(), Buffer.alloc(1), undefined), isUnsent)
  })
})
