// What tests/prove/page measures in the browser: `what` is 'time', 'list' or 'heap'.
import { base, given, rests, run, visitor } from './browser.mjs'

/** Milliseconds from the request of a page until its first figure stands; a cache that is cold. */
async function once(browser, address) {
  const page = await visitor(browser, { as: given.as })
  const network = await page.context().newCDPSession(page)
  await network.send('Network.enable')
  await network.send('Network.setCacheDisabled', { cacheDisabled: true })
  await page.addInitScript(() => {
    new MutationObserver((_, watcher) => {
      if (!document.querySelector('[data-figure]')) return
      globalThis.figuresAt = performance.now()
      watcher.disconnect()
    }).observe(document, { childList: true, subtree: true })
  })
  await page.goto(`${base}${address}`)
  await page.waitForFunction(() => globalThis.figuresAt)
  const at = await page.evaluate(() => globalThis.figuresAt)
  await page.context().close()
  return at
}

async function time(browser) {
  const read = Object.fromEntries(Object.keys(given.pages).map((name) => [name, []]))
  // By turns, so that whatever else the machine does meets all of them.
  for (let turn = 0; turn <= given.turns; turn++) {
    for (const [name, address] of Object.entries(given.pages)) {
      const ms = await once(browser, address)
      if (turn > 0) read[name].push(ms)
    }
  }
  return read
}

/** Milliseconds of the longest task of the page's main thread: as clocks count them, and what the thread itself worked, which other work on the
 * machine does not lengthen. */
function longestTask(trace) {
  const { traceEvents } = JSON.parse(trace)
  const mains = new Set(traceEvents.filter((one) => one.name === 'thread_name' && one.args.name === 'CrRendererMain').map((one) => `${one.pid} ${one.tid}`))
  const tasks = traceEvents.filter((one) => /(^|::)RunTask$/.test(one.name) && mains.has(`${one.pid} ${one.tid}`))
  if (!tasks.length) throw new Error('the trace has no task of the page')
  const most = (member) => tasks.reduce((longest, one) => Math.max(longest, one[member] ?? 0), 0) / 1000
  return { wall: most('dur'), worked: most('tdur') }
}

/** A list of a million rows: what a person does with it, and the longest task of the browser meanwhile. */
async function list(browser) {
  const page = await visitor(browser, { as: given.as })
  const steps = []
  let seen = ''
  const step = async (name, does) => {
    const from = Date.now()
    await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] })
    await does()
    await page.waitForTimeout(60)
    await rests(page)
    await page.waitForTimeout(60)
    const longest = longestTask(await browser.stopTracing())
    const rows = await page.$$eval('[data-row]', (all) => all.map((row) => row.dataset.row).join())
    steps.push({ name, ...longest, ms: Date.now() - from - 120, rows: rows.split(',').length, changed: rows !== seen })
    seen = rows
  }
  await step('open', () => page.goto(`${base}/ad-orders`).then(() => page.waitForSelector('[data-row]')))
  await step('sort by spend', () => page.click('[data-column=cost] .list-sort'))
  await step('next page', () => page.click('[aria-label="下一页"]'))
  await step('next page', () => page.click('[aria-label="下一页"]'))
  await step('previous page', () => page.click('[aria-label="上一页"]'))
  await step('search an order', async () => {
    await page.fill('.list-search input', given.word)
    await page.press('.list-search input', 'Enter')
  })
  await step('all again', async () => {
    await page.fill('.list-search input', '')
    await page.press('.list-search input', 'Enter')
  })
  await step('filter by status', async () => {
    await page.click('.orders-status')
    await page.click('.el-select-dropdown__item:has-text("投放终止"):visible')
    await page.keyboard.press('Escape')
  })
  await step('sort by plays', () => page.click('[data-column=plays] .list-sort'))
  return steps
}

/** The heap after a collection, before and after many live events that reach each of the pages. */
async function heap(browser) {
  const open = []
  for (const path of given.paths) {
    const page = await visitor(browser, { as: given.as })
    await page.addInitScript(() => {
      globalThis.heard = 0
      const Source = EventSource
      globalThis.EventSource = class extends Source {
        constructor(...words) {
          super(...words)
          this.addEventListener('happened', (message) => (globalThis.heard += JSON.parse(message.data).length))
        }
      }
    })
    await page.goto(`${base}${path}`)
    await page.waitForSelector('main h1')
    await rests(page)
    const tools = await page.context().newCDPSession(page)
    await tools.send('HeapProfiler.enable')
    open.push({ path, page, tools, bytes: [] })
  }
  // Each answer is a change that was made: the shop is paused and goes on by turns.
  const change = async (times) => {
    const request = open[0].page.context().request
    for (let at = 0; at < times; at++) {
      const reply = await request.post(`${base}/api/v1/shops/${given.shop}/${at % 2 ? 'resume' : 'pause'}`, { headers: { 'X-Huiliu': '1' } })
      if (!reply.ok()) throw new Error(`${reply.status()} ${await reply.text()}`)
    }
  }
  const heard = async (least) => {
    for (const one of open) await one.page.waitForFunction((count) => globalThis.heard >= count, least, { timeout: 120000 })
    // The last burst is read to its end.
    await open[0].page.waitForTimeout(3000)
  }
  const measure = async () => {
    for (const one of open) {
      await rests(one.page)
      for (let turn = 0; turn < 3; turn++) await one.tools.send('HeapProfiler.collectGarbage')
      one.bytes.push((await one.tools.send('Runtime.getHeapUsage')).usedSize)
    }
  }
  await change(given.first)
  await heard(given.first)
  await measure()
  await change(given.events)
  await heard(given.first + given.events)
  await measure()
  return Promise.all(open.map(async (one) => ({ path: one.path, bytes: one.bytes, heard: await one.page.evaluate(() => globalThis.heard) })))
}

await run((browser) => ({ time, list, heap })[given.what](browser))
