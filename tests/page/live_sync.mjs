// A sync that waits, and a worker that begins: the page hears of it by itself, without being asked to read again.
import { writeFileSync } from 'node:fs'
import { base, given, run, shot, visitor } from './browser.mjs'

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as, language: 'en', dark: true })
  await page.goto(`${base}/syncs?view=runs`)
  const row = `[data-sync="${given.sync}"]`
  await page.waitForSelector(`${row}[data-state=waiting]`)
  await page.waitForTimeout(500) // the stream of events is open
  writeFileSync(given.go, '')
  await page.waitForSelector(`${row}[data-state=done]`, { timeout: 60000 })
  await page.click(`${row} .shop-card-name`)
  await page.waitForSelector(`${row} [data-sync-shop]`)
  await shot(page, 'syncs-runs-en-dark')
  return { counts: await page.textContent(`${row} [data-counts]`), shops: await page.$$eval(`${row} [data-sync-shop]`, (all) => all.map((one) => one.dataset.syncShop)) }
})
