// Publishes one note with a throwaway key and reads it back: node hello.mjs ws://127.0.0.1:7777/
import WebSocket from 'ws'
import { finalizeEvent, generateSecretKey } from 'nostr-tools/pure'
import { Relay, useWebSocketImplementation } from 'nostr-tools/relay'

useWebSocketImplementation(WebSocket)
const url = process.argv[2] ?? 'ws://127.0.0.1:7777/'
const relay = await Relay.connect(url)
const note = finalizeEvent(
  { kind: 1, created_at: Math.floor(Date.now() / 1000), tags: [], content: 'hello from hello.mjs' },
  generateSecretKey(),
)
console.log('published:', (await relay.publish(note)) || 'accepted')
relay.subscribe([{ ids: [note.id] }], {
  onevent: (event) => console.log('read back:', JSON.stringify(event)),
  oneose: () => relay.close(),
})
