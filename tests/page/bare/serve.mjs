// serve.mjs API SITE BARE: on a free port of loopback, whose number is its first line, the built page and (below /bare/) the bare ones, both alike: Brotli,
// packed before anybody asks, hashed names kept for ever. What is below /api goes to the program.
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { extname, join, relative } from 'node:path'
import { brotliCompressSync } from 'node:zlib'

const [api, site, bare] = process.argv.slice(2)
const KINDS = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const files = new Map()
for (const [folder, below] of [[site, '/'], [bare, '/bare/']]) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name)
    if (entry.isFile()) files.set(below + relative(folder, path), { bytes: brotliCompressSync(readFileSync(path)), kind: KINDS[extname(path)] ?? 'application/octet-stream' })
  }
}

createServer((asked, reply) => {
  const { pathname } = new URL(asked.url, 'http://here')
  if (pathname.startsWith('/api/')) {
    const on = request(`${api}${asked.url}`, { method: asked.method, headers: asked.headers }, (told) => {
      reply.writeHead(told.statusCode, told.headers)
      told.pipe(reply)
    })
    on.on('error', () => reply.destroy())
    reply.on('close', () => on.destroy())
    asked.pipe(on)
    return
  }
  const file = files.get(pathname) ?? files.get('/index.html')
  reply.writeHead(200, { 'Content-Type': file.kind, 'Content-Encoding': 'br', 'Content-Length': file.bytes.length, 'Cache-Control': pathname.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache' })
  reply.end(file.bytes)
}).listen(0, '127.0.0.1', function listening() {
  console.log(this.address().port)
})
