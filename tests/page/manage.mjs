// What an admin does with users, tokens, sessions, settings and the audit log; what stands there after each.
import { base, given, rests, run, shot, visitor } from './browser.mjs'

const said = (page) => page.locator('.el-message').last().textContent()
const rows = (page, selector) => page.$$eval(`${selector} tbody tr`, (all) => all.map((row) => [...row.children].map((cell) => cell.textContent.replace(/\s+/g, ' ').trim())))
const wrong = async (page) => {
  await page.waitForSelector('.el-dialog .sign-in-wrong:not(:empty)')
  return page.locator('.el-dialog .sign-in-wrong:not(:empty)').textContent()
}
const gone = (page) => page.waitForSelector('.el-overlay-dialog:visible', { state: 'detached' })
const of = (page, name) => page.locator('[data-users] tbody tr', { has: page.locator(`th:has-text("${name}")`) })

async function users(page) {
  const read = {}
  await page.goto(`${base}/users`)
  await page.waitForSelector('[data-user]')
  await page.click('text=添加用户')
  await page.fill('.el-dialog input[name=new-user]', given.fresh)
  await page.click('.el-dialog label:has-text("操作员")')
  await page.fill('.el-dialog input[type=password]', 'short')
  await page.click('.el-dialog button[type=submit]')
  read.short = await wrong(page)
  await page.fill('.el-dialog input[type=password]', given.password)
  await page.click('.el-dialog button[type=submit]')
  read.noShops = await wrong(page)
  await page.click('.el-dialog .user-shops')
  await page.click(`.el-select-dropdown__item:has-text("${given.shop}"):visible`)
  await page.keyboard.press('Escape')
  // Whoever was away for too long signs in over the page; what he has typed is still there.
  await page.context().clearCookies()
  await page.click('.el-dialog button[type=submit]')
  await page.waitForSelector('dialog[open] input[name=password]')
  await shot(page, 'session-over', false)
  await page.fill('dialog[open] input[name=password]', given.as.password)
  await page.press('dialog[open] input[name=password]', 'Enter')
  await page.waitForSelector('dialog[open]', { state: 'detached' })
  read.kept = await page.inputValue('.el-dialog input[name=new-user]')
  await shot(page, 'user-add', false)
  await page.click('.el-dialog button[type=submit]')
  await gone(page)
  await page.waitForSelector(`[data-users] th:has-text("${given.fresh}")`)
  read.added = [await said(page), (await rows(page, '[data-users]')).find((row) => row[0] === given.fresh)]

  // Two change the same one: the second is told, and reads what the first has made of it.
  await of(page, given.fresh).locator('text=修改').click()
  await page.waitForSelector('.el-dialog .user-off')
  const id = await of(page, given.fresh).getAttribute('data-user')
  await page.context().request.patch(`${base}/api/v1/users/${id}`, { data: { reveals: true }, headers: { 'X-Huiliu': '1' } })
  await page.click('.el-dialog label:has-text("查看者")')
  await page.click('.el-dialog button[type=submit]')
  read.stale = [await wrong(page), await page.isChecked('.el-dialog .el-checkbox:has-text("可查看个人信息") input')]
  await page.click('.el-dialog label:has-text("查看者")')
  await page.fill('.el-dialog input[type=password]', given.next)
  await page.click('.el-dialog .user-off')
  await page.click('.el-dialog button[type=submit]')
  await gone(page)
  await rests(page)
  read.changed = (await rows(page, '[data-users]')).find((row) => row[0] === given.fresh)
  await shot(page, 'users', false)

  // The other admin is the test's own: he is made less as long as it takes.
  const other = await of(page, given.other).getAttribute('data-user')
  const made = (role) => page.context().request.patch(`${base}/api/v1/users/${other}`, { data: { role }, headers: { 'X-Huiliu': '1' } })
  await made('operator')
  await of(page, given.as.name).locator('text=移除').click()
  await page.click('.el-dialog .el-button--danger')
  read.last = await wrong(page)
  await page.click('.el-dialog button:has-text("取消")')
  await gone(page)
  await made('admin')
  return read
}

async function tokens(page) {
  await page.click('[data-tokens] button:has-text("新建令牌")')
  await page.fill('.el-dialog input.box', given.token)
  await page.selectOption('.el-dialog select >> nth=1', { label: '30 天' })
  await page.click('.el-dialog button[type=submit]')
  await page.waitForSelector('[data-token-text]')
  const text = (await page.textContent('[data-token-text]')).trim()
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.click('.el-dialog button:has-text("复制令牌")')
  await page.waitForSelector('.el-message--success:has-text("已复制")')
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  const works = async () => (await fetch(`${base}/api/v1/auth/me`, { headers: { Authorization: `Bearer ${text}` } })).status
  const before = await works()
  await page.click('.el-dialog button:has-text("关闭")')
  await gone(page)
  const again = (await page.content()).includes(text)
  await page.waitForSelector('[data-token]')
  const listed = await rows(page, '[data-tokens]')
  await page.click('[data-tokens] button:has-text("收回")')
  await page.click('.el-dialog .el-button--danger')
  await gone(page)
  await page.waitForSelector('[data-token]', { state: 'detached' })
  return { copied: copied === text, works: [before, await works()], again, listed }
}

