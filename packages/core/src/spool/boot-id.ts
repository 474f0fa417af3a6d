import { readFileSync } from 'node:fs'

const BYTES = 16

/** Identifies this run of the system, where that is known; zeros elsewhere. */
export const readBootId = (): Buffer => {
  try {
    const text = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')
    const id = Buffer.from(text.replaceAll(/[^0-9a-f]/g, ''), 'hex')
    return id.length === BYTES ? id : Buffer.alloc(BYTES)
  } catch {
    return Buffer.alloc(BYTES)
  }
}
