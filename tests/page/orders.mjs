// The list of ad orders: what is read after each thing that a person does with it.
import { base, given, rests, run, visitor } from './browser.mjs'

const rows = (page) =>
  page.$$eval('[data-row]', (all) => all.map((row) => ({ key: row.dataset.row, cells: [...row.children].map((cell) => cell.textContent.trim()) })))
const heads = (page) => page.$$eval('thead th', (all) => all.map((head) => ({ key: head.dataset.column, name: head.textContent.trim(), sort: head.getAttribute('aria-sort') })))

async function settled(page) {
  await page.waitForTimeout(60)
  await rests(page)
}

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as })
  const read = {}
  await page.goto(`${base}/ad-orders`)
  await page.waitForSelector('[data-row]')
  await settled(page)
  read.first = { rows: await rows(page), heads: await heads(page) }

  await page.click('[aria-label="下一页"]')
  await settled(page)
  await page.click('.list-open >> nth=3')
  await page.waitForSelector('.order-drawer [data-figure]')
  await page.keyboard.press('Escape')
  await page.waitForSelector('.order-drawer', { state: 'detached' })
  await settled(page)
  read.second = await rows(page) // as before a row of it was open
  await page.click('[aria-label="上一页"]')
  await settled(page)
  read.back = await rows(page)
  await page.click('text=统计总数')
  await page.waitForSelector('[data-total]')
  read.total = await page.textContent('[data-total]')

  await page.click('[data-column=cost] .list-sort')
  await settled(page)
  await page.click('[data-column=created_at] .list-sort', { modifiers: ['Shift'] })
  await settled(page)
  read.sorted = { rows: await rows(page), heads: await heads(page), address: page.url() }

  await page.fill('.list-search input', given.word)
  await page.press('.list-search input', 'Enter')
  await settled(page)
  read.found = { rows: await rows(page), address: page.url() }

  await page.click('.list-actions >> text=列')
  await page.click('.column-list li:has-text("评论数") .el-checkbox')
  await page.click('.column-list li:has-text("评论数") [aria-label^="前移"]')
  await page.click('.column-list li:has-text("点赞数") .el-checkbox')
  await page.keyboard.press('Escape')
  read.columns = await heads(page)

  await page.click('.list-actions >> text=视图')
  await page.click('.el-dropdown-menu__item:has-text("保存当前视图"):visible')
  await page.fill('.el-dialog input.box', '常看的')
  await page.click('.el-dialog .el-checkbox:has-text("打开页面时先用它")')
  await page.click('.el-dialog button[type=submit]')
  await page.waitForSelector('.list-actions >> text=常看的')

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    (async () => {
      await page.click('.list-actions >> text=导出')
      await page.click('.el-dropdown-menu__item:has-text("csv"):visible')
    })(),
  ])
  read.file = await download.path().then((path) => import('node:fs').then(({ readFileSync }) => readFileSync(path, 'utf8')))

  // A new visit begins with the default view.
  await page.goto(`${base}/ad-orders`)
  await page.waitForSelector('.list-actions >> text=常看的')
  await settled(page)
  read.again = { rows: await rows(page), heads: await heads(page), address: page.url() }

  await page.click('.list-open >> nth=0')
  await page.waitForSelector('.order-drawer [data-figure]')
  read.open = {
    key: new URL(page.url()).searchParams.get('open'),
    figures: Object.fromEntries(await page.$$eval('.order-drawer [data-figure]', (all) => all.map((one) => [one.dataset.figure, one.textContent.trim()]))),
  }
  await page.click('text=重新拉取此订单')
  await page.waitForSelector('.el-message--success')
  read.pulled = await page.textContent('.el-message--success')
  await page.keyboard.press('Escape')
  await page.waitForSelector('.order-drawer', { state: 'detached' })

  await page.click('.list-actions >> text=常看的')
  await page.click('.el-dropdown-menu__item:has-text("删除此视图"):visible')
  await page.click('.el-dialog .el-button--danger')
  await page.waitForSelector('.list-actions >> text=视图')
  return read
})
