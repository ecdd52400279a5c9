// Messages at the top of the page, and buttons by their words.

/** The newest message, closed again so that the next one is its own. */
export async function said(page, kind = 'success') {
  const message = page.locator(`.el-message--${kind}`).last()
  await message.waitFor()
  const text = (await message.textContent()).trim()
  await message.locator('.el-message__closeBtn').click()
  await message.waitFor({ state: 'detached' })
  return text
}

export const press = (page, where, text) => page.locator(where).locator('button', { hasText: text }).first().click()
