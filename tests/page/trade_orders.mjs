// Trade orders: what is read after each thing that a person does with them.
import { base, given, run, visitor } from './browser.mjs'
import { drawerClose, figures, fileOf, heads, rows, settled, viewRemove, viewSave } from './lists.mjs'

async function filterMore(page, typed) {
  if (!(await page.$('.orders-more'))) await page.click('text=更多筛选')
  for (const [name, value] of Object.entries(typed)) await page.fill(`.orders-more [name=${name}]`, value)
  await page.click('.orders-more button[type=submit]')
  await settled(page)
  return rows(page)
}

async function clear(page) {
  await page.click('text=清除筛选')
  await settled(page)
}

async function part(page, read) {
  await page.waitForSelector(`[data-part="${given.buyer}"] .order-facts`)
  const of = `[data-part="${given.buyer}"]`
  read.figures = await figures(page, `[data-together]`)
  read.partFigures = await figures(page, of)
  read.masked = await page.$$eval(`${of} [data-personal]`, (all) => all.map((one) => one.textContent.trim()))
  await page.click(`${of} [data-reveal]`)
  read.withoutReason = await page.isDisabled(`${of} .reason button[type=submit]`)
  await page.fill(`${of} .reason input`, '好')
  await page.click(`${of} .reason button[type=submit]`)
  await page.waitForSelector(`${of} .reason [role=alert]`)
  read.shortReason = await page.$$eval(`${of} [data-personal]`, (all) => all.map((one) => one.textContent.trim()))
  await page.fill(`${of} .reason input`, '包裹退回，要联系买家')
  await page.click(`${of} .reason button[type=submit]`)
  await page.waitForSelector(`${of} >> text=恢复遮盖`)
  read.revealed = await page.$$eval(`${of} [data-personal]`, (all) => all.map((one) => one.textContent.trim()))
  await page.click(`${of} >> text=查看原始记录`)
  await page.fill(`${of} .original .reason input`, '与平台核对金额')
  await page.click(`${of} .original .reason button[type=submit]`)
  await page.waitForSelector(`${of} [data-original]`)
  read.original = await page.textContent(`${of} [data-original]`)
  read.cameBy = (await page.textContent(`${of} [data-came-by]`)).replace(/\s+/g, ' ').trim()
  read.history = await page.$$eval(`${of} section:has(h3:text-is("状态历史")) tbody tr`, (all) => all.map((row) => [...row.children].map((cell) => cell.textContent.trim())))
  await page.click('.order-drawer >> text=重新拉取此订单')
  await page.waitForSelector('.el-message--success')
  await page.waitForSelector('[data-sync]')
  read.pulled = [await page.textContent('.el-message--success'), (await page.textContent('.sync-progress')).replace(/\s+/g, ' ').trim()]
}

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as })
  const read = {}
  await page.goto(`${base}/trade-orders`)
  await page.waitForSelector('[data-row]')
  await settled(page)
  read.first = { rows: await rows(page), heads: await heads(page), asOf: await page.textContent('[data-as-of]') }
  await page.click('[aria-label="下一页"]')
  await settled(page)
  read.second = await rows(page)
  await page.click('[aria-label="上一页"]')
  await settled(page)
  await page.click('text=统计总数')
  await page.waitForSelector('[data-total]')
  read.total = await page.textContent('[data-total]')

  await page.click('.orders-status')
  await page.click('.el-select-dropdown__item:has-text("已取消"):visible')
  await page.keyboard.press('Escape')
  await settled(page)
  read.stage = await rows(page)
  await clear(page)
  await page.click('text=更多筛选')
  await page.selectOption('.orders-more [name=late]', 'true')
  await settled(page)
  read.late = await rows(page)
  await clear(page)
  await page.selectOption('.orders-more [name=counts]', 'false')
  await settled(page)
  read.noSale = await rows(page)
  await clear(page)
  read.sku = await filterMore(page, { sku_id: given.sku.join(' ') })
  await clear(page)
  read.person = await filterMore(page, { person: given.person })
  await clear(page)
  read.status = await filterMore(page, { status: '101' })
  await clear(page)
  read.currency = await filterMore(page, { currency: 'USD' })
  read.empty = await page.textContent('.answer-empty')
  await clear(page)
  await page.fill('.list-search input', given.word)
  await page.press('.list-search input', 'Enter')
  await settled(page)
  read.word = await rows(page)
  await clear(page)
  for (const [label, day] of Object.entries({ 下单从: given.days[0], 下单到: given.days[1] })) {
    await page.fill(`[aria-label="${label}"]`, day)
    await page.press(`[aria-label="${label}"]`, 'Tab')
    await settled(page)
  }
  read.days = await rows(page)

  // What is shown is what the file has, and what the view keeps.
  await page.click('.list-actions >> text=列')
  await page.click('.column-list li[data-key="parts.sku_id"] .el-checkbox')
  await page.click('.column-list li[data-key="together.refunds"] .el-checkbox')
  await page.keyboard.press('Escape')
  await viewSave(page, '整单五月')
  read.file = await fileOf(page, 'csv')
  await page.goto(`${base}/trade-orders`)
  await page.waitForSelector('.list-actions >> text=整单五月')
  await settled(page)
  read.view = { rows: await rows(page), heads: await heads(page) }
  await viewRemove(page, '整单五月')

  await page.click('label:has-text("子订单") >> nth=0')
  await page.waitForSelector('[data-column=gmv]')
  await settled(page)
  read.parts = { rows: await rows(page), heads: await heads(page) }
  await page.click('[data-column=gmv] .list-sort')
  await settled(page)
  await page.click('[data-column=created_at] .list-sort', { modifiers: ['Shift'] })
  await settled(page)
  read.sorted = await rows(page)
  read.amounts = await filterMore(page, { gmv_min: '100.50', gmv_max: '400', profit_before_ads_min: '-20', profit_before_ads_max: '300.00' })
  read.partsFile = await fileOf(page, 'csv')
  read.address = page.url()

  await page.goto(`${base}/trade-orders?open=${encodeURIComponent(given.open)}`)
  await part(page, read)
  await drawerClose(page)
  // Open again: what was shown is gone.
  await page.goto(`${base}/trade-orders?open=${encodeURIComponent(given.open)}`)
  await page.waitForSelector(`[data-part="${given.buyer}"] [data-personal]`)
  read.again = await page.$$eval(`[data-part="${given.buyer}"] [data-personal]`, (all) => all.map((one) => one.textContent.trim()))
  read.originalGone = await page.$$eval('[data-original]', (all) => all.length)
  await drawerClose(page)

  // Digits that JavaScript has no number for, an escape, nothing, and a text that looks like the end of one.
  await page.route('**/original', (route) => route.fulfill({ contentType: 'application/json', body: given.record }))
  await page.goto(`${base}/trade-orders?open=${encodeURIComponent(given.open)}`)
  await page.click(`[data-part="${given.buyer}"] >> text=查看原始记录`)
  await page.fill(`[data-part="${given.buyer}"] .original .reason input`, '核对位数')
  await page.click(`[data-part="${given.buyer}"] .original .reason button[type=submit]`)
  read.digits = await page.textContent(`[data-part="${given.buyer}"] [data-original]`)
  await page.unroute('**/original')
  await drawerClose(page)

  await page.click('text=按买家查找')
  await page.fill('.el-dialog [name=word]', read.revealed[0])
  await page.fill('.el-dialog .reason input:not([name])', '查')
  await page.click('.el-dialog .reason button[type=submit]')
  await page.waitForSelector('.el-dialog .reason [role=alert]') // too short a reason
  await page.fill('.el-dialog .reason input:not([name])', '买家来电问订单')
  await page.click('.el-dialog .reason button[type=submit]')
  await page.waitForSelector('[data-found]')
  read.found = await page.$$eval('[data-found]', (all) => all.map((one) => [one.dataset.found, ...[...one.children].map((cell) => cell.textContent.trim())]))
  read.addressFound = page.url()
  await page.click('[data-found] button')
  await page.waitForSelector('.order-drawer [data-part]')
  read.foundOpen = new URL(page.url()).searchParams.get('open')
  await drawerClose(page)
  return read
})
