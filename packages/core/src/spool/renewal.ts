import type { DiskHealth } from './disk-health.js'
import { rewriteSegment } from './rewrite.js'
import type { Segment } from './segment.js'
import type { SegmentWriter } from './segment-writer.js'
import type { Sources } from './sources.js'
import type { SpoolPorts } from './spool-types.js'
import type { Syncer } from './syncer.js'

/** Shortest time between two tries to make room. */
const EVERY_MS = 1000
/** Part of its records below which a segment is worth being written anew, and of its bytes. */
const SPARSE = 0.25

export interface RenewalParts {
  readonly sources: Sources
  readonly writer: SegmentWriter
  readonly syncer: Syncer
  readonly health: DiskHealth
}

/** Puts segments that were written anew in the place of the old ones. */
export class Renewal {
  readonly #ports: SpoolPorts
  readonly #parts: RenewalParts
  #reclaimedAt = Number.NEGATIVE_INFINITY

  constructor(ports: SpoolPorts, parts: RenewalParts) {
    this.#ports = ports
    this.#parts = parts
  }

  /**
   * Writes a segment anew, unless the new file would have more bytes than this.
   * @throws what the system says
   */
  renew(segment: Segment, mostBytes: number = Number.POSITIVE_INFINITY): void {
    const { fs, wallClock, bootId } = this.#ports
    const bytes = rewriteSegment(fs, segment, wallClock(), bootId, mostBytes)
    if (bytes === undefined) return
    const { sources, writer, syncer } = this.#parts
    segment.bytes = bytes
    sources.replaced(segment)
    // The old file may be with the system at this moment, to be synced.
    if (segment === writer.active) syncer.closeFile(writer.replaced(fs.append(segment.path)))
  }

  /** Writes segments anew that hold little else than settled records. Returns whether it tried. */
  reclaim(): boolean {
    const now = this.#ports.timers.now()
    if (now - this.#reclaimedAt < EVERY_MS) return false
    this.#reclaimedAt = now
    for (const segment of this.#parts.sources.segments) {
      const isSparse = segment.unsettled < SPARSE * (segment.end - segment.first)
      if (!segment.complete || !isSparse) continue
      try {
        this.renew(segment, 2 * SPARSE * segment.bytes)
      } catch (error) {
        this.#parts.health.note(error)
      }
    }
    return true
  }
}
