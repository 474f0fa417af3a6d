import {
  type BatchingKinesisClient,
  type CloseResult,
  DeliveryError,
  type Producer,
  type ProducerConfig,
} from '@kinesis-producer/core'
import { watchedCallbacks } from './callbacks.js'
import { DISCOVERED_KIB, FakeService, type Request } from './fake-service.js'
import type { FaultName } from './faults.js'
import { Findings } from './findings.js'
import { type Known, keyOf, Ledger } from './ledger.js'
import { LifeClock, settle } from './life-clock.js'
import { type Adds, DISCOVER_SCALE, type Life, MAX_RECORD_BYTES, type Step } from './lives.js'
import { hashKeyAt } from './stream-shards.js'
import type { World } from './world.js'

/** Records that a life's callbacks may add, and calls they may make. */
const REACTIONS_OF_A_LIFE = 20
const DISCOVER_MAX_COUNT = 2

const THROTTLING: ReadonlySet<FaultName> = new Set([
  'throttle',
  'throttleUnnamed',
  'hotShard',
  'hotShardUnnamed',
  'kms',
])

/** Makes the producer of a life. */
export interface MakeProducer {
  readonly isRemote: boolean
  /** Called after each step; true: a worker was killed. */
  readonly disturb?: (step: number) => boolean
  readonly make: (client: BatchingKinesisClient, config: ProducerConfig) => Producer
}

/** Lives a life with a producer, and writes down what it sees. */
export class Actor implements World {
  readonly life: Life
  readonly findings: Findings = new Findings()
  readonly clock: LifeClock = new LifeClock()
  readonly ledger: Ledger = new Ledger(this.findings)
  readonly service: FakeService
  readonly producer: Producer
  readonly isRemote: boolean
  readonly pending: Promise<unknown>[] = []
  readonly closed: CloseResult[] = []
  readonly waiting = new Set<Known>()
  controller: AbortController = new AbortController()
  isOver = false
  isKilled = false
  /** Calls of start, flush, drain, close and dispose so far: each may make requests leave. */
  launches = 0
  stops = 0
  disposals = 0
  wasThrottled = false
  refusesPoison = false
  statsSeen = 0
  reactionsLeft = REACTIONS_OF_A_LIFE
  #isStopped = true

  constructor(life: Life, { make, isRemote }: MakeProducer) {
    this.life = life
    this.isRemote = isRemote
    const { settings, shards } = life
    this.service = new FakeService(
      this.clock,
      this.ledger,
      shards,
      settings.packing?.kind ?? 'none',
    )
    this.producer = make(this.service, {
      ...settings,
      clock: this.clock,
      random: () => 0.999_999_999,
      ...watchedCallbacks(this),
    })
    this.service.latency = life.latency
    this.service.queries = life.queries
    this.service.reached = what => this.#reached(what)
  }

