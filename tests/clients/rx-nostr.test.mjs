import './harness.mjs'
import WebSocket from 'ws'
import { createRxBackwardReq, createRxForwardReq, createRxNostr } from 'rx-nostr'
import { seckeySigner, verifier } from '@rx-nostr/crypto'
import { clientSuite } from './suite.mjs'

clientSuite('rx-nostr', async (url, user) => {
  const signer = seckeySigner(Buffer.from(user.secret).toString('hex'))
  const rx = createRxNostr({ websocketCtor: WebSocket, verifier, signer, authenticator: 'auto' })
  rx.setDefaultRelays([url])
  return {
    publish: (event) =>
      new Promise((resolve, reject) => {
        let refusal = 'no answer'
        rx.send(event).subscribe({
          next: (packet) => {
            if (packet.ok) resolve()
            else refusal = packet.notice ?? 'refused'
          },
          complete: () => reject(new Error(refusal)),
          error: reject,
        })
      }),
    query: (filter) =>
      new Promise((resolve, reject) => {
        const events = []
        const request = createRxBackwardReq()
        rx.use(request).subscribe({
          next: ({ event }) => events.push(event),
          complete: () => resolve(events),
          error: reject,
        })
        request.emit(filter)
        request.over()
      }),
    live: async (filter, onEvent) => {
      const request = createRxForwardReq()
      rx.use(request).subscribe(({ event }) => onEvent(event))
      const stands = new Promise((resolve) => {
        const watch = rx.createAllMessageObservable().subscribe((packet) => {
          if (packet.type !== 'EOSE') return
          watch.unsubscribe()
          resolve()
        })
      })
      request.emit(filter)
      await stands
    },
    close: () => rx.dispose(),
  }
})
