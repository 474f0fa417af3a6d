import { attributesOf } from './attributes.js'
import type { Costs, EncoderOptions } from './encoder.js'
import { contentsOf, fit } from './fit.js'
import { objectOf } from './neutral.js'
import { nameOf, printed } from './printed.js'
import { truncated } from './truncated.js'
import {
  ATTRIBUTE_DEPTH,
  type Entry,
  INVALID_ATTRIBUTES,
  isObject,
  readProperty,
} from './values.js'

/** A resource or scope as every encoding may write it. */
export interface Head {
  /** '': not given, as for all texts here. */
  readonly name: string
  readonly version: string
  readonly schemaUrl: string
  readonly attributes: object
  /** What the attributes could not carry, beside them. */
  readonly invalid: readonly Entry[]
  readonly droppedAttributesCount: number
}

const MAX_URL = 4096

/** Each field is validated by itself; never throws. */
const readHead = (of: object): Head => {
  const attributes = readProperty(of, 'attributes')
  const dropped = readProperty(of, 'droppedAttributesCount')
  const url = nameOf(readProperty(of, 'schemaUrl'))
  return {
    name: nameOf(readProperty(of, 'name')),
    version: nameOf(readProperty(of, 'version')),
    schemaUrl: url.length > MAX_URL ? truncated(url, MAX_URL) : url,
    attributes: isObject(attributes) ? attributesOf(attributes) : {},
    invalid:
      isObject(attributes) || attributes === undefined || attributes === null
        ? []
        : [[INVALID_ATTRIBUTES, printed(attributes)]],
    droppedAttributesCount: typeof dropped === 'number' && isUint32(dropped) ? dropped : 0,
  }
}

const isUint32 = (value: number): boolean =>
  Number.isInteger(value) && value >= 0 && value < 2 ** 32

/** Share of a record that a resource or a scope may take; the rest is for logs. */
const SHARES = { resource: 3 / 4, scope: 1 / 8 } as const

/** Resources or scopes as an encoding writes them: there are few, and they come with every log. */
export class Heads<Encoded> {
  readonly #known = new WeakMap<object, Encoded>()
  readonly #part: 'resource' | 'scope'
  readonly #options: EncoderOptions
  readonly #costs: Costs
  readonly #encode: (head: Head, maxBytes: number) => Encoded
  readonly #bytes: (encoded: Encoded) => number

  constructor(
    part: 'resource' | 'scope',
    options: EncoderOptions,
    costs: Costs,
    encode: (head: Head, maxBytes: number) => Encoded,
    bytes: (encoded: Encoded) => number,
  ) {
    this.#part = part
    this.#options = options
    this.#costs = costs
    this.#encode = encode
    this.#bytes = bytes
  }

  /** @param maxBytes most bytes of the chunk it is for */
  of(object: object, maxBytes: number): Encoded {
    const limit = Math.floor(maxBytes * SHARES[this.#part])
    const known = this.#known.get(object)
    if (known !== undefined && this.#bytes(known) <= limit) return known
    const head = readHead(object)
    let encoded = this.#encode(head, maxBytes)
    if (this.#bytes(encoded) > limit) encoded = this.#shortened(head, limit)
    // It may still get attributes.
    if (readProperty(object, 'asyncAttributesPending') !== true) this.#known.set(object, encoded)
    return encoded
  }

  #shortened(head: Head, limit: number): Encoded {
    const { name, version, attributes } = head
    let encoded: Encoded | undefined
    fit({
      contents: contentsOf(
        [name, version],
        undefined,
        attributes,
        head.invalid,
        ATTRIBUTE_DEPTH,
        limit,
      ),
      costs: this.#costs,
      maxBytes: limit,
      write: ({ texts: [shortName = '', shortVersion = ''], attributes: kept, dropped }) => {
        const shorter = {
          ...head,
          name: shortName,
          version: shortVersion,
          attributes: objectOf(kept.entries),
          invalid: [],
          droppedAttributesCount: head.droppedAttributesCount + dropped,
        }
        encoded = this.#encode(shorter, limit)
        return this.#bytes(encoded)
      },
    })
    this.#options.shortened?.(this.#part)
    return encoded ?? this.#encode(head, limit)
  }
}
