// Everybody can use it: axe finds nothing serious or critical on any page, in both languages, light and dark, on a desk and on a phone; nothing is
// wider than a phone; the keyboard reaches what the mouse does. Leaves a picture of each.
import { createRequire } from 'node:module'
import { base, figuresStand, given, rests, run, shot, visitor } from './browser.mjs'

const axe = createRequire(new URL('../../web/', import.meta.url)).resolve('axe-core/axe.min.js')
const GRAVE = ['serious', 'critical']
const found = []

async function look(page, name, whole = true) {
  // Through the debugger, past the policy of the page, which would let no such script in.
  const source = await import('node:fs').then(({ readFileSync }) => readFileSync(axe, 'utf8'))
  await page.evaluate(source)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  for (const one of violations) {
    if (GRAVE.includes(one.impact)) found.push(`${name}: ${one.id}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary ?? ''}`).join('; ').slice(0, 400)}`)
  }
  const wider = await page.evaluate(() =>
    Math.max(...[document.documentElement, ...document.querySelectorAll('.el-drawer__body')].map((one) => one.scrollWidth - one.clientWidth)),
  )
  if (wider > 0) found.push(`${name}: ${wider} px wider than the window, or than its drawer`)
  await shot(page, name, whole)
}

/** Paths of the entries that the menu has. */
const menu = (page) => page.$$eval('.side nav a', (all) => all.map((one) => new URL(one.href).pathname))

await run(async (browser) => {
  const ways = [
    { language: 'zh', dark: false, phone: false },
    { language: 'en', dark: true, phone: false },
    { language: 'zh', dark: true, phone: true },
    { language: 'en', dark: false, phone: true },
  ]
  const walk = async (way) => {
    const end = `${way.language}-${way.dark ? 'dark' : 'light'}-${way.phone ? 'phone' : 'desk'}`
    const stranger = await visitor(browser, way)
    await stranger.goto(`${base}/`)
    await stranger.waitForSelector('input[name=username]')
    await look(stranger, `sign-in-${end}`)
    await stranger.context().close()

    const page = await visitor(browser, { ...way, as: given.as })
    await page.goto(`${base}/?period=30d`)
    await figuresStand(page)
    await page.waitForSelector('[data-drawn="true"]')
    await rests(page)
    await look(page, `today-${end}`)
    await page.goto(`${base}/ad-orders?sort=-cost`)
    await page.waitForSelector('[data-row]')
    await look(page, `ad-orders-${end}`, false)
    await page.click('.list-open >> nth=0')
    await page.waitForSelector('.order-drawer [data-figure]')
    await look(page, `ad-order-${end}`, false)
    // Whatever else the menu has, and what its first row opens.
    for (const path of (await menu(page)).filter((one) => !['/', '/ad-orders'].includes(one))) {
      const name = path.slice(1).replaceAll('/', '-')
      await page.goto(`${base}${path}`)
      await page.waitForSelector('main h1')
      await rests(page)
      await look(page, `${name}-${end}`, false)
      if (!(await page.$('.list-open'))) continue
      await page.click('.list-open >> nth=0')
      await page.waitForTimeout(100)
      await rests(page)
      await look(page, `${name}-open-${end}`, false)
    }
    if (way.phone) {
      await page.goto(`${base}/`)
      await page.click('.top-menu')
      await page.waitForSelector('.side-drawer[open]')
      await look(page, `menu-${end}`, false)
    }
    await page.context().close()
  }
  // Two at a time: as many as there are processors.
  await Promise.all(ways.slice(0, 2).map(walk))
  await Promise.all(ways.slice(2).map(walk))

  // The keyboard alone: skip to the content, into the table, a row open and shut, the focus back where it was.
  const page = await visitor(browser, { as: given.as })
  await page.goto(`${base}/ad-orders`)
  await page.waitForSelector('[data-row]')
  await page.keyboard.press('Tab')
  const first = await page.evaluate(() => document.activeElement.className)
  await page.focus('.list-open >> nth=0')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.order-drawer [data-figure]')
  await page.keyboard.press('Escape')
  await page.waitForSelector('.order-drawer', { state: 'detached' })
  return { found, first, address: page.url() }
})
