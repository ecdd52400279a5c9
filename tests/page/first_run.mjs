// Nobody has a user yet: the page says which command makes one.
import { base, run, shot, visitor } from './browser.mjs'

await run(async (browser) => {
  const page = await visitor(browser)
  await page.goto(`${base}/`)
  const command = await page.textContent('.sign-in-command')
  await shot(page, 'first-run')
  return { command, forms: await page.locator('input[type=password]').count() }
})
