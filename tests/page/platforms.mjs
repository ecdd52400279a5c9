// Platforms: how they answered, what they allow, and a pause of one.
import { base, given, rests, run, shot, visitor } from './browser.mjs'
import { press, said } from './said.mjs'

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as, language: 'en', dark: true })
  const read = {}
  await page.goto(`${base}/platforms`)
  await page.waitForSelector('[data-platform] [data-span]')
  await page.waitForSelector('[data-budget]')
  await rests(page)
  const cells = (selector, key) => page.$$eval(selector, (all, name) => all.map((row) => [row.dataset[name], ...[...row.children].slice(1).map((cell) => cell.textContent.trim())]), key)
  read.spans = await cells(`[data-platform="${given.platform}"] [data-span]`, 'span')
  read.budgets = await cells(`[data-platform="${given.platform}"] [data-budget]`, 'budget')
  read.breakers = await page.$$eval('[data-breaker]', (all) => all.map((one) => [one.dataset.breaker, one.textContent.trim()]))
  read.platforms = await page.$$eval('[data-platform]', (all) => all.map((one) => one.dataset.platform))
  await shot(page, 'platforms-en-dark')
  await press(page, `[data-platform="${given.platform}"]`, 'Pause it')
  await page.click('.confirm button[type=submit]')
  read.paused = await said(page)
  await page.waitForSelector('[data-paused]')
  read.pauses = await page.$$eval('[data-paused]', (all) => all.length)
  await press(page, `[data-platform="${given.platform}"]`, 'Resume it')
  read.resumed = await said(page)
  await page.waitForSelector('[data-paused]', { state: 'detached' })
  return read
})
