// Who may only look: what he may not do is off, and says why.
import { base, given, run, visitor } from './browser.mjs'

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as })
  await page.goto(`${base}/ad-orders`)
  await page.waitForSelector('[data-row]')
  const file = page.locator('.list-actions button', { hasText: '导出' })
  await page.click('.list-open >> nth=0')
  await page.waitForSelector('.order-drawer [data-figure]')
  const pull = page.locator('button', { hasText: '重新拉取此订单' })
  const pullIs = [await pull.isDisabled(), await pull.getAttribute('title')]
  const shops = await page.$$eval('[data-row]', (all) => [...new Set(all.map((row) => row.dataset.row.split('/')[0]))])
  // What is not his is not there: the drawer says so instead of showing an empty order.
  await page.goto(`${base}/ad-orders?open=${encodeURIComponent(given.foreign)}`)
  await page.waitForSelector('.order-drawer .answer-problem')
  return {
    file: [await file.isDisabled(), await file.getAttribute('title')],
    pull: pullIs,
    shops,
    foreign: await page.textContent('.order-drawer .answer-problem .mono'),
  }
})
