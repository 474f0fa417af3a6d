import { Limits } from './decode/limits.js'
import { readOtlpProto } from './decode/otlp-proto.js'
import type { PlainLog } from './decode/plain-log.js'
import type { Chunker, Encoded } from './encoding/chunker.js'
import { isObject, readProperty } from './encoding/values.js'
import type {
  AttributesLike,
  HrTimeLike,
  ReadableLogRecordLike,
  ResourceLike,
  ScopeLike,
} from './log-record.js'
import { quietly } from './quietly.js'

/** What stands in for the resource until its attributes are there. */
const NO_RESOURCE: ResourceLike = { attributes: {} }
const NO_SCOPE: ScopeLike = { name: '' }
const NANOS = 1_000_000_000n
/** They are our own bytes. */
const UNLIMITED = Number.MAX_SAFE_INTEGER

export interface WaitingLogsPorts {
  /** Makes a chunker of OTLP protobuf, which carries all that a log may hold. */
  readonly chunker: (full: (encoded: Encoded) => void) => Chunker
  /** A log whose resource has its attributes now. */
  readonly release: (log: ReadableLogRecordLike) => void
  /** Logs that found no capacity. */
  readonly dropped: (logs: number) => void
  /** Most bytes held. */
  readonly maxBytes: number
  /** Longest time a resource is waited for, in milliseconds. */
  readonly waitMs: number
}

/** Bytes of their own. */
interface Kept {
  readonly data: Buffer
  readonly logs: number
}

/** Logs of one resource and scope, in the order they were emitted. */
interface Held {
  readonly chunker: Chunker
  readonly chunks: Kept[]
}

interface Group {
  readonly resource: ResourceLike
  readonly byScope: Map<unknown, Held>
  readonly settled: Promise<void>
}

/**
 * Logs whose resource still finds out some of its attributes (`host.id`, what a cloud says of the
 * machine). The SDK's processors wait for those before they export; so do we. Until then the logs
 * are held as bytes, so that a log is what it was when it was emitted, and memory is bounded: beyond
 * `maxBytes` the oldest are dropped.
 */
export class WaitingLogs {
  readonly #ports: WaitingLogsPorts
  readonly #groups = new Map<ResourceLike, Group>()
  /** Resources that took too long: their logs go as they are. */
  readonly #late = new WeakSet<ResourceLike>()
  #bytes = 0

  constructor(ports: WaitingLogsPorts) {
    this.#ports = ports
  }

