import { cutString, quoteCut, unitAt } from './cut-text.js'
import { type FieldTable, fieldsIn } from './json-fields.js'

/** Most bytes of the names of cut fields in the mark; names alone must not fill a record. */
const NAMES_BYTES = 1024
/** `,"more":` and a number. */
const MORE_BYTES = 24
/** A value cut to less says nothing: rather leave out whole fields. */
const LEAST_VALUE_BYTES = 64
/** More than a line can have fields. */
const PLACES = 2 ** 25
/** Left out last: without them a line is hardly a log. */
const KEPT_LONGEST: ReadonlySet<string> = new Set(['"level"', '"time"', '"msg"'])
/** Of those, with its quotes. */
const LONGEST_NAME = 7
const MARK = 'truncated'
const UNDERSCORE = 0x5f
const OPEN = 0x7b
const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
/** `\\u0041`. */
const UNIT_BYTES = 6

/**
 * Shortens a line to valid JSON of at most `limit` bytes, in one pass over it: the largest values of an
 * object are cut (to the beginning of their JSON, in a string), all others stay as they are to the
 * byte; if the names alone are too much, whole fields are left out. A mark says so, `truncated` or
 * the first of `truncated_`, `truncated__` ... that is no field of the line: its true size, and the names of
 * what was cut or left out. What is not a JSON object becomes one, with the text as `msg`.
 * Undefined if not even that fits.
 * @param bytes the line's true size, if only its beginning is at hand
 */
export const truncateLine = (
  line: Buffer,
  limit: number,
  bytes: number = line.length,
): Buffer | undefined => {
  const fields = fieldsIn(line)
  const cut = fields && cutObject(line, fields, limit, bytes)
  return cut ?? cutPlain(line, limit, bytes)
}

const cutPlain = (line: Buffer, limit: number, bytes: number): Buffer | undefined => {
  const mark = `,"truncated":{"bytes":${bytes},"fields":["msg"]}}`
  const room = limit - '{"msg":'.length - mark.length
  return room < 2
    ? undefined
    : Buffer.concat([Buffer.from('{"msg":'), quoteCut(line, room), Buffer.from(mark)])
}

const cutObject = (
  line: Buffer,
  fields: FieldTable,
  limit: number,
  bytes: number,
): Buffer | undefined => {
  const markName = freeName(line, fields)
  const open = `"${markName}":{"bytes":${bytes},"fields":[`
  const fixed = open.length + ']}}{'.length + MORE_BYTES
  const nameRoom = Math.max(0, Math.min(NAMES_BYTES, (limit - fixed) >> 2))
  const budget = limit - fixed - nameRoom
  if (budget < 0) return undefined
  const kept = keepFields(line, fields, budget)
  const level = waterLevel(fields, kept, budget)
  const out = new Pieces(line, limit)
  const names: string[] = []
  let namesBytes = 0
  let more = 0
  const note = (field: number): void => {
    const start = fields.start(field)
    const nameEnd = fields.nameEnd(field)
    namesBytes += nameEnd - start + 1
    if (namesBytes <= nameRoom) names.push(line.toString('utf8', start, nameEnd))
    else more++
  }
  for (let field = 0; field < fields.count; field++) {
    const start = fields.start(field)
    const valueStart = fields.valueStart(field)
    const end = fields.end(field)
    if (kept[field] === 0) note(field)
    else if (end - valueStart <= level) out.keep(start, end)
    else {
      note(field)
      const isText = line[valueStart] === QUOTE
      if (isText) out.addText(start, cutString(line, valueStart + 1, end - 1, level))
      else out.add(start, valueStart, quoteCut(line.subarray(valueStart, end), level))
    }
  }
  return out.end(`${open}${names.join(',')}]${more > 0 ? `,"more":${more}` : ''}}}`)
}

/** The new line, put together of fields; those that follow each other in the old one are copied at once. */
class Pieces {
  readonly #line: Buffer
  readonly #out: Buffer
  #size = 1
  #start = 0
  #end = 0

  constructor(line: Buffer, limit: number) {
    this.#line = line
    this.#out = Buffer.allocUnsafe(limit)
    this.#out[0] = OPEN
  }

