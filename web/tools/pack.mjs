// pack.mjs SITE TABLE.c BYTES.bin: every file of SITE, plain and packed, as one table of src/api/page.h.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
}

const [site, tableName, bytesName] = process.argv.slice(2)
const names = readdirSync(site, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  .sort()

const pieces = []
let length = 0

/** Where the bytes lie; a packing that is not smaller than `than` is left out. */
function add(bytes, than = Infinity) {
  if (bytes.length >= than) return '{0, 0}'
  const place = `{${length}, ${bytes.length}}`
  pieces.push(bytes)
  length += bytes.length
  return place
}

const rows = names.map((name) => {
  const path = '/' + relative(site, name).replaceAll('\\', '/')
  const type = TYPES[extname(name)]
  if (!type) throw new Error(`pack: no type is known of ${path}`)
  const plain = readFileSync(name)
  const tag = createHash('sha256').update(plain).digest('hex').slice(0, 32)
  const gzip = gzipSync(plain, { level: 9 })
  const brotli = brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
  })
  const places = [add(plain), add(gzip, plain.length), add(brotli, plain.length)].join(', ')
  return `    {"${path}", "${type}", "${tag}", ${path.startsWith('/assets/')}, {${places}}},`
})

const bytes = Buffer.concat(pieces)
writeFileSync(bytesName, bytes)
// The hash lets whoever caches compilers' work see that the bytes are others; @BYTES@ is set by tools/page.
writeFileSync(
  tableName,
  `/* Made by tools/page of web/; edit those files instead. ${createHash('sha256').update(bytes).digest('hex')} */
#include "api/page.h"

__asm__(".section .rodata\\n"
        ".balign 16\\n"
        "page_bytes:\\n"
        ".incbin \\"@BYTES@\\"\\n"
        ".previous\\n");
extern const unsigned char page_bytes[];
static const struct page_file files[] = {
${rows.join('\n')}
    {0},
};
const struct page_site page_built = {files, page_bytes};
`,
)