  /** Whether the log waits here now; if not, its resource is as complete as it will be. */
  takes(log: ReadableLogRecordLike): boolean {
    // Whatever the log is: what cannot be read is marked when it is encoded.
    const resource = readProperty(log, 'resource')
    if (!isPending(resource) || this.#late.has(resource)) return false
    const group = this.#groups.get(resource) ?? this.#begin(resource)
    if (group === undefined) return false
    const scope = readProperty(log, 'instrumentationScope')
    const held = group.byScope.get(scope) ?? this.#hold(group, scope)
    held.chunker.add(new StandIn(log), undefined)
    return true
  }

  /** Waits until all have their attributes, but not longer than that; then all are released. */
  async settle(ms: number): Promise<void> {
    if (this.#groups.size === 0) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, ms)
    })
    await Promise.race([Promise.all([...this.#groups.values()].map(one => one.settled)), late])
    clearTimeout(timer)
    this.releaseAll()
  }

  /** With the attributes that are there. */
  releaseAll(): void {
    for (const group of this.#groups.values()) this.#release(group)
  }

  #begin(resource: ResourceLike): Group | undefined {
    const pending = attributesOf(resource)
    if (pending === undefined) return undefined
    const settled = quietly(async () => {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>(resolve => {
        timer = setTimeout(resolve, this.#ports.waitMs).unref()
      })
      // A detector that fails leaves its attributes out.
      await Promise.race([Promise.resolve(pending).catch(() => {}), late])
      clearTimeout(timer)
      const group = this.#groups.get(resource)
      if (group !== undefined) this.#release(group)
    })
    const group: Group = { resource, byScope: new Map(), settled }
    this.#groups.set(resource, group)
    return group
  }

  #hold({ byScope }: Group, scope: unknown): Held {
    const chunks: Kept[] = []
    const chunker = this.#ports.chunker(encoded => {
      const data = Buffer.from(encoded.data)
      chunks.push({ data, logs: encoded.logs })
      this.#bytes += data.length
      while (this.#bytes > this.#ports.maxBytes && this.#dropOldest());
    })
    const held: Held = { chunker, chunks }
    byScope.set(scope, held)
    return held
  }

  #dropOldest(): boolean {
    for (const { byScope } of this.#groups.values())
      for (const { chunks } of byScope.values()) {
        const oldest = chunks.shift()
        if (oldest === undefined) continue
        this.#bytes -= oldest.data.length
        this.#ports.dropped(oldest.logs)
        return true
      }
    return false
  }

  #release(group: Group): void {
    const { resource, byScope } = group
    if (!this.#groups.delete(resource)) return
    this.#late.add(resource)
    for (const [scope, { chunker, chunks }] of byScope) {
      chunker.flush()
      for (const { data } of chunks) {
        this.#bytes -= data.length
        const logs: PlainLog[] = []
        readOtlpProto(data, logs, new Limits(UNLIMITED, UNLIMITED))
        for (const log of logs) this.#ports.release(readable(log, resource, scope))
      }
    }
  }
}

const isPending = (resource: unknown): resource is ResourceLike =>
  isObject(resource) && readProperty(resource, 'asyncAttributesPending') === true

/** What it gives to be waited for; undefined: nothing. */
const attributesOf = (resource: ResourceLike): unknown => {
  try {
    return resource.waitForAsyncAttributes?.()
  } catch {
    return undefined
  }
}

/** A log without its resource. Each field is read when it is encoded, since to read it may throw. */
class StandIn implements ReadableLogRecordLike {
  readonly resource: ResourceLike = NO_RESOURCE
  readonly #log: ReadableLogRecordLike

  constructor(log: ReadableLogRecordLike) {
    this.#log = log
  }

  get hrTime(): HrTimeLike {
    return this.#log.hrTime
  }
  get hrTimeObserved(): HrTimeLike {
    return this.#log.hrTimeObserved
  }
  get spanContext(): ReadableLogRecordLike['spanContext'] {
    return this.#log.spanContext
  }
  get severityText(): string | undefined {
    return this.#log.severityText
  }
  get severityNumber(): number | undefined {
    return this.#log.severityNumber
  }
  get body(): unknown {
    return this.#log.body
  }
  get eventName(): string | undefined {
    return this.#log.eventName
  }
  get instrumentationScope(): ScopeLike {
    return this.#log.instrumentationScope
  }
  get attributes(): AttributesLike {
    return this.#log.attributes
  }
  get droppedAttributesCount(): number {
    return this.#log.droppedAttributesCount
  }
}

const hrTime = (nanos: bigint | undefined): HrTimeLike =>
  nanos === undefined ? [0, 0] : [Number(nanos / NANOS), Number(nanos % NANOS)]

/** @param scope whatever the log had; an encoder takes none for an object without a name */
const readable = (log: PlainLog, resource: ResourceLike, scope: unknown): ReadableLogRecordLike => {
  const { time, observedTime, traceId, spanId, traceFlags = 0, ...same } = log
  const instrumentationScope: ScopeLike = isObject(scope) ? Object(scope) : NO_SCOPE
  return {
    ...same,
    hrTime: hrTime(time),
    hrTimeObserved: hrTime(observedTime),
    spanContext:
      traceId === undefined && spanId === undefined && traceFlags === 0
        ? undefined
        : { traceId: traceId ?? '', spanId: spanId ?? '', traceFlags },
    resource,
    instrumentationScope,
  }
}
