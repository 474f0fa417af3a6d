import type { ProducerStats } from '@kinesis-producer/core'

/** What a producer of the storm is told when it starts. */
export interface Task {
  readonly id: number
  readonly endpoint: string
  readonly stream: string
  readonly records: number
  /** Records a second it tries to add. */
  readonly rate: number
  readonly seed: number
}

/** Records that came back: dropped, or left over by close. */
export interface HandedBack {
  readonly kind: 'handedBack'
  /** Each record's number, negative (minus one) where it may have been delivered all the same. */
  readonly numbers: readonly number[]
}

export interface Done {
  readonly kind: 'done'
  readonly stats: ProducerStats
  readonly leftover: number
  /** Receipts asked for, and how many of them came to an end. */
  readonly puts: number
  readonly putsSettled: number
  readonly idleRss: number
  readonly peakRss: number
  /** Seconds, user and system. */
  readonly cpu: number
}

/** How a producer stands, a few times a second. */
export interface Standing {
  readonly kind: 'standing'
  readonly stats: ProducerStats
  /** Of the requests that ended since the last message, in milliseconds. */
  readonly durations: readonly number[]
}

export type Message = HandedBack | Standing | Done

/** A record's text: whose it is, which, poison or not, and padding to 200 bytes. */
export const textOf = (id: number, number: number): string =>
  `${id}:${number}:${number % POISON_EVERY === POISON_EVERY - 1 ? POISON : ''}`.padEnd(200, '.')

export const POISON = 'poison'
const POISON_EVERY = 20_011

export const parseText = (text: string): { id: number; number: number } => {
  const [id, number] = text.split(':', 2)
  return { id: Number(id), number: Number(number) }
}
