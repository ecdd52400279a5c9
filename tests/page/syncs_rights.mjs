// Who may only look: what he may not do is off, and says why. And the pages of the group as they look in every way.
import { base, given, rests, run, shot, visitor } from './browser.mjs'

await run(async (browser) => {
  const read = {}
  const page = await visitor(browser, { as: given.as })
  const buttons = async (where) => page.$$eval(where, (all) => all.map((one) => [one.textContent.trim(), one.disabled, one.title]))
  await page.goto(`${base}/syncs`)
  await page.waitForSelector('[data-strip]')
  read.syncs = [...(await buttons('.page-actions button')), ...(await buttons('[data-shop] .el-button'))]
  read.shops = await page.$$eval('[data-shop]', (all) => all.map((one) => one.dataset.shop))
  await page.goto(`${base}/shops?open=${given.own}`)
  await page.waitForSelector('.shop-drawer [name=edit-name]')
  read.drawer = await buttons('.shop-drawer .drawer-parts .el-button')
  read.apps = await page.locator('[data-app]').count()
  await page.goto(`${base}/platforms`)
  await page.waitForSelector('[data-platform] [data-span]')
  read.platform = await buttons('[data-platform] .el-button')
  for (const way of [{ language: 'en', dark: true, phone: false }, { language: 'zh', dark: false, phone: true }]) {
    const looks = await visitor(browser, { ...way, as: given.admin })
    for (const name of ['syncs', 'shops', 'platforms']) {
      await looks.goto(`${base}/${name}`)
      await looks.waitForSelector({ syncs: '[data-strip]', shops: 'tr[data-shop]', platforms: '[data-span]' }[name])
      await rests(looks)
      await shot(looks, `${name}-${way.language}-${way.phone ? 'phone' : 'dark'}`)
    }
  }
  return read
})
