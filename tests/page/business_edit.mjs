// Costs, rates, persons, whose ads: every button that changes something, and what the page says after it.
import { base, given, rests, run, shot, visitor } from './browser.mjs'

const settle = async (page) => {
  await page.waitForTimeout(120)
  await rests(page)
}
/** The form, or the dialog, goes when what it asked for was done; the page then says so. */
const said = async (page) => {
  await page.waitForFunction(() => !document.querySelector('.costs-form, .costs-fill, .el-dialog'))
  return page.locator('.el-message--success').last().textContent()
}
const row = (page, key) => page.locator(`[data-row="${key}"]`)
const cell = async (page, key) => (await row(page, key).locator('td').first().textContent()).trim()

async function costs(page, told) {
  await page.goto(`${base}/costs?period=all`)
  await page.waitForSelector('[data-row]')
  told.first = await page.locator('[data-row]').first().getAttribute('data-row')
  await row(page, given.sku).locator('button', { hasText: '新增' }).click()
  await page.fill('.costs-form input[name=cost]', '12,5')
  await page.fill('.costs-form input[name=day]', '2025-01-01')
  await page.click('.costs-form button[type=submit]')
  told.badStays = await page.locator('.costs-form').count() // the form does not let it go
  await page.fill('.costs-form input[name=cost]', '12.50')
  await page.fill('.costs-form input[name=note]', '手工')
  await page.click('.costs-form button[type=submit]')
  told.added = await said(page)
  await settle(page)
  told.afterAdd = await cell(page, given.sku)

  await row(page, given.sku).locator('[aria-label^="修改"]').click()
  await page.fill('.costs-form input[name=cost]', '13.00')
  await page.click('.costs-form button[type=submit]')
  told.changed = await said(page)
  await settle(page)
  told.afterChange = await cell(page, given.sku)

  await row(page, given.sku).locator('button', { hasText: '新增' }).click()
  await page.fill('.costs-form input[name=day]', '2025-06-01')
  await page.click('.costs-form .costs-ends')
  await page.click('.costs-form button[type=submit]')
  await said(page)
  await settle(page)
  told.afterEnd = await cell(page, given.sku)
  await row(page, given.sku).locator('[aria-label^="删除"]').first().click()
  await page.click('.el-dialog .el-button--danger')
  told.removed = await said(page)
  await settle(page)
  told.afterRemove = await cell(page, given.sku)

  // Escape leaves a form; nothing is asked.
  await row(page, given.sku).locator('button', { hasText: '新增' }).click()
  await page.press('.costs-form input[name=cost]', 'Escape')
  told.escaped = await page.locator('.costs-form').count()

  await page.click('text=批量填写')
  await page.fill('input[name=fill-day]', '2024-12-01')
  for (const [key, cost] of Object.entries(given.fill)) await row(page, key).locator('.costs-new').fill(cost)
  told.fillButton = await page.locator('.costs-fill button[type=submit]').textContent()
  await page.click('.costs-fill button[type=submit]')
  told.filled = await said(page)
  await settle(page)
  await shot(page, 'business-costs')
}

async function rates(page, told) {
  await page.click('.business-head label:has-text("汇率")')
  await settle(page)
  told.ratesEmpty = await page.locator('.answer-empty').textContent()
  await page.click('text=新增汇率')
  await page.fill('.costs-form input[name=rate]', '7.1')
  await page.fill('.costs-form input[name=day]', '2024-01-01')
  await page.click('.costs-form button[type=submit]')
  told.rateAdded = await said(page)
  await settle(page)
  await page.click('[aria-label^="修改"]')
  await page.fill('.costs-form input[name=rate]', '7.123456789')
  await page.click('.costs-form button[type=submit]')
  await said(page)
  await settle(page)
  told.rate = await page.locator('[data-row] td').nth(1).textContent()
  await page.click('text=新增汇率')
  await page.fill('.costs-form input[name=base]', 'eur')
  await page.fill('.costs-form input[name=rate]', '8')
  await page.fill('.costs-form input[name=day]', '2024-01-01')
  await page.click('.costs-form button[type=submit]')
  await said(page)
  await settle(page)
  await page.click('[data-row^="EUR"] [aria-label^="删除"]')
  await page.click('.el-dialog .el-button--danger')
  await said(page)
  await settle(page)
  told.rates = await page.$$eval('[data-row]', (all) => all.map((one) => one.dataset.row))
}

async function persons(page, told) {
  await page.click('.business-head label:has-text("负责人")')
  await settle(page)
  for (const [sku, person] of Object.entries(given.persons)) {
    await page.click('text=指定负责人')
    await page.selectOption('.costs-form select[name=shop]', { label: 'T' })
    await page.fill('.costs-form input[name=sku]', sku)
    await page.fill('.costs-form input[name=person]', person)
    await page.click('.costs-form button[type=submit]')
    await said(page)
    await settle(page)
  }
  const [kept, gone] = Object.keys(given.persons)
  await page.click(`[data-row$="/${kept}"] [aria-label^="修改"]`)
  await page.fill('.costs-form input[name=person]', '赵六')
  await page.click('.costs-form button[type=submit]')
  await said(page)
  await settle(page)
  await page.click(`[data-row$="/${gone}"] [aria-label^="删除"]`)
  await page.click('.el-dialog .el-button--danger')
  await said(page)
  await settle(page)
  told.persons = await page.$$eval('[data-row]', (all) => all.map((one) => [one.dataset.row, one.children[1].textContent.replace(/[✎✕]/g, '').trim()]))
}

async function adsOf(page, told) {
  await page.goto(`${base}/profit?view=ads`)
  await page.waitForSelector('[data-account]')
  const one = page.locator(`[data-account="${given.account}"]`)
  await one.locator('select').selectOption({ label: 'T' })
  await one.locator('button').click()
  told.adsSaved = await said(page)
  await settle(page)
  told.adsStore = await one.locator('select').inputValue()
  await page.reload()
  await page.waitForSelector('[data-account]')
  told.adsAgain = await page.locator(`[data-account="${given.account}"] select`).inputValue()
}

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as })
  const told = {}
  for (const part of [costs, rates, persons, adsOf]) {
    try {
      await part(page, told)
    } catch (error) {
      throw new Error(`${part.name}: ${error.message} after ${JSON.stringify(told)}`)
    }
  }
  return told
})
