// In by the form, a wrong password first; another password; out.
import { base, figuresStand, given, run, shot, visitor } from './browser.mjs'

async function signIn(page, name, password) {
  await page.fill('input[name=username]', name)
  await page.fill('input[name=password]', password)
  await page.press('input[name=password]', 'Enter')
}

async function choose(page, text) {
  await page.click('.user-menu-button >> nth=1')
  await page.click(`.el-dropdown-menu__item:has-text("${text}"):visible`)
}

await run(async (browser) => {
  const page = await visitor(browser)
  await page.goto(`${base}/?period=30d`)
  await signIn(page, given.name, 'not the password')
  await page.waitForSelector('.sign-in-wrong:not(:empty)')
  const wrong = await page.textContent('.sign-in-wrong')
  await shot(page, 'sign-in-wrong')
  await signIn(page, given.name, given.password)
  await figuresStand(page)
  const address = page.url()

  await choose(page, '修改密码')
  const boxes = page.locator('.el-dialog input[type=password]')
  await boxes.nth(0).fill('not the password')
  await boxes.nth(1).fill(given.next)
  await boxes.nth(2).fill(given.next)
  await page.click('.el-dialog button[type=submit]')
  await page.waitForSelector('.el-dialog .sign-in-wrong:not(:empty)')
  const wrongOld = await page.textContent('.el-dialog .sign-in-wrong')
  await boxes.nth(0).fill(given.password)
  await page.click('.el-dialog button[type=submit]')
  await page.waitForSelector('input[name=username]')

  await signIn(page, given.name, given.next)
  await figuresStand(page)
  // Somebody ends the session elsewhere: the sign-in comes over what is there.
  await page.context().clearCookies()
  await page.click('.pills label:has-text("今天")')
  await page.waitForSelector('dialog[open] input[name=password]')
  const under = await page.locator('[data-figure]').count()
  await page.fill('dialog[open] input[name=password]', given.next)
  await page.press('dialog[open] input[name=password]', 'Enter')
  await page.waitForSelector('dialog[open]', { state: 'hidden' })

  await choose(page, '退出登录')
  await page.waitForSelector('input[name=username]')
  await page.goto(`${base}/ad-orders`)
  await page.waitForSelector('input[name=username]')
  return { wrong, wrongOld, address, under }
})
