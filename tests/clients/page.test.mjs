// The page for browsers, in one: a headless Chromium (Debian's package chromium, or PHAROS_BROWSER). The screenshots
// stay where PHAROS_SCREENSHOTS says.
import { fill, history, startPharos, user } from './harness.mjs'
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { findBrowser, startBrowser } from './browser.mjs'

const program = findBrowser()
const skip = program ? false : 'no browser is installed (package chromium, or PHAROS_BROWSER)'
const screenshots = process.env.PHAROS_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'pharos-page-'))

const address = 'wss://relay.example.com/'
const settings = [
  `url = ["${address}"]`,
  'description = """Two lines of what this is,\nand_a_word_that_is_longer_than_any_telephone_is_wide_without_a_place_to_break"""',
  `contact = "mailto:somebody.with.a.long.name@a-rather-long-name-of-a-place-on-the-net.example.com"`,
  `pubkey = "${user().pubkey}"`,
].join('\n')

let browser
let relay
before(async () => {
  if (skip) return
  browser = await startBrowser(program)
  relay = await startPharos(settings)
  await fill(relay.url, history(user(), 1234))
})
after(async () => {
  await browser?.stop()
  await relay?.stop()
  if (!process.env.PHAROS_SCREENSHOTS) rmSync(screenshots, { recursive: true, force: true })
})

// The page of a relay, loaded, with what it asked for, ran and complained of meanwhile.
async function visit(url, { width = 1200, scheme = 'light', images = undefined } = {}) {
  const seen = { requests: [], scripts: [], complaints: [] }
  const page = await browser.open((method, params) => {
    if (method === 'Network.requestWillBeSent') seen.requests.push(params.request.url)
    if (method === 'Debugger.scriptParsed') seen.scripts.push(params)
    if (method === 'Log.entryAdded') seen.complaints.push(params.entry.text)
    if (method === 'Runtime.consoleAPICalled' || method === 'Runtime.exceptionThrown') seen.complaints.push(params)
    if (method === 'Audits.issueAdded') seen.complaints.push(params.issue)
    if (method === 'Page.javascriptDialogOpening') page.ask('Page.handleJavaScriptDialog', { accept: true })
    if (method === 'Fetch.requestPaused') {
      const headers = [{ name: 'Content-Type', value: 'image/svg+xml' }]
      page.ask('Fetch.fulfillRequest', {
        requestId: params.requestId,
        responseCode: 200,
        responseHeaders: headers,
        body: Buffer.from(images).toString('base64'),
      })
    }
  })
  for (const domain of ['Page', 'Network', 'Debugger', 'Log', 'Runtime', 'Audits']) await page.ask(`${domain}.enable`)
  if (images) await page.ask('Fetch.enable', { patterns: [{ urlPattern: 'https://*' }] })
  const metrics = { width, height: 800, deviceScaleFactor: 1, mobile: width < 600 }
  await page.ask('Emulation.setDeviceMetricsOverride', metrics)
  await page.ask('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
  await page.go(url)
  return { ...page, seen: structuredClone(seen) }
}

async function screenshot(page, name) {
  const { data } = await page.ask('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true })
  const path = join(screenshots, `${name}.png`)
  writeFileSync(path, Buffer.from(data, 'base64'))
  return path
}

// How many different colours an image has, counted in an empty page.
async function colours(path) {
  const canvas = await browser.open(() => {})
  return canvas.run(async (data) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')
    context.drawImage(image, 0, 0)
    const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)
    return new Set(pixels).size
  }, readFileSync(path).toString('base64'))
}

test('the page asks for nothing else, runs nothing and gives no cause for complaint', { skip }, async () => {
  const page = await visit(relay.httpUrl)
  assert.deepEqual(page.seen, { requests: [relay.httpUrl], scripts: [], complaints: [] })
  const active = await page.run(() => {
    const attributes = [...document.querySelectorAll('*')].flatMap((element) => [...element.attributes])
    const handlers = attributes.filter(({ name, value }) => name.startsWith('on') || /^\s*javascript:/i.test(value))
    return [document.scripts.length, handlers.length, document.querySelectorAll('iframe,object,embed,form').length]
  })
  assert.deepEqual(active, [0, 0, 0])
})

