import type {
  BatchingKinesisClient,
  PutRecordsOptions,
  PutRecordsRequest,
  PutRecordsResponse,
  PutRecordsResult,
  WireRecord,
} from '@kinesis-producer/core'
import { decode } from '@kinesis-producer/core/decode'
import { serviceError, textOf } from '../support/core/fake-client.js'
import {
  type FaultName,
  failed500,
  fromWire,
  garbled,
  internalFailure,
  kmsFailure,
  oddCode,
  oddThrown,
  type PoisonName,
  reset,
  throttled,
  unreached,
} from './faults.js'
import { isPoison, type Ledger } from './ledger.js'
import type { LifeClock } from './life-clock.js'
import { StreamShards } from './stream-shards.js'

/** A Kinesis record of a request, and the texts of the user records in it. */
interface Carrier {
  readonly texts: readonly string[]
  readonly shardId: string
  /** Those of the texts that consumers read there. */
  readonly readable: readonly string[]
}

/** A request in flight. */
export interface Request {
  readonly records: readonly WireRecord[]
  readonly carriers: readonly Carrier[]
  readonly texts: readonly string[]
}

/** How the stream answers what is asked of it, apart from PutRecords. */
export type QueryAnswer = 'answers' | 'denies' | 'hangs' | 'garbles'

export const DISCOVERED_KIB = 2048
const SLOW_MS = 40

/** A stream of shards behind a service that can fail in every way. */
export class FakeService implements BatchingKinesisClient {
  readonly shards: StreamShards
  readonly inFlight = new Set<Request>()
  faults: readonly FaultName[] = ['none']
  poison: PoisonName | undefined = undefined
  queries: QueryAnswer = 'answers'
  described = false
  /** Told of everything that reaches the service. */
  reached: (what: Request | 'query') => void = () => {}
  readonly #clock: LifeClock
  readonly #ledger: Ledger
  readonly #packing: 'none' | 'concat' | 'kpl'
  #requests = 0
  #sequence = 0
  #successes = 0

  constructor(
    clock: LifeClock,
    ledger: Ledger,
    shards: number,
    packing: 'none' | 'concat' | 'kpl',
  ) {
    this.#clock = clock
    this.#ledger = ledger
    this.#packing = packing
    this.shards = new StreamShards(shards)
  }

  /** As a client of the SDK, for what is not PutRecords. */
  async send(command: {
    input: { NextToken?: string }
    constructor: { name: string }
  }): Promise<never> {
    this.reached('query')
    switch (this.queries) {
      case 'denies':
        throw serviceError('AccessDeniedException')
      case 'hangs':
        return new Promise(() => {})
      case 'garbles':
        return fromWire('<html>')
      case 'answers':
        if (command.constructor.name === 'ListShardsCommand')
          return fromWire(this.shards.list(command.input.NextToken))
        this.described = true
        return fromWire({ StreamDescriptionSummary: { MaxRecordSizeInKiB: DISCOVERED_KIB } })
    }
  }

