import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface ProgramOptions {
  readonly command?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Written to its standard input, which is then closed. */
  readonly input?: string
  /** Instead of `input`: does what it likes with the running program. */
  readonly act?: (child: ChildProcessWithoutNullStreams) => void
}

export interface Ran {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** A program that ended well and said nothing. */
export const QUIET: Ran = { code: 0, signal: null, stdout: '', stderr: '' }

/** Runs a program (Node, by default) to its end. */
export const runProgram = async (
  args: readonly string[],
  {
    command = process.execPath,
    env,
    cwd,
    input = '',
    act = child => child.stdin.end(input),
  }: ProgramOptions = {},
): Promise<Ran> => {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env } })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', chunk => (stdout += String(chunk)))
  child.stderr.setEncoding('utf8').on('data', chunk => (stderr += String(chunk)))
  // A program may end without reading what it is given.
  child.stdin.on('error', () => {})
  act(child)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  // Node's own, in a worker that ends while coverage is taken.
  stderr = stderr.replaceAll('Failed to stringify coverage profile result\n', '')
  return { code, signal, stdout, stderr }
}