  keep(start: number, end: number): void {
    if (start === this.#end + 1 && this.#end > 0) this.#end = end
    else {
      this.#copyKept()
      this.#start = start
      this.#end = end
    }
  }

  /** A field up to `end`, inside of the string that is its value. */
  addText(start: number, end: number): void {
    this.#copyKept()
    this.#size += this.#line.copy(this.#out, this.#size, start, end)
    this.#out[this.#size++] = QUOTE
    this.#out[this.#size++] = COMMA
  }

  add(start: number, valueStart: number, value: Buffer): void {
    this.#copyKept()
    this.#size += this.#line.copy(this.#out, this.#size, start, valueStart)
    this.#size += value.copy(this.#out, this.#size)
    this.#out[this.#size++] = COMMA
  }

  end(rest: string): Buffer {
    this.#copyKept()
    return this.#out.subarray(0, this.#size + this.#out.write(rest, this.#size))
  }

  #copyKept(): void {
    if (this.#end === 0) return
    this.#size += this.#line.copy(this.#out, this.#size, this.#start, this.#end)
    this.#out[this.#size++] = COMMA
    this.#end = 0
  }
}

/** A name for the mark that is none of the line's own. */
const freeName = (line: Buffer, fields: FieldTable): string => {
  const taken = new Set<number>()
  for (let field = 0; field < fields.count; field++) {
    const underscores = markIn(line, fields.start(field) + 1, fields.nameEnd(field) - 1)
    if (underscores >= 0) taken.add(underscores)
  }
  let underscores = 0
  while (taken.has(underscores)) underscores++
  return MARK + '_'.repeat(underscores)
}

/**
 * How many underscores follow if a name, `line[start..end)`, is the mark's with any number of them; else
 * -1. Read character by character: most names differ in the first, and escapes may stand for each of them.
 */
const markIn = (line: Buffer, start: number, end: number): number => {
  let at = start
  let characters = 0
  for (; at < end; characters++) {
    const escaped = line[at] === BACKSLASH
    const code = escaped ? unitAt(line, at) : line[at]
    if (code !== (characters < MARK.length ? MARK.charCodeAt(characters) : UNDERSCORE)) return -1
    at += escaped ? UNIT_BYTES : 1
  }
  return characters - MARK.length
}

/** 1 for each field that stays, so that all of them have room for a part of their value worth reading. */
const keepFields = (line: Buffer, fields: FieldTable, budget: number): Uint8Array => {
  const { count } = fields
  const kept = new Uint8Array(count).fill(1)
  const least = Math.min(LEAST_VALUE_BYTES, Math.max(8, budget >> 4))
  // One number for cost and place: a sort of numbers needs no function, and no time to get warm.
  const order = new Float64Array(count)
  let over = -budget
  for (let field = 0; field < count; field++) {
    const cost = fields.around(field) + Math.min(fields.valueBytes(field), least)
    order[field] = cost * PLACES + field
    over += cost
  }
  if (over <= 0) return kept
  order.sort()
  const leaveOut = (may: (field: number) => boolean): void => {
    for (let i = count - 1; i >= 0 && over > 0; i--) {
      const one = order[i] ?? 0
      const field = one % PLACES
      if (kept[field] === 0 || !may(field)) continue
      kept[field] = 0
      over -= Math.floor(one / PLACES)
    }
  }
  leaveOut(field => {
    const start = fields.start(field)
    const end = fields.nameEnd(field)
    return end - start > LONGEST_NAME || !KEPT_LONGEST.has(line.toString('latin1', start, end))
  })
  leaveOut(() => true)
  return kept
}

/** The size to which larger values are cut, so that all that stays fits. */
const waterLevel = (fields: FieldTable, kept: Uint8Array, budget: number): number => {
  const sizes = new Float64Array(fields.count)
  let staying = 0
  let room = budget
  for (let field = 0; field < fields.count; field++) {
    if (kept[field] === 0) continue
    room -= fields.around(field)
    sizes[staying++] = fields.valueBytes(field)
  }
  const sorted = sizes.subarray(0, staying).toSorted()
  for (let i = 0; i < staying; i++) {
    const size = sorted[i] ?? 0
    const level = Math.floor(room / (staying - i))
    if (size > level) return level
    room -= size
  }
  return Number.POSITIVE_INFINITY
}
