import type { DropReason } from '@kinesis-producer/core'
import type { Findings } from './findings.js'

/** All that is known of a record from outside. Its text is unique and names it. */
export interface Known {
  readonly text: string
  readonly key: string | undefined
  readonly isPoison: boolean
  /** At least what it counts for in the buffer. */
  readonly maxBytes: number
  readonly offeredAt: number
  /** Undefined while nobody can tell. */
  admittedAt: number | undefined
  admission: 'open' | 'admitted' | 'refused'
  /** What its `put` said. */
  outcome: 'delivered' | 'duplicate' | 'undelivered' | undefined
  /** Requests that carried it. */
  tries: number
  /** Failures that can be called its own: for itself, or as the only one of a request. */
  ownFailures: number
  /** Whether one of its requests may have been carried out. */
  mayBeStored: boolean
  /** How often consumers read it. */
  stored: number
  dropped: DropReason | undefined
  handedBack: boolean
}

const POISON_MARK = '!'
/** A record without a key gets one of at most this many bytes; packing may add a terminator. */
const EXTRA_BYTES = 24

/** The books of a life. */
export class Ledger {
  readonly #findings: Findings
  readonly #known = new Map<string, Known>()
  /** Texts as consumers read them. */
  readonly stored: string[] = []
  #number = 0

  constructor(findings: Findings) {
    this.#findings = findings
  }

  get all(): Iterable<Known> {
    return this.#known.values()
  }

  /** A record that is about to be offered. */
  offer(key: string | undefined, size: number, poisonEvery: number, now: number): Known {
    const number = this.#number++
    const isPoison = number % poisonEvery === poisonEvery - 1
    const text = `${key ?? ''}#${number}${isPoison ? POISON_MARK : ''}#${'x'.repeat(size)}`
    const known: Known = {
      text,
      key,
      isPoison,
      maxBytes: text.length + (key?.length ?? 0) + EXTRA_BYTES,
      offeredAt: now,
      admittedAt: undefined,
      admission: 'open',
      outcome: undefined,
      tries: 0,
      ownFailures: 0,
      mayBeStored: false,
      stored: 0,
      dropped: undefined,
      handedBack: false,
    }
    this.#known.set(text, known)
    return known
  }

  /** What was sent or handed back must be what was added, byte by byte. */
  find(text: string): Known | undefined {
    const known = this.#known.get(text)
    this.#findings.expect(
      known !== undefined,
      () => `nobody added ${JSON.stringify(text.slice(0, 30))}`,
    )
    return known
  }

  consumersRead(text: string): void {
    const known = this.find(text)
    if (known === undefined) return
    known.stored++
    known.mayBeStored = true
    this.stored.push(text)
  }

  admitted(known: Known): void {
    this.#findings.expect(known.admission === 'open', () => `${known.text} admitted twice`)
    known.admission = 'admitted'
  }

  refused(known: Known): void {
    this.#findings.expect(known.admission === 'open', () => `${known.text} admitted and refused`)
    known.admission = 'refused'
  }
}

/** The key in a text; empty for none. */
export const keyOf = (text: string): string => text.slice(0, text.indexOf('#'))

/** Whether the text is one of a poison record. */
export const isPoison = (text: string): boolean =>
  text.split('#')[1]?.endsWith(POISON_MARK) === true
