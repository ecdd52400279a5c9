// Shops: adding by a consent and by hand, changing, disabling, leaving; apps and their credentials.
import { base, given, rests, run, shot, visitor } from './browser.mjs'
import { press, said } from './said.mjs'

async function settled(page) {
  await page.waitForTimeout(80)
  await rests(page)
}
const rows = (page) => page.$$eval('tr[data-shop]', (all) => all.map((row) => [row.dataset.shop, ...[0, 1, 2, 3, 4, 5].map((at) => row.children[at].textContent.trim().replace(/\s+/g, ' '))]))

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as })
  const read = {}
  await page.goto(`${base}/shops`)
  await page.waitForSelector('tr[data-shop]')
  await settled(page)
  read.first = await rows(page)

  // --- an app, then its shops by a consent ---
  await press(page, '.page', '添加应用')
  await page.selectOption('.app-dialog [name=app-platform]', 'douplus')
  await page.waitForSelector('.app-dialog [name=secret]')
  read.secretBox = await page.getAttribute('.app-dialog [name=secret]', 'type')
  read.needs = await page.$$eval('.app-dialog .form .form input', (all) => all.map((one) => one.name))
  await page.fill('.app-dialog [name=app-name]', 'main')
  await page.fill('.app-dialog [name=key]', given.app.key)
  await page.fill('.app-dialog [name=secret]', given.app.secret)
  await page.fill('.app-dialog [name=redirect_uri]', `${base}/api/v1/oauth/callback`)
  await page.click('.app-dialog button[type=submit]')
  read.appAdded = await said(page)
  await page.waitForSelector('.app-dialog', { state: 'hidden' })

  // The platform's page, which the sandbox does not play: it sends the browser back with what `answer` says.
  let answer = ''
  await page.context().route(/[?&]redirect_uri=/, (route) => {
    const asked = new URL(route.request().url()).searchParams
    const back = `${asked.get('redirect_uri')}?state=${asked.get('state')}&${answer}`
    return route.fulfill({ contentType: 'text/html', body: `<script>location.replace(${JSON.stringify(back)})</script>` })
  })
  const consent = async (does) => {
    const [popup] = await Promise.all([page.waitForEvent('popup'), does()])
    await popup.waitForSelector('[data-consent=good], [data-consent=bad]')
    const told = { is: await popup.getAttribute('[data-consent]', 'data-consent'), text: await popup.textContent('[data-consent]'), address: popup.url() }
    return { popup, told }
  }
  answer = 'error=access_denied&error_description=not+today'
  await press(page, '.page-actions', '添加店铺')
  await page.selectOption('.add-shop [name=platform]', 'douplus')
  const refused = await consent(() => press(page, '.add-shop', '通过授权添加'))
  read.refused = refused.told
  read.refusedHere = await said(page, 'error')
  await refused.popup.close()
  answer = `auth_code=${given.code}`
  const good = await consent(() => press(page, '.add-shop', '通过授权添加'))
  read.consent = good.told
  await page.waitForSelector('.add-shop', { state: 'hidden' })
  await good.popup.waitForEvent('close', { timeout: 10000 })
  await page.waitForFunction((count) => document.querySelectorAll('tr[data-shop]').length > count, read.first.length)
  await settled(page)
  read.withConsent = await rows(page)
  read.endings = await page.$$eval('[data-ending]', (all) => all.map((row) => [row.dataset.ending, ...[...row.children].map((cell) => cell.textContent.trim())]))
  await shot(page, 'shops-zh-light')
  await page.evaluate(() => document.querySelectorAll('.el-message__closeBtn').forEach((button) => button.click()))

  // --- by hand ---
  await press(page, '.page-actions', '添加店铺')
  await page.selectOption('.add-shop [name=platform]', 'douplus')
  await page.waitForSelector('.add-shop [name=token]')
  await page.fill('.add-shop [name=name]', 'by hand')
  await page.fill('.add-shop [name=external_id]', 'hand-1')
  await page.fill('.add-shop [name=token]', 't-o-p-s-e-c-r-e-t')
  await page.fill('.add-shop [name=since]', '2026-05-01')
  await shot(page, 'shops-add-zh-light', false)
  await page.click('.add-shop button[type=submit]')
  await page.waitForSelector('.shop-drawer [data-shop-state]')
  await settled(page)
  read.byHand = new URL(page.url()).searchParams.get('open')
  await page.keyboard.press('Escape')
  await page.waitForSelector('.shop-drawer', { state: 'detached' })
  await page.evaluate(() => document.querySelectorAll('.el-message__closeBtn').forEach((button) => button.click()))

  // --- changing; somebody else is quicker ---
  await page.goto(`${base}/shops?open=${given.shop}`)
  await page.waitForSelector('.shop-drawer [name=edit-name]')
  await settled(page)
  await page.fill('[name=edit-person]', 'Lin')
  await page.fill('[name=edit-days]', '14')
  await press(page, '.shop-drawer', '保存')
  read.saved = await said(page)
  await settled(page)
  await shot(page, 'shops-drawer-zh-light', false)
  await page.fill('[name=edit-person]', 'mine')
  const other = await visitor(browser, { as: given.other })
  await other.context().request.patch(`${base}/api/v1/shops/${given.shop}`, { data: { person: 'theirs' }, headers: { 'X-Huiliu': '1' } })
  await press(page, '.shop-drawer', '保存')
  read.conflict = await said(page, 'error')
  await page.waitForSelector('[data-elsewhere]')
  await page.waitForFunction(() => document.querySelector('[name=edit-person]').value === 'theirs')
  read.elsewhere = await page.textContent('[data-elsewhere]')
  await page.fill('[name=edit-person]', 'agreed')
  await press(page, '.shop-drawer', '保存')
  await said(page)

  // --- off and on ---
  await press(page, '.shop-drawer', '停用')
  read.disabled = await said(page)
  await page.waitForSelector('.shop-drawer [data-shop-state]:has-text("已停用")')
  await press(page, '.shop-drawer', '启用')
  read.enabled = await said(page)
  await page.waitForSelector('.shop-drawer [data-shop-state]:has-text("在用")')

  // --- leaving: refused while it has rows, and with them only by its name ---
  await press(page, '.shop-drawer', '解绑')
  read.unbindOff = await page.locator('.confirm button[type=submit]').isDisabled()
  await page.fill('.confirm [name=confirm]', given.name)
  await page.click('.confirm button[type=submit]')
  read.hasRows = await said(page, 'error')
  await page.click('.confirm .unbind-rows')
  await shot(page, 'shops-unbind-zh-light', false)
  await page.click('.confirm button[type=submit]')
  read.unbound = await said(page)
  await page.waitForSelector(`tr[data-shop="${given.shop}"]`, { state: 'detached' })

  // --- other credentials ---
  await press(page, 'tr[data-app]:has-text("douplus")', '更换凭据')
  await page.waitForSelector('.app-dialog [name=secret]')
  await page.fill('.app-dialog [name=secret]', 'another')
  await page.click('.app-dialog button[type=submit]')
  read.rotated = await said(page)
  return read
})
