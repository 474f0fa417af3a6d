import assert from 'node:assert/strict'
import { truncateLine } from '@kinesis-producer/pino-transport/internal/lines/truncate'
import fc from 'fast-check'

const cut = (line: string, limit: number): string => {
  const text = truncateLine(Buffer.from(line), limit)
  assert.ok(text !== undefined, 'it fits')
  assert.ok(text.length <= limit, `${text.length} > ${limit}`)
  return text.toString()
}

describe('truncateLine', () => {
  it('makes valid JSON within the limit, of anything', () => {
    const text = fc.string({ unit: 'binary', maxLength: 2000 })
    const object = fc
      .tuple(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { maxKeys: 30 }),
        fc.nat(2),
      )
      .map(([value, indent]) => JSON.stringify(value, null, indent))
    const torn = fc.tuple(object, fc.nat(200)).map(([json, at]) => json.slice(0, at))
    fc.assert(
      fc.property(
        fc.oneof(object, text, torn),
        fc.integer({ min: 100, max: 1500 }),
        (line, limit) => {
          const value = JSON.parse(cut(line, limit)) as Record<string, unknown>
          const mark = Object.keys(value).findLast(name => /^truncated_*$/.test(name)) ?? ''
          assert.equal((value[mark] as { bytes: number }).bytes, Buffer.byteLength(line))
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('leaves all but the largest fields as they are, to the byte', () => {
    const rest =
      '"level":30,"big":12345678901234567890123, "e":1.50e+1,"u":"\\u00fc\\/","o":{"a" :[1, 2]}'
    const line = `{${rest},"msg":"${'m'.repeat(5000)}"}`
    const text = cut(line, 1000)
    const kept = rest.replace(', "e"', ',"e"')
    assert.ok(text.startsWith(`{${kept},"msg":"mmm`), text)
    assert.ok(text.endsWith(`m","truncated":{"bytes":${line.length},"fields":["msg"]}}`), text)
    assert.ok(text.length > 700)
  })

  it('never takes the name of a field of the line for its mark', () => {
    const names = ['"truncated"', '"\\u0074run\\u0063ated\\u005f"', '"truncated_x"', '"trunc"']
    const text = cut(
      `{${names.map(name => `${name}:"own"`).join(',')},"m":"${'x'.repeat(900)}"}`,
      500,
    )
    const value = JSON.parse(text) as Record<string, unknown>
    assert.deepEqual([value['truncated'], value['truncated_']], ['own', 'own'])
    assert.deepEqual([value['truncated_x'], value['trunc']], ['own', 'own'])
    assert.deepEqual((value['truncated__'] as { fields: string[] }).fields, ['m'])
  })

  it('cuts no character and no escape in half', () => {
    for (const unit of ['ü', '😀', '\\n', '\\u00e9', '\\ud83d\\ude00', '\\"'])
      for (let limit = 150; limit < 175; limit++) {
        const { m } = JSON.parse(cut(`{"m":"${unit.repeat(300)}"}`, limit)) as { m: string }
        const whole = JSON.parse(`"${unit}"`) as string
        assert.equal(m, whole.repeat(m.length / whole.length), `${unit} ${limit}`)
      }
  })

  it('leaves out whole fields when their names alone are too much, level, time and msg last', () => {
    const many = Array.from({ length: 500 }, (_, i) => `"field${i}":"${'x'.repeat(80)}"`).join(',')
    const value = JSON.parse(cut(`{"level":30,"time":5,${many},"msg":"hello"}`, 2000)) as {
      level: number
      time: number
      msg: string
      truncated: { fields: string[]; more: number }
    }
    assert.deepEqual([value.level, value.time, value.msg], [30, 5, 'hello'])
    const stay = Object.values(value).filter(one => typeof one === 'string' && one.length === 80)
    assert.equal(value.truncated.fields.length + value.truncated.more + stay.length, 500)
  })

  it('says when not even its mark fits', () => {
    assert.equal(truncateLine(Buffer.from('x'.repeat(100)), 40), undefined)
  })

  it('takes time in proportion to the line', () => {
    const lineOf = (fields: number): Buffer =>
      Buffer.from(
        `{${Array.from({ length: fields }, (_, i) => `"f${i}":"${'x'.repeat(90)}"`).join(',')}}`,
      )
    // The steps of a quadratic way over 100 000 fields would take minutes: mocha's own limit is the assertion.
    const text = truncateLine(lineOf(100_000), 1_000_000)
    assert.ok(text !== undefined && text.length > 900_000)
  })
})
