// Pictures of the page for its README: light, Chinese, a desk. tools/pictures starts it.
import { base, given, rests, run, shot, visitor } from './browser.mjs'

await run(async (browser) => {
  const page = await visitor(browser, { as: given.as })
  await page.setViewportSize({ width: 1440, height: 900 })
  for (const { name, path, waits } of given.pictures) {
    await page.goto(`${base}${path}`)
    await page.waitForSelector(waits)
    await rests(page)
    await page.waitForTimeout(300)
    await shot(page, name, false)
  }
  // Who was made for it is removed again.
  const { id } = await (await page.context().request.get(`${base}/api/v1/auth/me`)).json()
  await page.context().request.delete(`${base}/api/v1/users/${id}`, { headers: { 'X-Huiliu': '1' } })
  return given.pictures.length
})
