// types.mjs OPENAPI.json: the TypeScript of the API on standard output. `make made` writes src/api/types.ts with it.
import { readFileSync } from 'node:fs'

const api = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name))
const orNull = (schema, type) => (schema.nullable ? `${type} | null` : type)

function objectOf(schema) {
  if (!schema.properties) {
    const values = typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties) : 'unknown'
    return `Record<string, ${values}>`
  }
  const required = new Set(schema.required ?? [])
  const members = Object.entries(schema.properties).map(
    ([name, of]) => `${key(name)}${required.has(name) ? '' : '?'}: ${typeOf(of)}`,
  )
  return `{ ${members.join('; ')} }`
}

const PLAIN = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null' }

function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split('/').pop()
  if (schema.allOf) return schema.allOf.map((one) => `(${typeOf(one)})`).join(' & ')
  for (const some of [schema.oneOf, schema.anyOf]) {
    if (some) return [...new Set(some.map(typeOf))].join(' | ')
  }
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const kinds = Array.isArray(schema.type) ? schema.type : [schema.type]
  return kinds
    .map((kind) => {
      if (kind === 'array') return `Array<${typeOf(schema.items ?? {})}>`
      if (kind === 'object') return objectOf(schema)
      return PLAIN[kind] ?? 'unknown'
    })
    .map((type) => orNull(schema, type))
    .join(' | ')
}

function parametersOf(operation, place) {
  const members = (operation.parameters ?? [])
    .filter((parameter) => parameter.in === place)
    .map((parameter) => `${key(parameter.name)}${parameter.required ? '' : '?'}: ${typeOf(parameter.schema)}`)
  return members.length ? `{ ${members.join('; ')} }` : 'undefined'
}

function answerOf(operation) {
  const content = operation.responses?.['2XX']?.content?.['application/json']
  return content?.schema ? typeOf(content.schema) : 'undefined'
}

function operationOf(operation) {
  const body = operation.requestBody?.content?.['application/json']?.schema
  return [
    `path: ${parametersOf(operation, 'path')}`,
    `query: ${parametersOf(operation, 'query')}`,
    `body: ${body ? typeOf(body) : 'undefined'}`,
    `answer: ${answerOf(operation)}`,
  ].join('\n      ')
}

const lines = ['// Made by tools/types.mjs of `huiliu help --openapi`; `make made` writes it anew.', '']
for (const [name, schema] of Object.entries(api.components.schemas)) {
  lines.push(`export type ${name} = ${typeOf(schema)}`)
}
lines.push('', 'export interface Routes {')
for (const [path, operations] of Object.entries(api.paths)) {
  lines.push(`  '${path.replace('/api/v1', '')}': {`)
  for (const [method, operation] of Object.entries(operations)) {
    lines.push(`    ${method}: {\n      ${operationOf(operation)}\n    }`)
  }
  lines.push('  }')
}
lines.push('}', '')
process.stdout.write(lines.join('\n'))