  add({ do: how, count, keys, size, bytes, hashKey, signal }: Adds): void {
    const isDiscovering = this.life.settings.maxRecordBytes === 'discover'
    const most = isDiscovering ? Math.min(count, DISCOVER_MAX_COUNT) : count
    for (let i = 0; i < most; i++) {
      const number = keys === 0 ? undefined : i % keys
      const known = this.ledger.offer(
        number === undefined ? undefined : `k${number}`,
        isDiscovering ? size * DISCOVER_SCALE : size,
        this.life.poisonEvery,
        this.clock.now(),
        signal ? this.controller.signal : undefined,
      )
      const data = bytes ? new Uint8Array(Buffer.from(known.text)) : known.text
      this.#offer(how, known, data, {
        ...(hashKey && number !== undefined && { explicitHashKey: hashKeyAt(number) }),
        ...(known.signal !== undefined && { signal: known.signal }),
      })
      // The caller's buffer is his own again.
      if (typeof data !== 'string') data.fill(0)
    }
  }

  /** Adds a record that nothing is wrong with; false if there is no capacity. */
  addInnocent(): boolean {
    const known = this.ledger.offer(
      undefined,
      1,
      Number.POSITIVE_INFINITY,
      this.clock.now(),
      undefined,
    )
    this.#offer('tryAdd', known, known.text, {})
    return known.admission === 'admitted'
  }

  start(): void {
    try {
      this.producer.start()
      this.#launch()
    } catch {
      // Running, or not yet done stopping: a legal answer to a random call.
    }
  }

  stop(): void {
    this.stops++
    this.pending.push(this.#stop(this.launches))
  }

  call(what: 'flush' | 'drain' | 'close', ms: number): void {
    this.#launch()
    if (what === 'close') this.pending.push(this.close(ms))
    else this.pending.push(this.producer[what](ms, true).catch(() => {}))
  }

  async close(ms: number): Promise<void> {
    this.#launch()
    this.closed.push(await this.producer.close(ms))
    this.isOver = true
  }

  async dispose(): Promise<void> {
    this.#launch()
    this.disposals++
    await this.producer[Symbol.asyncDispose]()
    this.isOver = true
  }

  async step(step: Step): Promise<void> {
    switch (step.do) {
      case 'add':
      case 'tryAdd':
      case 'put':
        return this.add(step)
      case 'advance':
        return this.clock.advance(step.ms)
      case 'freeze':
        return this.clock.freeze(step.ms)
      case 'flush':
      case 'drain':
      case 'close':
        return this.call(step.do, step.ms)
      case 'dispose':
        return void this.pending.push(this.dispose())
      case 'start':
        return this.start()
      case 'stop':
        return this.stop()
      case 'abort':
        this.controller.abort(new Error('never mind'))
        this.controller = new AbortController()
        return settle()
      case 'faults':
        this.service.faults = step.faults
        this.wasThrottled ||= step.faults.some(fault => THROTTLING.has(fault))
        return
      case 'poison':
        this.service.poison = step.poison
        this.refusesPoison ||= step.poison === 'refused'
        return
      case 'reshard':
        return this.service.shards[step.how](step.at)
      case 'queries':
        this.service.queries = step.queries
        return
    }
  }

  async #stop(launches: number): Promise<void> {
    try {
      await this.producer.stop()
    } catch {
      return
    }
    // Who started again, flushed or closed meanwhile wants requests.
    if (launches !== this.launches) return
    this.#isStopped = true
    this.findings.expect(
      this.isKilled || this.service.inFlight.size === 0,
      'stopped with a request in flight',
    )
  }

  #launch(): void {
    this.launches++
    this.#isStopped = false
  }

  #offer(
    how: Adds['do'],
    known: Known,
    data: Uint8Array | string,
    options: { explicitHashKey?: string; signal?: AbortSignal },
  ): void {
    const { producer, ledger } = this
    const { key, offeredAt } = known
    if (how === 'tryAdd') {
      if (producer.tryAdd(data, key, options)) {
        known.admittedAt = offeredAt
        ledger.admitted(known)
      } else ledger.refused(known)
      return
    }
    known.isPut = how === 'put'
    const before = producer.stats().waiting
    const result = how === 'add' ? this.#add(known, data, options) : this.#put(known, data, options)
    if (producer.stats().waiting > before) this.waiting.add(known)
    else known.admittedAt = offeredAt
    this.pending.push(result)
  }

  async #add(known: Known, data: Uint8Array | string, options: object): Promise<void> {
    try {
      await this.producer.add(data, known.key, options)
      known.admittedAt ??= this.clock.now()
      this.ledger.admitted(known)
    } catch {
      this.ledger.refused(known)
    }
    this.waiting.delete(known)
  }

  async #put(known: Known, data: Uint8Array | string, options: object): Promise<void> {
    try {
      const { possibleDuplicate } = await this.producer.put(data, known.key, options)
      known.outcome = possibleDuplicate ? 'duplicate' : 'delivered'
      this.ledger.admitted(known)
    } catch (error) {
      if (error instanceof DeliveryError) {
        known.outcome = 'undelivered'
        this.ledger.admitted(known)
      } else this.ledger.refused(known)
    }
    this.waiting.delete(known)
  }

  #reached(what: Request | 'query'): void {
    const { findings, producer } = this
    findings.expect(!this.isOver, 'the service was asked after close()')
    if (what === 'query') return
    const { state } = producer.stats()
    findings.expect(
      !this.#isStopped &&
        (state === 'running' ||
          state === 'flushing' ||
          state === 'closing' ||
          (state === 'stopping' && this.isRemote)),
      () => `a request left while the producer was ${state}`,
    )
    this.#checkLimits(what)
    this.#checkAges(what)
    if (this.life.settings.ordering === 'partitionKey' && !this.isKilled) this.#checkKeys(what)
  }

  #checkLimits({ records }: Request): void {
    const { findings, service } = this
    const { maxRecordBytes, maxInFlight = 0 } = this.life.settings
    findings.expect(records.length >= 1 && records.length <= 500, '1 to 500 records in a request')
    if (!this.isKilled)
      findings.expect(service.inFlight.size < maxInFlight, 'no more requests than maxInFlight')
    const discovered = service.described ? DISCOVERED_KIB * 1024 : 1024 * 1024
    const most = maxRecordBytes === 'discover' ? discovered : MAX_RECORD_BYTES
    for (const { Data, PartitionKey } of records)
      findings.expect(Data.length + PartitionKey.length <= most, 'within the record limit')
  }

  #checkAges({ texts }: Request): void {
    const { recordTtl = 0 } = this.life.settings
    if (recordTtl === 0) return
    for (const text of texts) {
      const age = this.clock.now() - (this.ledger.find(text)?.admittedAt ?? this.clock.now())
      this.findings.expect(age < recordTtl, () => `${text} was tried ${age} ms after its admission`)
    }
  }

  /** Several records of a key share a Kinesis record, or else the first has to be answered for. */
  #checkKeys({ carriers }: Request): void {
    const flying = [...this.service.inFlight].flatMap(request => request.carriers)
    const seen = new Set(flying.flatMap(carrier => carrier.texts.map(keyOf)))
    for (const { texts } of carriers) {
      const keys = new Set(texts.map(keyOf).filter(key => key !== ''))
      for (const key of keys) this.findings.expect(!seen.has(key), () => `${key} is tried twice`)
      for (const key of keys) seen.add(key)
    }
  }
}
