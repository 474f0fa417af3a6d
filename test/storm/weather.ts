import { type Fault, faults } from '../support/endpoint/index.js'
import { POISON } from './messages.js'

const pick = <T>(list: readonly T[], random: () => number): T | undefined =>
  list[Math.floor(random() * list.length)]

/** Every way to fail, each with how long it may last at most, in milliseconds. */
const makers: readonly (readonly [
  name: string,
  make: (open: readonly string[], random: () => number) => Fault,
])[] = [
  ['throttle', (_, random) => faults.partial(faults.share(random()), faults.THROTTLED)],
  ['hot shard', (open, random) => faults.throttleShards([pick(open, random) ?? ''])],
  ['failing records', () => faults.partial(faults.share(0.1), 'InternalFailure')],
  ['request throttled', () => faults.requestError('ProvisionedThroughputExceededException')],
  ['KMS throttled', () => faults.requestError('KMSThrottlingException')],
  ['500', () => faults.requestError('InternalFailure')],
  ['503 HTML', () => faults.html(503)],
  ['empty 500', () => faults.emptyBody(500)],
  ['413', () => faults.emptyBody(413)],
  ['access denied', () => faults.requestError('AccessDeniedException')],
  ['no stream', () => faults.requestError('ResourceNotFoundException')],
  ['expired token', () => faults.requestError('ExpiredTokenException')],
  ['wrong clock', () => faults.requestError('InvalidSignatureException')],
  ['truncated JSON', () => faults.truncatedJson()],
  ['short list', () => faults.shortList(3)],
  ['hang', () => faults.hang()],
  ['stored, then hang', () => faults.hang({ stores: true })],
  ['slow', (_, random) => faults.slow(random() * 400)],
  ['hang-up', () => faults.hangUp()],
  ['lost response', () => faults.lostResponse()],
  ['cut response', () => faults.cutResponse()],
]

const MOST_AT_ONCE = 5
/** The service refuses a poison record on any day. */
const FAIR = faults.poison(({ text }) => text.includes(POISON))

/** Which faults blow at the moment. Drawn anew every second or so. */
export class Weather {
  readonly #random: () => number
  #blowing: readonly Fault[] = []
  #share = 0
  /** Of the faults that blow, in words. */
  names = ''
  /** How often each fault was met. */
  readonly met: Map<string, number> = new Map()

  constructor(random: () => number) {
    this.#random = random
  }

  /** Draws new weather; returns how long it lasts, in milliseconds. */
  turn(openShards: readonly string[]): number {
    const random = this.#random
    const count = Math.floor(random() * (MOST_AT_ONCE + 1))
    const names: string[] = []
    this.#blowing = Array.from({ length: count }, () => {
      const [name, make] = pick(makers, random) ?? makers[0]!
      names.push(name)
      this.met.set(name, (this.met.get(name) ?? 0) + 1)
      return make(openShards, random)
    })
    this.names = names.join(', ')
    // At times every request is hit, mostly some are.
    this.#share = random() < 0.3 ? 1 : random() * 0.5
    return 200 + random() * 1300
  }

  calm(): void {
    this.#blowing = []
  }

  next(): Fault {
    if (this.#blowing.length === 0 || this.#random() > this.#share) return FAIR
    return pick(this.#blowing, this.#random) ?? FAIR
  }
}
