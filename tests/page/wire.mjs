// Cold cache, signed in: what came over the wire until Today's figures stood, as the browser's network layer counted it.
import { base, figuresStand, given, run, visitor } from './browser.mjs'

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as })
  const network = await page.context().newCDPSession(page)
  const addresses = new Map()
  const sizes = {}
  await network.send('Network.enable')
  await network.send('Network.setCacheDisabled', { cacheDisabled: true })
  network.on('Network.responseReceived', ({ requestId, response }) => addresses.set(requestId, response.url))
  network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => (sizes[addresses.get(requestId)] = encodedDataLength))
  // The page notes itself when the first figure stands: what it asked for later came behind it.
  await page.addInitScript(() => {
    new MutationObserver((_, watcher) => {
      if (!document.querySelector('[data-figure]')) return
      globalThis.figuresAt = performance.now()
      watcher.disconnect()
    }).observe(document, { childList: true, subtree: true })
  })
  await page.goto(`${base}/?period=30d`)
  await figuresStand(page)
  await page.waitForSelector('[data-drawn="true"]')
  const before = await page.evaluate(() =>
    [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .filter((entry) => entry.startTime <= globalThis.figuresAt)
      .map((entry) => entry.name),
  )
  const parts = before.map((address) => [new URL(address).pathname, sizes[address] ?? 0])
  const sum = (all) => all.reduce((total, size) => total + size, 0)
  return { untilFigures: sum(parts.map(([, size]) => size)), whole: sum(Object.values(sizes)), parts, encodings: await encodings(page) }
})

/** Of each file of the page: it came packed, and may be kept for ever. */
async function encodings(page) {
  return page.evaluate(async () => {
    const names = performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => name.includes('/assets/'))
    const replies = await Promise.all(names.map((name) => fetch(name)))
    return replies.map((reply) => [reply.headers.get('content-encoding'), reply.headers.get('cache-control')])
  })
}
