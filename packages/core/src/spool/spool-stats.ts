import type { DiskHealth } from './disk-health.js'
import type { Home } from './ownership.js'
import type { Sources } from './sources.js'
import type { SpoolStats } from './spool-types.js'
import type { Syncer } from './syncer.js'

export interface StatsParts {
  readonly health: DiskHealth
  readonly isFull: boolean
  readonly home: Home | undefined
  readonly sources: Sources
  readonly syncer: Syncer
}

const stateOf = ({ health, isFull }: StatsParts): SpoolStats['state'] => {
  if (health.writesFail || health.readsFail) return 'failing'
  return isFull ? 'full' : 'open'
}

export const spoolStats = (parts: StatsParts): SpoolStats => {
  const { health, home, sources, syncer } = parts
  const { segments, unloaded, recovered, lost, badFrames, tornTails } = sources
  return {
    state: stateOf(parts),
    ...(home !== undefined && { directory: home.path }),
    ...(health.lastError !== undefined && { lastError: health.lastError }),
    records: segments.reduce((sum, segment) => sum + segment.unsettled, 0),
    recordsOnDiskOnly: unloaded,
    bytes: sources.bytes,
    segments: segments.length,
    recovered,
    lost,
    badFrames,
    tornTails,
    fsyncLatency: syncer.latency,
  }
}
