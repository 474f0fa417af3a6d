// Debian's Chromium without a window, spoken to through a pipe (the DevTools protocol).
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
const run = (command, args, options) => spawnSync(command, args, options)
const works = name => run(name, ['--version'], { timeout: 30_000 }).status === 0

/** Its name; installed by apt where it is missing and this may. */
const findChromium = () => {
  const there = NAMES.find(works)
  if (there !== undefined) return there
  if (process.getuid?.() === 0 && run('apt-get', ['--version']).status === 0) {
    run('apt-get', ['update', '-qq'])
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'])
  }
  const installed = NAMES.find(works)
  if (installed === undefined)
    throw new Error('chromium cannot be found; install it and run this again')
  return installed
}

/** A browser: `open` gives a page to which commands can be sent, and which keeps what it was told. */
export const startChromium = () => {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'))
  const flags = ['--headless=new', '--disable-gpu', '--no-first-run', '--hide-scrollbars']
  const child = spawn(
    findChromium(),
    [...flags, '--no-sandbox', '--remote-debugging-pipe', `--user-data-dir=${profile}`],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  )
  const [, , , input, output] = child.stdio
  const waiting = new Map()
  const listeners = new Set()
  let lastId = 0
  let rest = ''
  output.setEncoding('utf8').on('data', chunk => {
    const messages = (rest + chunk).split('\0')
    rest = messages.pop()
    for (const text of messages) {
      const message = JSON.parse(text)
      const pending = waiting.get(message.id)
      waiting.delete(message.id)
      if (pending === undefined) for (const listener of listeners) listener(message)
      else if (message.error) pending.reject(new Error(message.error.message))
      else pending.resolve(message.result)
    }
  })
  const gone = new Promise(resolve =>
    child.once('exit', () => {
      for (const { reject } of waiting.values()) reject(new Error('chromium has ended'))
      resolve()
    }),
  )
  input.on('error', () => {})
  const send = (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      const id = ++lastId
      waiting.set(id, { resolve, reject })
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })
  return {
    async open(url, { width, dark, script = true }) {
      const { targetId } = await send('Target.createTarget', { url: 'about:blank' })
      const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
      const ask = (method, params) => send(method, params, sessionId)
      const said = []
      let loaded
      const load = new Promise(resolve => {
        loaded = resolve
      })
      listeners.add(({ method, params, sessionId: from }) => {
        if (from !== sessionId) return
        if (method === 'Page.loadEventFired') loaded()
        if (method === 'Runtime.exceptionThrown') said.push(params.exceptionDetails.text)
        if (method === 'Runtime.consoleAPICalled') said.push(JSON.stringify(params.args))
        if (method === 'Log.entryAdded') said.push(params.entry.text)
        if (method === 'Network.requestWillBeSent' && params.request.url !== url)
          said.push(`asks for ${params.request.url}`)
      })
      for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await ask(`${domain}.enable`)
      await ask('Emulation.setDeviceMetricsOverride', {
        width,
        height: 900,
        deviceScaleFactor: 1,
        mobile: width < 600,
      })
      await ask('Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
      })
      await ask('Emulation.setScriptExecutionDisabled', { value: !script })
      await ask('Page.navigate', { url })
      await load
      const evaluate = async expression =>
        (await ask('Runtime.evaluate', { expression, returnByValue: true })).result.value
      const screenshot = async () => {
        const { data } = await ask('Page.captureScreenshot', { captureBeyondViewport: true })
        return Buffer.from(data, 'base64')
      }
      return { said, evaluate, screenshot, close: () => send('Target.closeTarget', { targetId }) }
    },
    async close() {
      await Promise.race([send('Browser.close').catch(() => {}), gone])
      await gone
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
