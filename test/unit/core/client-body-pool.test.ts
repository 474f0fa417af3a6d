import assert from 'node:assert/strict'
import { BodyPool } from '@kinesis-producer/core/internal/client/fast/body-pool'

const MIB = 1024 * 1024

describe('BodyPool', () => {
  it('lends again what was given back, if it is large enough and not far too large', () => {
    const pool = new BodyPool()
    const first = pool.lend(100_000)
    assert.ok(first.length >= 100_000)
    assert.notEqual(pool.lend(100_000), first)
    pool.giveBack(first)
    assert.equal(pool.bytes, first.length)
    assert.notEqual(pool.lend(first.length + 1), first)
    assert.notEqual(pool.lend(10_000), first)
    assert.equal(pool.lend(first.length), first)
    assert.equal(pool.bytes, 0)
  })

  it('keeps neither many buffers nor large ones', () => {
    const pool = new BodyPool()
    for (const body of Array.from({ length: 50 }, () => pool.lend(65_536))) pool.giveBack(body)
    assert.equal(pool.bytes, 32 * 65_536)
    for (const body of Array.from({ length: 4 }, () => pool.lend(7 * MIB))) pool.giveBack(body)
    assert.ok(pool.bytes <= 32 * MIB && pool.bytes >= 28 * MIB, `${pool.bytes}`)
    const before = pool.bytes
    pool.giveBack(Buffer.alloc(33 * MIB))
    assert.equal(pool.bytes, before)
  })

  it('gives up what is not used while others are', () => {
    const pool = new BodyPool()
    pool.giveBack(pool.lend(10 * MIB))
    assert.ok(pool.bytes >= 10 * MIB)
    for (let i = 0; i < 63; i++) pool.giveBack(pool.lend(65_536))
    assert.ok(pool.bytes >= 10 * MIB, 'not yet')
    pool.giveBack(pool.lend(65_536))
    assert.equal(pool.bytes, 65_536)
  })
})
