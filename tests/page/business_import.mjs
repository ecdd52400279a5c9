// A file of costs with wrong rows: looked at, told row by row, taken, followed until it is stored; twice is once. A bill on the page of profit.
import { base, given, rests, run, shot, visitor } from './browser.mjs'

const counts = (page) => page.$$eval('[data-preview]', (all) => Object.fromEntries(all.map((one) => [one.dataset.preview, one.textContent.trim()])))
const faults = (page) => page.$$eval('[data-faults] tbody tr', (all) => all.map((row) => [...row.children].map((cell) => cell.textContent.trim())))

async function choose(page, kind, path) {
  await page.click('text=导入文件')
  await page.waitForSelector('.import-dialog')
  await page.waitForSelector(`.import-dialog select[name=kind] option[value=${kind}]`, { state: 'attached' })
  await page.selectOption('.import-dialog select[name=kind]', kind)
  await page.selectOption('.import-dialog select[name=shop]', { label: 'T' })
  await page.setInputFiles('.import-dialog input[type=file]', path)
  await page.click('.import-dialog button[type=submit]')
  await page.waitForSelector('[data-preview=good], .import-wrong')
}

async function take(page) {
  await page.click('.import-dialog button[type=submit]')
  await page.waitForSelector('[data-import-state=done]', { timeout: 60000 })
  const told = await page.textContent('[data-import-told]')
  await page.click('.import-dialog .import-buttons button')
  await page.waitForSelector('.import-dialog', { state: 'detached' })
  return told
}

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as })
  const told = {}
  await page.goto(`${base}/costs?view=imports`)
  await page.waitForSelector('.business')
  await choose(page, 'costs', given.costs)
  told.seen = { counts: await counts(page), faults: await faults(page), button: await page.locator('.import-dialog button[type=submit]').textContent() }
  await shot(page, 'business-import', false)
  await page.click('.import-dialog .import-buttons button >> nth=0')
  await page.waitForSelector('.import-dialog', { state: 'detached' })
  told.afterPreview = await page.locator('[data-row]').count()

  await choose(page, 'costs', given.costs)
  told.stored = await take(page)
  await page.waitForSelector('[data-row]')
  await rests(page)
  told.list = await page.$$eval('[data-row]', (all) => all.map((row) => [...row.children].map((cell) => cell.textContent.trim())))
  await page.click('[data-row] [aria-label="查看被拒绝的行"]')
  await page.waitForSelector('.el-dialog [data-faults]')
  told.faultsLater = await faults(page)
  await page.keyboard.press('Escape')
  await page.waitForSelector('.el-dialog [data-faults]', { state: 'detached' })

  // The very same file: told before anything is sent once more, and held back until it is wished.
  await choose(page, 'costs', given.costs)
  told.again = { note: await page.textContent('.import-note'), held: await page.locator('.import-dialog button[type=submit]').isDisabled() }
  await page.click('.import-dialog .import-buttons button >> nth=0')
  await page.waitForSelector('.import-dialog', { state: 'detached' })

  await choose(page, 'costs', given.broken)
  told.broken = await page.textContent('.import-wrong')
  await page.click('.import-dialog .import-buttons button >> nth=0')
  await page.waitForSelector('.import-dialog', { state: 'detached' })

  await page.goto(`${base}/profit?view=bills`)
  await page.waitForSelector('.business')
  await rests(page)
  told.billsEmpty = (await page.locator('.answer-empty').textContent()).trim()
  await choose(page, 'temu-bill-collection', given.bill)
  told.bill = { counts: await counts(page), stored: await take(page) }
  await page.waitForSelector('[data-row]')
  return told
})
