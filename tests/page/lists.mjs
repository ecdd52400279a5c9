// What scripts about lists share: what stands in a table, and waiting until it stands.
import { rests } from './browser.mjs'

/** Cells of rows; where a cell has several lines, they stand with a bar between them. */
export const rows = (page, within = '') =>
  page.$$eval(`${within} [data-row]`, (all) =>
    all.map((row) => ({
      key: row.dataset.row,
      cells: [...row.children].map((cell) => {
        const lines = [...cell.querySelectorAll('.list-line')]
        return lines.length ? lines.map((line) => line.textContent.trim()).join('|') : cell.textContent.trim()
      }),
    })),
  )
export const heads = (page) =>
  page.$$eval('thead th[data-column]', (all) =>
    all.map((head) => ({ key: head.dataset.column, name: head.textContent.trim(), sort: head.getAttribute('aria-sort'), wide: Math.round(head.getBoundingClientRect().width) })),
  )

export async function settled(page) {
  await page.waitForTimeout(60)
  await rests(page)
}

/** The file that a press of `format` in the menu of exports brings, as text. */
export async function fileOf(page, format) {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    (async () => {
      await page.click('.list-actions >> text=导出')
      await page.click(`.el-dropdown-menu__item:has-text("${format}"):visible`)
    })(),
  ])
  const path = await download.path()
  return (await import('node:fs')).readFileSync(path, 'utf8')
}

export async function viewSave(page, name) {
  await page.click('.list-actions >> text=视图')
  await page.click('.el-dropdown-menu__item:has-text("保存当前视图"):visible')
  await page.fill('.el-dialog input.box', name)
  await page.click('.el-dialog .el-checkbox:has-text("打开页面时先用它")')
  await page.click('.el-dialog button[type=submit]')
  await page.waitForSelector(`.list-actions >> text=${name}`)
}

export async function viewRemove(page, name) {
  await page.click(`.list-actions >> text=${name}`)
  await page.click('.el-dropdown-menu__item:has-text("删除此视图"):visible')
  await page.click('.el-dialog .el-button--danger')
  await page.waitForSelector('.list-actions >> text=视图')
}

export async function drawerClose(page) {
  await page.keyboard.press('Escape')
  await page.waitForSelector('.order-drawer', { state: 'detached' })
}

export const figures = (page, within) =>
  page.$$eval(`${within} [data-figure]`, (all) => Object.fromEntries(all.map((one) => [one.dataset.figure, one.textContent.trim()])))
