// What a role may not do is off and says why, and links go where they say: rows a page each, orders, columns, a file.
import { readFileSync } from 'node:fs'
import { base, given, rests, run, visitor } from './browser.mjs'

async function off(page, selector) {
  const button = page.locator(selector).first()
  await button.waitFor()
  return [await button.isDisabled(), (await button.getAttribute('title')) ?? (await button.locator('..').getAttribute('title'))]
}

await run(async (browser) => {
  const told = {}
  const viewer = await visitor(browser, { as: given.viewer })
  await viewer.goto(`${base}/costs?period=all`)
  await viewer.waitForSelector('[data-row]')
  told.fill = await off(viewer, 'button:has-text("批量填写")')
  told.import = await off(viewer, 'button:has-text("导入文件")')
  told.file = await off(viewer, 'button:has-text("导出")')
  told.edits = await viewer.locator('.costs-cell button').count()
  await viewer.click('.business-head label:has-text("汇率")')
  told.rate = await off(viewer, 'button:has-text("新增汇率")')
  await viewer.click('.business-head label:has-text("负责人")')
  told.person = await off(viewer, 'button:has-text("指定负责人")')
  await viewer.goto(`${base}/profit?view=ads`)
  await viewer.waitForSelector('[data-account]')
  told.ads = await viewer.locator('[data-account] select').first().isDisabled()

  const page = await visitor(browser, { as: given.operator })
  await page.goto(`${base}/profit?view=ads`)
  await page.waitForSelector('[data-account]')
  told.adsOfOperator = await page.locator('[data-account] select').first().isDisabled()
  await page.goto(`${base}/profit?view=orders`)
  await page.waitForSelector('[data-row]')
  const keys = () => page.$$eval('[data-row]', (all) => all.map((row) => row.dataset.row))
  told.first = await keys()
  await page.click('[aria-label="下一页"]')
  await page.waitForFunction((first) => document.querySelector('[data-row]')?.dataset.row !== first, told.first[0])
  told.second = await keys()
  await page.click('[data-column=gmv] button')
  await rests(page)
  await page.waitForFunction(() => document.querySelector('[data-column=gmv]')?.getAttribute('aria-sort') === 'descending')
  await page.waitForTimeout(200)
  await rests(page)
  told.byGmv = { keys: await keys(), address: page.url() }
  await page.click('.rows-actions >> text=列')
  await page.click('.column-list li:has-text("退款") .el-checkbox')
  await page.keyboard.press('Escape')
  told.heads = await page.$$eval('.rows-table thead th', (all) => all.map((head) => head.dataset.column))
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    (async () => {
      await page.click('.rows-actions >> text=导出')
      await page.click('.el-dropdown-menu__item:has-text("csv"):visible')
    })(),
  ])
  told.csv = readFileSync(await download.path(), 'utf8')
  // Every other file of these pages is one.
  told.files = []
  for (const path of given.files) {
    await page.goto(base + path)
    await page.waitForSelector('.business')
    await rests(page)
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      (async () => {
        await page.click('button:has-text("导出")')
        await page.click('.el-dropdown-menu__item:has-text("csv"):visible')
      })(),
    ])
    told.files.push([path, readFileSync(await file.path(), 'utf8').split('\n').length])
  }
  await page.goto(`${base}/hot-sellers?of=sku&month=${given.month}`)
  await page.waitForSelector('[data-place]')
  const before = await page.locator('[data-place]').count()
  const more = await page.locator('.hot-more').count()
  if (more) {
    await page.click('.hot-more')
    await page.waitForFunction((count) => document.querySelectorAll('[data-place]').length > count, before)
  }
  told.places = [before, await page.locator('[data-place]').count()]
  return told
})
