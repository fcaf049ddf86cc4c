// A headless Chromium driven by its DevTools protocol over a pipe, for what only a browser can tell.
import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

// The program: PHAROS_BROWSER, or the first there is of the usual names; undefined where there is none.
export function findBrowser() {
  if (process.env.PHAROS_BROWSER) return process.env.PHAROS_BROWSER
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  const folders = (process.env.PATH ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

// Started with a profile of its own, and cut off from all but the loopback addresses.
export async function startBrowser(program) {
  const profile = mkdtempSync(join(tmpdir(), 'pharos-browser-'))
  const child = spawn(
    program,
    [
      '--headless',
      '--remote-debugging-pipe',
      `--user-data-dir=${profile}`,
      // It shows nothing but pages of ours, and root and containers can have no sandbox.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  )
  const [commands, answers] = child.stdio.slice(3)
  const pending = new Map()
  const sessions = new Map()
  let last = 0
  let failure
  const fail = (why) => {
    failure ??= new Error(`${program} ${why}`)
    pending.forEach(({ reject }) => reject(failure))
    pending.clear()
  }
  const exited = new Promise((resolve) => {
    child.on('error', (error) => (fail(error.message), resolve()))
    child.on('exit', (code) => (fail(`ended with ${code}`), resolve()))
  })
  commands.on('error', (error) => fail(error.message))

  const take = ({ id, method, params, result, error, sessionId }) => {
    if (id === undefined) return sessions.get(sessionId)?.(method, params)
    const { resolve, reject } = pending.get(id)
    pending.delete(id)
    return error ? reject(new Error(error.message)) : resolve(result)
  }
  let text = ''
  answers.setEncoding('utf8')
  answers.on('data', (chunk) => {
    const parts = (text + chunk).split('\0')
    text = parts.pop()
    parts.forEach((part) => take(JSON.parse(part)))
  })
  const call = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      if (failure) return reject(failure)
      pending.set(++last, { resolve, reject })
      commands.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`)
    })

  return {
    // An empty page, and its events as onEvent(method, params).
    async open(onEvent) {
      const { targetId } = await call('Target.createTarget', { url: 'about:blank' })
      const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true })
      const listeners = new Set([onEvent])
      sessions.set(sessionId, (method, params) => listeners.forEach((listener) => listener(method, params)))
      const ask = (method, params) => call(method, params, sessionId)
      const once = (awaited) =>
        new Promise((resolve) => {
          const listener = (method, params) => {
            if (method !== awaited) return
            listeners.delete(listener)
            resolve(params)
          }
          listeners.add(listener)
        })
      return {
        ask,
        async go(url) {
          const loaded = once('Page.loadEventFired')
          await ask('Page.navigate', { url })
          await loaded
        },
        // What work(...args) returns there.
        async run(work, ...args) {
          const expression = `(${work})(...${JSON.stringify(args)})`
          const answer = await ask('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
          if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.exception.description)
          return answer.result.value
        },
      }
    },
    async stop() {
      await call('Browser.close').catch(() => {})
      await exited
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
}
