// The table that all lists stand on: columns moved and widened with the mouse and with keys, rows walked with keys, and what is new told
// without anything moving.
import { execFileSync } from 'node:child_process'
import { base, given, run, visitor } from './browser.mjs'
import { heads, rows, settled } from './lists.mjs'

const keys = async (page) => (await heads(page)).map((head) => head.key)
const wide = async (page, key) => (await heads(page)).find((head) => head.key === key).wide

async function columns(page, read) {
  read.before = await keys(page)
  await page.dragAndDrop('[data-column=cost] .list-sort', '[data-column=title]', { targetPosition: { x: 6, y: 10 } })
  read.dragged = await keys(page)
  await page.dragAndDrop('[data-column=status] .list-title', '[data-column=plays]', { targetPosition: { x: 96, y: 10 } })
  read.draggedBehind = await keys(page)
  read.said = await page.textContent('.list > [aria-live]')
  await page.focus('[data-column=budget] .list-sort')
  await page.keyboard.press('Shift+ArrowRight')
  await page.waitForTimeout(80)
  read.keyed = await keys(page)
  read.focus = await page.evaluate(() => document.activeElement.closest('th')?.dataset.column)
  await page.keyboard.press('Shift+ArrowLeft')
  await page.waitForTimeout(80)
  read.keyedBack = await keys(page)

  await page.click('.list-actions >> text=列')
  await page.waitForSelector('.column-list')
  await page.dragAndDrop('.column-list li[data-key=shop]', '.column-list li[data-key=order_id]')
  read.pickerDragged = await keys(page)
  await page.focus('.column-list li[data-key=shop] [aria-label^="后移"]')
  await page.keyboard.press('Enter')
  await page.waitForTimeout(80)
  read.pickerKeyed = await keys(page)
  read.pickerFocus = await page.evaluate(() => [document.activeElement.closest('li')?.dataset.key, document.activeElement.getAttribute('aria-label')])
  await page.keyboard.press('Escape')
  read.link = new URL(page.url()).searchParams.get('columns')

  read.wideBefore = await wide(page, 'title')
  const grip = await (await page.$('[data-column=title] .list-grip')).boundingBox()
  await page.mouse.move(grip.x + 3, grip.y + 5)
  await page.mouse.down()
  await page.mouse.move(grip.x + 63, grip.y + 5, { steps: 4 })
  await page.mouse.up()
  await page.mouse.move(grip.x + 200, grip.y + 5) // let go: no wider
  read.wideMouse = await wide(page, 'title')
  await page.focus('[data-column=title] .list-grip')
  await page.keyboard.press('ArrowLeft')
  read.wideKeys = await wide(page, 'title')

  await page.goto(page.url())
  await page.waitForSelector('[data-row]')
  await settled(page)
  read.linked = await keys(page)
  await page.click('.list-actions >> text=列')
  await page.click('text=恢复默认')
  await page.keyboard.press('Escape')
  read.standard = await keys(page)
}

async function walk(page, read) {
  const at = () => page.evaluate(() => document.activeElement.closest('[data-row]')?.dataset.row ?? document.activeElement.tagName)
  const stops = () => page.$$eval('tbody button[tabindex="0"]', (all) => [...new Set(all.map((one) => one.closest('[data-row]').dataset.row))])
  read.all = (await rows(page)).map((row) => row.key)
  read.stops = await stops()
  await page.focus('tbody button[tabindex="0"]')
  const seen = []
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowUp', 'End', 'ArrowDown', 'Home', 'ArrowUp', 'ArrowDown']) {
    await page.keyboard.press(key)
    seen.push(await at())
  }
  read.walked = seen
  read.stopsAfter = await stops()
  await page.keyboard.press('Enter')
  await page.waitForSelector('.order-drawer [data-figure]')
  read.opened = new URL(page.url()).searchParams.get('open')
  await page.keyboard.press('Escape')
  await page.waitForSelector('.order-drawer', { state: 'detached' })
  await page.waitForTimeout(100)
  read.focusBack = await at()
}

async function news(page, read) {
  const change = (which) => execFileSync(given.python, given.change.concat(which), { stdio: 'inherit' })
  const first = await rows(page)
  change('nothing')
  await page.waitForTimeout(4500)
  read.quiet = [(await page.$('.list-news')) === null, JSON.stringify(await rows(page)) === JSON.stringify(first)]
  change('title')
  await page.waitForSelector('.list-news')
  read.still = JSON.stringify(await rows(page)) === JSON.stringify(first)
  await page.click('.list-news button')
  await page.waitForSelector('.list-news', { state: 'detached' })
  const now = await rows(page)
  read.changed = now.filter((row, at) => JSON.stringify(row) !== JSON.stringify(first[at])).map((row) => row.cells[1])
}

/** The longest task of the page while it is paged, sorted and filtered, in time of its own processor: how busy the machine is does not count. */
async function tasks(browser, page, read) {
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline', '__metadata'] })
  await page.click('[aria-label="下一页"]')
  await settled(page)
  await page.click('[data-column=cost] .list-sort')
  await settled(page)
  await page.click('.orders-status')
  await page.click('.el-select-dropdown__item:has-text("已完成"):visible')
  await page.keyboard.press('Escape')
  await settled(page)
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString())
  const thread = (event) => `${event.pid}/${event.tid}`
  const own = new Set(traceEvents.filter((event) => event.name === 'thread_name' && event.args.name === 'CrRendererMain').map(thread))
  const took = traceEvents.filter((event) => event.name.includes('RunTask') && own.has(thread(event))).map((event) => event.tdur ?? 0)
  read.longest = Math.round(Math.max(0, ...took) / 1000)
}

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as })
  const read = {}
  await page.goto(`${base}/ad-orders`)
  await page.waitForSelector('[data-row]')
  await settled(page)
  await columns(page, read)
  await walk(page, read)
  await news(page, read)
  await tasks(browser, page, read)
  return read
})
