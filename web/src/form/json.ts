// JSON as it is read by people, every number with the digits that it came with: a record of a platform may have ids of 19 digits that
// are numbers there, which JavaScript would round.

/** Where the value that begins at `from` ends. */
function valueEnd(text: string, from: number): number {
  let depth = 0
  let at = from
  for (; at < text.length; at++) {
    const sign = text[at]
    if (sign === '"') at = stringEnd(text, at) - 1
    else if (sign === '{' || sign === '[') depth++
    else if (sign === '}' || sign === ']') {
      if (depth === 0) return at
      depth--
    } else if (sign === ',' && depth === 0) return at
  }
  return at
}

function stringEnd(text: string, from: number): number {
  let at = from + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

const blankEnd = (text: string, from: number) => {
  let at = from
  while (' \t\r\n'.includes(text[at] ?? '-')) at++
  return at
}

/** The text of a member of an object; null where it has none. */
export function memberText(object: string, name: string): string | null {
  let at = blankEnd(object, 0)
  if (object[at] !== '{') return null
  at = blankEnd(object, at + 1)
  while (object[at] === '"') {
    const keyEnd = stringEnd(object, at)
    const key = JSON.parse(object.slice(at, keyEnd)) as string
    const from = blankEnd(object, blankEnd(object, keyEnd) + 1)
    const end = valueEnd(object, from)
    if (key === name) return object.slice(from, end).trim()
    if (object[end] !== ',') return null
    at = blankEnd(object, end + 1)
  }
  return null
}

/** With a line a member, each two blanks further in than what it is in. */
export function jsonPretty(text: string): string {
  let out = ''
  let depth = 0
  const line = () => `\n${'  '.repeat(depth)}`
  for (let at = blankEnd(text, 0); at < text.length; at = blankEnd(text, at)) {
    const sign = text[at] as string
    if (sign === '"') {
      const end = stringEnd(text, at)
      // Written anew, so that letters are letters where they came as \u and a number.
      out += JSON.stringify(JSON.parse(text.slice(at, end)))
      at = end
    } else if (sign === '{' || sign === '[') {
      const next = blankEnd(text, at + 1)
      if (text[next] === '}' || text[next] === ']') {
        out += sign + text[next]
        at = next + 1
      } else {
        depth++
        out += sign + line()
        at++
      }
    } else if (sign === '}' || sign === ']') {
      depth--
      out += line() + sign
      at++
    } else {
      out += sign === ',' ? sign + line() : sign === ':' ? ': ' : sign
      at++
    }
  }
  return out
}
