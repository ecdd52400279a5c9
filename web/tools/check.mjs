// check.mjs: what the type check does not see. Each word is in its language; no text stands in a component instead of words.ts; nothing
// names a host; no style and no script stands in a document; money and ids are not made numbers outside src/form.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const ROOT = new URL('..', import.meta.url).pathname
const CHINESE = /[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]/
const PAIR = /\[\s*'((?:[^'\\]|\\.)*)',\s*'((?:[^'\\]|\\.)*)',?\s*\]/g
const faults = []

function files(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|vue|js|html|css)$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

/** Comments may say what they like. */
function withoutComments(text) {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/(^|\s)\/\/.*$/gm, '$1')
}

function pairsCheck(name, text) {
  for (const [, zh, en] of text.matchAll(PAIR)) {
    if (!zh.trim() || !en.trim()) faults.push(`${name}: a word is empty beside '${zh || en}'`)
    if (CHINESE.test(en)) faults.push(`${name}: the English of '${zh}' is not English: '${en}'`)
    const fillings = (one) => [...one.matchAll(/\{\w+\}/g)].map(([all]) => all).sort().join()
    if (fillings(zh) !== fillings(en)) faults.push(`${name}: '${zh}' and '${en}' are not filled with the same`)
  }
}

for (const path of [...files(join(ROOT, 'src')), ...files(join(ROOT, 'public')), join(ROOT, 'index.html')]) {
  const name = relative(ROOT, path)
  const text = withoutComments(readFileSync(path, 'utf8'))
  if (name === join('src', 'api', 'types.ts')) continue
  pairsCheck(name, text)
  // What is left of Chinese once all pairs are taken away is said in one language only. Names of languages are said in their own.
  const left = text.replace(PAIR, '').replace(/'中文'/g, '')
  if (name !== 'index.html') {
    left.split('\n').forEach((line, at) => {
      if (CHINESE.test(line)) faults.push(`${name}:${at + 1}: a text that is not in both languages: ${line.trim()}`)
    })
  }
  for (const [rule, what] of [
    [/(?<!xmlns=")https?:\/\/|["'(]\/\/[a-z]/i, 'names a host'],
    [/\sstyle="/, 'a style that stands in the document'],
    [/v-html|innerHTML|\beval\(|new Function/, 'makes a document or a script of a text'],
    [/\son[a-z]+="/, 'a script that stands in the document'],
  ]) {
    if (rule.test(text)) faults.push(`${name}: ${what}: ${rule.exec(text)[0].trim()}`)
  }
  if (!name.startsWith(join('src', 'form')) && /\b(Number|parseInt|parseFloat)\(/.test(text) && name !== join('src', 'api', 'client.ts')) {
    faults.push(`${name}: makes a number of a text; src/form writes amounts, and ids stay texts`)
  }
}

for (const fault of faults) console.error(fault)
process.exit(faults.length ? 1 : 0)