  async putRecords(
    { Records }: PutRecordsRequest,
    options?: PutRecordsOptions,
  ): Promise<PutRecordsResponse> {
    const carriers = Records.map(record => this.#carrier(record))
    const request: Request = { records: Records, carriers, texts: carriers.flatMap(c => c.texts) }
    this.reached(request)
    this.inFlight.add(request)
    // Given up before its answer was heard: nobody knows what became of it.
    const abort = (): void => {
      this.inFlight.delete(request)
      this.#mayBeStored(request.texts)
    }
    options?.abortSignal?.addEventListener('abort', abort, { once: true })
    for (const text of request.texts) {
      const known = this.#ledger.find(text)
      if (known !== undefined) known.tries++
    }
    try {
      const answer = await this.#answer(request, this.#requests++)
      this.#successes++
      return answer
    } catch (error) {
      this.#blameIfAlone(request.texts)
      throw error
    } finally {
      this.inFlight.delete(request)
    }
  }

  async #answer(request: Request, i: number): Promise<PutRecordsResponse> {
    if (this.poison !== undefined && request.texts.some(isPoison))
      return this.#poisoned(request, this.poison)
    const fault = this.faults[i % this.faults.length] ?? 'none'
    switch (fault) {
      case 'none':
        return this.#store(request)
      case 'throttle':
        return this.#store(request, ({ shardId }) => throttled(shardId))
      case 'throttleUnnamed':
        return this.#store(request, () => throttled(undefined))
      case 'hotShard':
        return this.#store(request, ({ shardId }) =>
          shardId === this.shards.ids[0] ? throttled(shardId) : undefined,
        )
      case 'hotShardUnnamed':
        return this.#store(request, ({ shardId }) =>
          shardId === this.shards.ids[0] ? throttled(undefined) : undefined,
        )
      case 'partial':
        return this.#store(request, ({ texts }) =>
          (texts[0]?.length ?? 0) % 3 === 0 ? this.#failing(texts, internalFailure) : undefined,
        )
      case 'allInternal':
        return this.#store(request, ({ texts }) => this.#failing(texts, internalFailure))
      case 'kms':
        return this.#store(request, (_, at) => (at % 2 === i % 2 ? kmsFailure(at) : undefined))
      case 'oddCodes':
        return this.#store(request, ({ texts }, at) => this.#failing(texts, oddCode(at)))
      case 'noResults':
        return this.#store(request, ({ texts }, at) =>
          at % 2 === 0 ? this.#failing(texts, fromWire(null)) : undefined,
        )
      case 'fail500':
      case 'reset':
      case 'oddThrow':
        this.#mayBeStored(request.texts)
        throw fault === 'fail500' ? failed500() : fault === 'reset' ? reset() : oddThrown(i)
      case 'unreached':
        throw unreached()
      case 'denied':
        throw serviceError('AccessDeniedException')
      case 'garbled':
      case 'long':
      case 'short':
      case 'lost':
      case 'slow':
      case 'hang':
        return this.#unclear(request, fault, i)
    }
  }

  /** Faults after which nobody knows whether the request was carried out. */
  async #unclear(
    request: Request,
    fault: 'garbled' | 'long' | 'short' | 'lost' | 'slow' | 'hang',
    i: number,
  ): Promise<PutRecordsResponse> {
    this.#mayBeStored(request.texts)
    // What is thrown counts where it is caught.
    if (fault !== 'lost') this.#blameIfAlone(request.texts)
    switch (fault) {
      case 'garbled':
        this.#store(request)
        return garbled(i)
      case 'long': {
        const answer = this.#store(request)
        return { ...answer, Records: [...(answer.Records ?? []), ...(answer.Records ?? [])] }
      }
      case 'short': {
        const { carriers } = request
        // Half of them are stored, and told; nothing is said of the others.
        return this.#store({ ...request, carriers: carriers.slice(0, carriers.length / 2) })
      }
      case 'lost':
        this.#store(request)
        throw reset()
      case 'slow':
        await this.#clock.after(SLOW_MS)
        return this.#store(request)
      case 'hang':
        return new Promise(() => {})
    }
  }

  #poisoned({ texts }: Request, poison: PoisonName): Promise<never> {
    if (poison === 'refused') throw serviceError('ValidationException')
    this.#mayBeStored(texts)
    if (poison === 'hangs') {
      this.#blameIfAlone(texts)
      return new Promise(() => {})
    }
    throw poison === 'resets' ? reset() : failed500()
  }

  /** Stores the records but those that `refuse` gives a result. */
  #store(
    { carriers }: Request,
    refuse: (carrier: Carrier, at: number) => PutRecordsResult | undefined = () => undefined,
  ): PutRecordsResponse {
    const results = carriers.map((carrier, at): PutRecordsResult => {
      const refusal = refuse(carrier, at)
      if (refusal !== undefined) return refusal
      this.#mayBeStored(carrier.texts)
      for (const text of carrier.readable) this.#ledger.consumersRead(text)
      return { ShardId: carrier.shardId, SequenceNumber: String(++this.#sequence) }
    })
    const failed = results.filter(result => result?.SequenceNumber === undefined).length
    return { FailedRecordCount: failed, Records: results }
  }

  #carrier(record: WireRecord): Carrier {
    const { PartitionKey, ExplicitHashKey } = record
    const shardId = this.shards.find(PartitionKey, ExplicitHashKey)
    if (this.#packing === 'none') {
      const texts = [textOf(record)]
      return { texts, shardId, readable: texts }
    }
    const users = [...decode(record)]
    const texts = users.map(({ data }) => Buffer.from(data).toString())
    if (this.#packing === 'concat' || texts.length === 1) return { texts, shardId, readable: texts }
    // A consumer of aggregates drops what does not belong to the shard.
    const readable = texts.filter((_, i) => {
      const { partitionKey = PartitionKey, explicitHashKey } = users[i] ?? {}
      return this.shards.find(partitionKey, explicitHashKey) === shardId
    })
    return { texts, shardId, readable }
  }

  #failing(texts: readonly string[], result: PutRecordsResult): PutRecordsResult {
    this.#mayBeStored(texts)
    this.#blame(texts)
    return result
  }

  #mayBeStored(texts: readonly string[]): void {
    for (const text of texts) {
      const known = this.#ledger.find(text)
      if (known !== undefined) known.mayBeStored = true
    }
  }

  /** A failure of a whole request is a record's own if it was alone, and others had succeeded. */
  #blameIfAlone(texts: readonly string[]): void {
    if (texts.length === 1 && this.#successes > 0) this.#blame(texts)
  }

  #blame(texts: readonly string[]): void {
    for (const text of texts) {
      const known = this.#ledger.find(text)
      if (known !== undefined) known.ownFailures++
    }
  }
}
