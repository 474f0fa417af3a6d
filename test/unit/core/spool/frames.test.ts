import assert from 'node:assert/strict'
import { FRAME_HEADER_BYTES, IN_MEMORY } from '@kinesis-producer/core/internal/spool/format'
import { FrameBuffer, readRecord } from '@kinesis-producer/core/internal/spool/frame-buffer'
import { FrameReader, type Piece } from '@kinesis-producer/core/internal/spool/frame-reader'
import fc from 'fast-check'

interface Given {
  readonly data: string | Uint8Array
  readonly partitionKey: string | undefined
  readonly explicitHashKey: string | undefined
  readonly admittedAt: number
}

const piecesOf = (file: Buffer): Piece[] => {
  const reader = new FrameReader(
    (into, at, length, position) => file.copy(into, at, position, position + length),
    0,
    file.length,
  )
  const pieces: Piece[] = []
  for (let piece = reader.next(); piece !== undefined; piece = reader.next())
    pieces.push(piece.kind === 'frame' ? { ...piece, bytes: Buffer.from(piece.bytes) } : piece)
  return pieces
}

const recordsOf = (pieces: readonly Piece[]): Map<number, Given> => {
  const records = new Map<number, Given>()
  for (const piece of pieces) {
    if (piece.kind !== 'frame') continue
    const { first, count, clock } = piece.header
    let at = FRAME_HEADER_BYTES
    for (let sequence = first; sequence < first + count; sequence++) {
      const found = readRecord(piece.bytes, at, sequence, clock)
      assert.ok(found !== undefined)
      at = found.end
      const { data, isText, partitionKey, explicitHashKey, admittedAt } = found.record
      const given = isText ? data.toString('utf8') : Uint8Array.from(data)
      records.set(sequence, { data: given, partitionKey, explicitHashKey, admittedAt })
    }
  }
  return records
}

const smallFile = (): { file: Buffer; ends: number[] } => {
  const buffer = new FrameBuffer()
  const ends: number[] = []
  for (let sequence = 1; sequence <= 12; sequence++) {
    buffer.push(sequence, `record ${sequence}`, 'key', undefined, 1000 + sequence, IN_MEMORY)
    if (sequence % 3 === 0) {
      buffer.seal()
      ends.push(buffer.bytes)
    }
  }
  return { file: Buffer.from(buffer.frames), ends }
}

describe('frames', function () {
  this.timeout(20_000)

  it('give back what was put into them', () => {
    const record = fc.record({
      data: fc.oneof(
        fc.string({ unit: 'binary', maxLength: 80 }),
        fc.uint8Array({ maxLength: 80 }),
      ),
      partitionKey: fc.option(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), {
        nil: undefined,
      }),
      explicitHashKey: fc.option(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map(String), {
        nil: undefined,
      }),
      admittedAt: fc.integer({ min: 0, max: 2 ** 45 }),
    })
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), records => {
        const buffer = new FrameBuffer()
        records.forEach(({ data, partitionKey, explicitHashKey, admittedAt }, i) =>
          buffer.push(i + 1, data, partitionKey, explicitHashKey, admittedAt, i % 2),
        )
        const read = recordsOf(piecesOf(buffer.frames))
        assert.deepEqual(
          [...read.keys()],
          records.map((_, i) => i + 1),
        )
        // A record that is younger than its frame by its clock counts as old as the frame.
        records.forEach((given, i) => {
          const found = read.get(i + 1)
          assert.deepEqual({ ...found, admittedAt: 0 }, { ...given, admittedAt: 0 })
          assert.ok((found?.admittedAt ?? 0) >= given.admittedAt)
        })
      }),
      { numRuns: 40 },
    )
  })

  it('keep a record that is larger than a frame, and the order of those around it', () => {
    const buffer = new FrameBuffer()
    buffer.push(1, 'before', undefined, undefined, 5, 0)
    buffer.push(2, 'x'.repeat(2_000_000), 'key', '0', 5, 0)
    buffer.push(3, 'after', undefined, undefined, 5, 0)
    const read = recordsOf(piecesOf(buffer.frames))
    assert.deepEqual(
      [...read.values()].map(({ data }) => data.length),
      [6, 2_000_000, 5],
    )
  })

  it('hold at most 64 KiB of small records', () => {
    const buffer = new FrameBuffer()
    for (let i = 1; i <= 3000; i++) buffer.push(i, 'y'.repeat(200), undefined, undefined, 5, 0)
    const pieces = piecesOf(buffer.frames)
    assert.ok(pieces.length >= 9)
    for (const piece of pieces) assert.ok(piece.kind === 'frame' && piece.bytes.length <= 64 * 1024)
  })

  it('cut off at any byte lose only the frame that is cut', () => {
    const { file, ends } = smallFile()
    for (let length = 0; length < file.length; length++) {
      const pieces = piecesOf(file.subarray(0, length))
      const whole = ends.filter(end => end <= length).length
      assert.equal(recordsOf(pieces).size, whole * 3, `cut at ${length}`)
      const rest = length - (ends[whole - 1] ?? 0)
      assert.deepEqual(
        pieces.filter(({ kind }) => kind !== 'frame').map(({ kind }) => kind),
        rest === 0 ? [] : ['torn'],
      )
    }
  })

  it('with any flipped bit lose only the frame it is in, and never in silence', () => {
    const { file } = smallFile()
    const original = recordsOf(piecesOf(file))
    for (let bit = 0; bit < file.length * 8; bit++) {
      const damaged = Buffer.from(file)
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const pieces = piecesOf(damaged)
      const read = recordsOf(pieces)
      assert.equal(read.size, 9, `bit ${bit}`)
      for (const [sequence, record] of read) assert.deepEqual(record, original.get(sequence))
      assert.equal(pieces.filter(({ kind }) => kind !== 'frame').length, 1)
    }
  })

  it('are found again behind anything', () => {
    const { file } = smallFile()
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), garbage => {
        const noise = Buffer.concat([Buffer.from('KSF1'), garbage, Buffer.from('KSF')])
        const read = recordsOf(piecesOf(Buffer.concat([noise, file, noise, file])))
        assert.equal(read.size, 12)
      }),
      { numRuns: 200 },
    )
  })

  it('that claim to be large do not make a search endless', () => {
    const claim = Buffer.alloc(36)
    claim.write('KSF1')
    claim.writeUInt32LE(11 * 1024 * 1024, 8)
    claim.writeUInt32LE(1, 12)
    const noise = Buffer.alloc(12 * 1024 * 1024)
    for (let at = 0; at < 512 * 1024; at += 40) claim.copy(noise, at)
    const began = process.cpuUsage()
    assert.equal(recordsOf(piecesOf(Buffer.concat([noise, smallFile().file]))).size, 12)
    const { user } = process.cpuUsage(began)
    assert.ok(user < 10_000_000, `${user} us`)
  })
})
