import type { PlainFault } from './faults.js'
import { isJson, type Json, listOf, parseJson } from './json.js'
import { parseFault } from './plain-fault.js'

/** What a parent may ask of an endpoint in a child process. */
export interface Controls {
  setFault(fault: PlainFault | undefined): void
  setThrottle?(on: boolean): void
  script?(faults: readonly PlainFault[]): void
  releaseHung(): void
  dropConnections(): void
}

/** The options a parent passed: JSON in the first argument. */
export const childOptions = (): Json => parseJson(process.argv[2] ?? '{}') ?? {}

const faultOf = (value: unknown): PlainFault => {
  const fault = parseFault(value)
  if (fault === undefined) throw new Error(`not a fault: ${JSON.stringify(value)}`)
  return fault
}

const obey = (controls: Controls, message: Json): void => {
  const { command, value } = message
  if (command === 'fault')
    controls.setFault(value === undefined || value === null ? undefined : faultOf(value))
  else if (command === 'throttle' && controls.setThrottle) controls.setThrottle(value === true)
  else if (command === 'script' && controls.script) controls.script(listOf(value).map(faultOf))
  else if (command === 'release') controls.releaseHung()
  else if (command === 'drop') controls.dropConnections()
  else throw new Error(`unknown command ${String(command)}`)
}

/** Tells the port, obeys the parent, and is gone as soon as the parent is. */
export const runChild = (port: number, controls: Controls): void => {
  process.on('message', (message: unknown) => {
    if (!isJson(message)) return
    let error: string | undefined
    try {
      obey(controls, message)
    } catch (thrown) {
      error = String(thrown)
    }
    process.send?.({ id: message['id'], error })
  })
  // The channel closes however the parent ended. Started by hand there is none: then stdin decides.
  if (process.send !== undefined) process.once('disconnect', () => process.exit(0))
  else process.stdin.resume().once('end', () => process.exit(0))
  process.stdout.write(`${JSON.stringify({ port })}\n`)
}
