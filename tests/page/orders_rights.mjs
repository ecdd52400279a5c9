// Who may only look at trade orders: what he may not do is off, and says why.
import { base, given, run, visitor } from './browser.mjs'
import { settled } from './lists.mjs'

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as })
  const off = async (where) => [await page.isDisabled(where), await page.getAttribute(where, 'title')]
  await page.goto(`${base}/trade-orders`)
  await page.waitForSelector('[data-row]')
  await settled(page)
  const shops = await page.$$eval('[data-row]', (all) => [...new Set(all.map((row) => row.dataset.row.split('/')[0]))])
  const buttons = { find: await off('button:has-text("按买家查找")'), file: await off('.list-actions button:has-text("导出")') }
  await page.fill('.list-search input', '')
  for (let nth = 0; !buttons.reveal; nth++) {
    await page.click(`.list-open >> nth=${nth}`)
    await page.waitForSelector('.order-drawer [data-part]')
    if (await page.$('[data-reveal]')) {
      buttons.reveal = await off('[data-reveal]')
      buttons.original = await off('button:has-text("查看原始记录")')
      buttons.pull = await off('.order-drawer button:has-text("重新拉取此订单")')
    }
    await page.keyboard.press('Escape')
    await page.waitForSelector('.order-drawer', { state: 'detached' })
  }
  await page.goto(`${base}/trade-orders?open=${encodeURIComponent(given.foreign)}`)
  await page.waitForSelector('.order-drawer .answer-problem')
  return { buttons, shops, foreign: await page.textContent('.order-drawer .answer-problem .mono') }
})
