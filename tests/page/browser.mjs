// For the scripts of this folder: Debian's Chromium, a context that is signed in, and everything that a page must not do. A script
// takes one JSON argument and prints one line of JSON: {result, problems, refused}. tests/scenario/page.py starts them.
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const modules = createRequire(new URL('../../web/', import.meta.url))
const { chromium } = modules('playwright-core')

export const base = process.env.PAGE_BASE
const pictures = process.env.PAGE_PICTURES
export const given = JSON.parse(process.argv[2] ?? '{}')

const problems = []
const refused = []

/** Whatever the page asks of another host, breaks of its policy, or says in its console is a problem; a refused question is noted. */
function watch(page) {
  page.on('request', (request) => {
    const address = request.url()
    if (!address.startsWith(`${base}/`) && !address.startsWith('data:') && !address.startsWith('blob:')) problems.push(`asks ${address}`)
  })
  page.on('response', (reply) => {
    if (reply.status() >= 400) refused.push(`${reply.status()} ${new URL(reply.url()).pathname}`)
  })
  page.on('console', (message) => {
    const said = message.text()
    if (['error', 'warning'].includes(message.type()) && !said.startsWith('Failed to load resource')) problems.push(`console: ${said}`)
  })
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`))
}

const PHONE = { width: 390, height: 844 }
const DESK = { width: 1360, height: 900 }

/** A page of its own visitor. `as`: {name, password}, signed in without the form. */
export async function visitor(browser, { language = 'zh', dark = false, phone = false, as = null } = {}) {
  const context = await browser.newContext({
    viewport: phone ? PHONE : DESK,
    locale: language === 'zh' ? 'zh-CN' : 'en-US',
    colorScheme: dark ? 'dark' : 'light',
    hasTouch: phone,
    reducedMotion: 'reduce',
    acceptDownloads: true,
    // Times must be the shop's, wherever the browser stands.
    timezoneId: 'America/Los_Angeles',
  })
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))
  })
  if (as) {
    const reply = await context.request.post(`${base}/api/v1/auth/sign-in`, { data: as })
    if (!reply.ok()) throw new Error(`sign-in of ${as.name}: ${reply.status()} ${await reply.text()}`)
  }
  const page = await context.newPage()
  page.setDefaultTimeout(20000)
  watch(page)
  return page
}

export async function shot(page, name, whole = true) {
  if (!pictures) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: whole })
}

/** Today's figures stand, in `page`. */
export async function figuresStand(page) {
  await page.waitForSelector('[data-figure]')
}

/** A picture of what is asked for once nothing is asked any more. */
export async function rests(page) {
  await page.waitForFunction(() => !document.querySelector('.bone') && !document.querySelector('[aria-busy="true"]'))
}

export async function run(does) {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  let result = null
  try {
    result = await does(browser)
  } catch (error) {
    problems.push(`the script: ${error.message}`)
    for (const context of browser.contexts()) for (const page of context.pages()) await shot(page, 'failed').catch(() => undefined)
  }
  await browser.close()
  console.log(JSON.stringify({ result, problems, refused }))
}