async function removes(page) {
  await of(page, given.fresh).locator('text=移除').click()
  await page.click('.el-dialog .el-button--danger')
  await gone(page)
  await page.waitForSelector(`[data-users] th:has-text("${given.fresh}")`, { state: 'detached' })
  return said(page)
}

async function sessions(page, browser) {
  const other = await visitor(browser, { as: given.as })
  await other.goto(`${base}/ad-orders`)
  await other.waitForSelector('[data-row]')
  await page.click('.user-menu-button >> nth=1')
  await page.click('.el-dropdown-menu__item:has-text("登录设备"):visible')
  await page.waitForSelector('[data-session]')
  const before = await rows(page, '.sessions')
  await shot(page, 'sessions', false)
  // The newest of the others is that of the other window: all but this one are ended.
  for (let left = await page.locator('.sessions button').count(); left > 0; left--) {
    await page.click('.sessions button >> nth=0')
    await page.waitForFunction((now) => document.querySelectorAll('.sessions button').length === now, left - 1)
  }
  const after = await rows(page, '.sessions')
  await page.keyboard.press('Escape')
  await gone(page)
  await other.reload()
  await other.waitForSelector('input[name=username]')
  await other.context().close()
  return { before: before.length, here: before.filter((row) => row[3] === '这里').length, after: after.map((row) => row[3]) }
}

async function settings(page) {
  await page.goto(`${base}/settings`)
  await page.waitForSelector('[data-setting]')
  const all = Object.fromEntries(
    await page.$$eval('[data-setting]', (found) => found.map((row) => [row.dataset.setting, [...row.children].slice(1).map((cell) => cell.textContent.trim())])),
  )
  const names = () => page.$$eval('[data-setting]', (found) => found.map((row) => row.dataset.setting))
  await page.fill('.manage-search input', 'listen')
  const found = await names()
  await page.fill('.manage-search input', '')
  await page.click('text=只看改过的')
  const set = await names()
  await page.fill('.manage-search input', 'there is no such option')
  const none = await page.textContent('.answer-empty')
  return { all, found, set, none: none.trim() }
}

async function audit(page) {
  const read = {}
  const lines = () => page.$$eval('[data-row]', (all) => all.map((row) => [row.dataset.row, ...[...row.children].map((cell) => cell.textContent.trim())]))
  await page.goto(`${base}/audit`)
  await page.waitForSelector('[data-row]')
  read.all = await lines()
  await shot(page, 'audit', false)
  await page.click('[data-row] .list-open >> nth=0')
  await page.waitForSelector('.audit-facts')
  read.first = await page.textContent('.audit-head')
  await page.keyboard.press('Escape')
  await page.waitForSelector('.audit-facts', { state: 'detached' })
  for (const [name, query] of Object.entries(given.audit)) {
    await page.goto(`${base}/audit?${query}`)
    await page.waitForSelector('[data-row], .answer-empty')
    await rests(page)
    read[name] = (await lines()).map((line) => line[0])
  }
  await page.goto(`${base}/audit?action=user.change&subject=${encodeURIComponent(given.fresh)}`)
  await page.click('[data-row] .list-open >> nth=0')
  await page.waitForSelector('.audit-changes')
  read.changes = await rows(page, '.audit-changes')
  await shot(page, 'audit-line', false)
  await page.keyboard.press('Escape')
  await page.waitForSelector('.audit-facts', { state: 'detached' })
  await page.click('text=清除筛选')
  await rests(page)
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    (async () => {
      await page.click('.list-actions >> text=导出')
      await page.click('.el-dropdown-menu__item:has-text("csv"):visible')
    })(),
  ])
  read.file = await download.path().then((path) => import('node:fs').then(({ readFileSync }) => readFileSync(path, 'utf8')))
  await page.context().close()
  // In the other language every action has a sentence too.
  const english = await visitor(page.context().browser(), { language: 'en', as: given.as })
  await english.goto(`${base}/audit`)
  await english.waitForSelector('[data-row]')
  read.english = await english.$$eval('[data-row]', (all) => all.map((row) => row.children[1].textContent.trim()))
  return read
}

async function stranger(browser) {
  const page = await visitor(browser, { as: given.looker })
  const read = []
  for (const path of ['/users', '/audit', '/settings']) {
    await page.goto(`${base}${path}`)
    await page.waitForSelector('[role=alert] h1')
    read.push(await page.textContent('[role=alert] h1'))
  }
  return { read, menu: await page.$$eval('.side a', (all) => all.map((one) => new URL(one.href).pathname)) }
}

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as })
  const read = { users: await users(page), tokens: await tokens(page), sessions: await sessions(page, browser) }
  read.removed = await removes(page)
  read.settings = await settings(page)
  read.audit = await audit(page)
  read.stranger = await stranger(browser)
  return read
})
