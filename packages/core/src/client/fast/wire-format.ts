import { textProperty } from '../../errors/bounded-text.js'
import { JSON_WIRE } from '../wire/json-wire.js'
import type { Wire } from '../wire/wire.js'
import type { HttpResponse } from './template.js'

/** How an endpoint says, by the name of an error, that it does not know a format of requests. */
const NOT_UNDERSTOOD = /^(UnknownOperationException|UnsupportedMediaType.*)$/
/** How it says so by status alone. */
const NOT_UNDERSTOOD_STATUS: ReadonlySet<number> = new Set([400, 404, 415])
/** With these, all kinds of proxies and gateways refuse a type of content that they do not know. */
const FIRST_REFUSED_STATUS: ReadonlySet<number> = new Set([400, 403, 404, 406, 415, 500])
/** An endpoint that reads a format wrongly finds fault with the records. */
const BLAMES_RECORDS =
  /^(Validation(Exception|Error)|InvalidArgumentException|SerializationException)$/

/** What a refusal says of the format that was spoken. */
export type Suspicion =
  /** Nothing: the endpoint speaks it. */
  | 'trust'
  /** It may be the cause: JSON has to be tried before records are blamed. */
  | 'compare'
  /** The endpoint does not speak it: JSON from now on. */
  | 'give up'

/** The format in which an endpoint is spoken to: JSON from the moment it does not do well with another. */
export class WireFormat {
  #wire: Wire
  /** An answer to a request in this format was in this format as well. */
  #isUnderstood = false

  constructor(wire: Wire) {
    this.#wire = wire
  }

  get wire(): Wire {
    return this.#wire
  }

  /** A request in this format was carried out. */
  understood(wire: Wire): void {
    if (wire === this.#wire) this.#isUnderstood = true
  }

  refused(wire: Wire, error: unknown, { statusCode, headers }: HttpResponse): Suspicion {
    if (wire === JSON_WIRE) return 'trust'
    const name = textProperty(error, 'name') ?? 'Unknown'
    if (BLAMES_RECORDS.test(name)) return 'compare'
    const isReadable = name !== 'SyntaxError' && name !== 'Unknown'
    // Who answers in a format speaks it, whatever the answer is.
    if (isReadable && headers['content-type']?.includes('cbor') === true) this.understood(wire)
    const isOdd = this.#isUnderstood
      ? NOT_UNDERSTOOD.test(name) || (!isReadable && NOT_UNDERSTOOD_STATUS.has(statusCode))
      : NOT_UNDERSTOOD.test(name) || FIRST_REFUSED_STATUS.has(statusCode)
    if (!isOdd) return 'trust'
    this.giveUp(wire)
    return 'give up'
  }

  /** Of requests that are in flight together, only the first one warns. */
  giveUp(wire: Wire): void {
    if (wire === JSON_WIRE || this.#wire === JSON_WIRE) return
    this.#wire = JSON_WIRE
    process.emitWarning(
      'the endpoint does not understand wireFormat cbor; json is used from now on',
      'KinesisProducerWarning',
    )
  }
}