test('the page shows where to connect, the figures and the NIPs', { skip }, async () => {
  const page = await visit(relay.httpUrl)
  const shown = await page.run(() => {
    const texts = (selector) => [...document.querySelectorAll(selector)].map((element) => element.innerText)
    return {
      title: document.title,
      heading: texts('h1'),
      urls: texts('code.url'),
      figures: Object.fromEntries(texts('.figures dt').map((name, at) => [name, texts('.figures dd')[at]])),
      links: [...document.querySelectorAll('.chips a')].map((link) => [link.innerText, link.href]),
    }
  })
  assert.deepEqual([shown.title, shown.heading, shown.urls], ['client tests', ['client tests'], [address]])
  assert.equal(shown.figures['events stored'], '1,234')
  assert.match(shown.figures.connections, /^\d+$/)
  assert.match(shown.figures.subscriptions, /^\d+$/)
  assert.match(shown.figures['running for'], /^\d+ seconds?$/)
  const document11 = await fetch(relay.httpUrl, { headers: { Accept: 'application/nostr+json' } })
  const { supported_nips } = await document11.json()
  const names = supported_nips.map((nip) => `${nip}`.padStart(2, '0'))
  const pageOf = (name) => `https://github.com/nostr-protocol/nips/blob/master/${name}.md`
  assert.deepEqual(shown.links, names.map((name) => [name, pageOf(name)]))
})

for (const width of [320, 360, 768]) {
  test(`the page fits ${width} pixels`, { skip }, async () => {
    const page = await visit(relay.httpUrl, { width })
    const [wide, visible, beyond] = await page.run(() => {
      const { scrollWidth, clientWidth } = document.documentElement
      const outside = [...document.body.querySelectorAll('*')].filter(
        (element) =>
          element.getBoundingClientRect().right > clientWidth || element.scrollWidth > element.clientWidth + 1,
      )
      const boxes = outside.filter((element) => getComputedStyle(element).display !== 'inline')
      return [scrollWidth, clientWidth, boxes.map((element) => element.outerHTML)]
    })
    assert.deepEqual([wide, beyond], [visible, []])
    if (width < 600) assert.equal(visible, width)
    assert.ok((await colours(await screenshot(page, `${width}`))) > 16)
  })
}

// Of every text its colour and what stands behind it, as [red, green, blue].
const inks = () => {
  const parts = (colour) => colour.match(/[\d.]+/g).map(Number)
  const behind = (element) => {
    const colour = parts(getComputedStyle(element).backgroundColor)
    return colour[3] === 0 ? behind(element.parentElement) : colour
  }
  const texts = [...document.body.querySelectorAll('*')].filter((element) =>
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()),
  )
  return texts.map((element) => [element.innerText, parts(getComputedStyle(element).color), behind(element)])
}

// As WCAG 2 reckons it: from 0 to 1.
const luminance = (colour) => {
  const [red, green, blue] = colour.map((part) => part / 255).map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  )
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

test('the page is dark where dark is preferred, and legible in both', { skip }, async () => {
  const grounds = {}
  for (const scheme of ['light', 'dark']) {
    const page = await visit(relay.httpUrl, { scheme })
    const ground = await page.run(() => getComputedStyle(document.body).backgroundColor)
    grounds[scheme] = luminance(ground.match(/\d+/g).slice(0, 3).map(Number))
    for (const [text, ink, ground] of await page.run(inks)) {
      const [dim, bright] = [luminance(ink.slice(0, 3)), luminance(ground.slice(0, 3))].sort((a, b) => a - b)
      const contrast = (bright + 0.05) / (dim + 0.05)
      assert.ok(contrast >= 4.5, `${contrast.toFixed(2)} : 1 in ${scheme} of "${text}"`)
    }
    assert.ok((await colours(await screenshot(page, scheme))) > 16)
  }
  assert.ok(grounds.light > 0.8 && grounds.dark < 0.1, JSON.stringify(grounds))
})

test('the page takes the operator\'s words for text, and shows the operator\'s images', { skip }, async () => {
  const image = 'https://images.example.com/a.svg?b="c"&d'
  const other = await startPharos(
    [
      "description = '</p><script>alert(1)</script><img src=x onerror=alert(2)>'",
      "contact = 'javascript:alert(3)'",
      `icon = '${image}'`,
      `banner = '${image}'`,
    ].join('\n'),
  )
  try {
    const images = '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480"><rect width="9" height="9"/></svg>'
    const page = await visit(other.httpUrl, { images })
    const escaped = new URL(image).href
    assert.deepEqual(page.seen, { requests: [other.httpUrl, escaped], scripts: [], complaints: [] })
    const [lead, loaded, links] = await page.run(() => [
      document.querySelector('.lead').innerText,
      [...document.images].map((one) => one.naturalWidth),
      [...document.links].filter((link) => !link.href.startsWith('https:')).length,
    ])
    assert.equal(lead, '</p><script>alert(1)</script><img src=x onerror=alert(2)>')
    assert.deepEqual([loaded, links], [[640, 640], 0])
  } finally {
    await other.stop()
  }
})
