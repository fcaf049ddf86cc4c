// A running pharos for the client tests, and small helpers around it.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import WebSocket from 'ws'
import { finalizeEvent, generateSecretKey, getPublicKey } from 'nostr-tools/pure'

globalThis.WebSocket ??= WebSocket

const program = process.env.PHAROS_PROGRAM ?? fileURLToPath(new URL('../../build/debug/bin/pharos', import.meta.url))

// Waits until probe() returns something truthy and returns it; throws after limit milliseconds.
export async function eventually(probe, limit = 10_000) {
  const deadline = Date.now() + limit
  for (;;) {
    const value = await probe()
    if (value) return value
    if (Date.now() > deadline) throw new Error(`not within ${limit} ms: ${probe}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

// Starts pharos on ports of its own; stop() ends it and removes its data.
export async function startPharos(settings = '', { search = true } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'pharos-clients-'))
  const data = join(directory, 'data')
  const config = join(directory, 'pharos.toml')
  writeFileSync(
    config,
    `[storage]\ndirectory = "${data}"\nmap_size = "16GiB"\nsearch = ${search}\n[admin]\nlisten = "127.0.0.1:0"\n` +
      `[relay]\nlisten = "127.0.0.1:0"\nname = "client tests"\n${settings}\n`,
  )
  const child = spawn(program, ['serve', '--config', config], { stdio: ['ignore', 'inherit', 'pipe'] })
  let log = ''
  child.stderr.on('data', (chunk) => (log += chunk))
  const exited = new Promise((resolve) => child.on('exit', resolve))
  const runFile = join(data, 'run.json')
  const addresses = await eventually(() => {
    if (child.exitCode !== null) throw new Error(`pharos ended with ${child.exitCode}:\n${log}`)
    if (!existsSync(runFile)) return undefined
    try {
      return JSON.parse(readFileSync(runFile, 'utf8'))
    } catch {
      return undefined
    }
  }, 30_000)
  return {
    url: `ws://${addresses.relay}/`,
    httpUrl: `http://${addresses.relay}/`,
    async stop() {
      child.kill('SIGTERM')
      const code = await exited
      rmSync(directory, { recursive: true, force: true })
      if (code !== 0) throw new Error(`pharos ended with ${code}:\n${log}`)
    },
  }
}

// A fresh user: secret, public key and sign(kind, fields).
export function user() {
  const secret = generateSecretKey()
  const pubkey = getPublicKey(secret)
  return {
    secret,
    pubkey,
    sign: (kind, fields = {}) =>
      finalizeEvent({ kind, created_at: now(), tags: [], content: '', ...fields }, secret),
    signTemplate: async (template) => finalizeEvent(template, secret),
  }
}

export const now = () => Math.floor(Date.now() / 1000)

// n notes of one user, one second apart, oldest first.
export const history = (author, n, start = now() - n) =>
  Array.from({ length: n }, (_, i) => author.sign(1, { content: `note ${i}`, created_at: start + i }))

// Sends events over one socket of its own and waits for every OK: a fast way to fill the relay.
export async function fill(url, events) {
  const socket = new WebSocket(url)
  await new Promise((resolve, reject) => {
    const waiting = new Set(events.map((event) => event.id))
    socket.on('error', reject)
    socket.on('open', () => events.forEach((event) => socket.send(JSON.stringify(['EVENT', event]))))
    socket.on('message', (text) => {
      const [verb, id, accepted, reason] = JSON.parse(text)
      if (verb !== 'OK') return
      if (!accepted) reject(new Error(reason))
      waiting.delete(id)
      if (waiting.size === 0) resolve()
    })
  })
  socket.close()
}

export const ids = (events) => Array.from(events, (event) => event.id).sort()

// A WebSocket class and what goes over the connections made with it, as [sent, message] in order.
export function tapped(Base = globalThis.WebSocket) {
  const frames = []
  class Tapped extends Base {
    constructor(...args) {
      super(...args)
      this.addEventListener('message', ({ data }) => frames.push([false, JSON.parse(data)]))
    }
    send(text, ...rest) {
      frames.push([true, JSON.parse(text)])
      super.send(text, ...rest)
    }
  }
  return { WebSocket: Tapped, frames, received: () => frames.filter(([sent]) => !sent).map(([, message]) => message) }
}
