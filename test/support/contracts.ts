// Holds requests and answers of the simulators against the vendors' own API descriptions. These are
// not ours to redistribute: where they do not lie beside the project, the checks are skipped.
import { existsSync, readFileSync } from 'node:fs'
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { parse } from 'yaml'

export type ContractFile = 'cobot-api2.openapi.yml' | 'salto-ks-connect-1.1.openapi.yaml'

/**
 * Both checks take a path as the API sees it (no origin; a query is ignored) and a body as parsed
 * JSON, `undefined` for none. They return readable complaints; none means valid.
 */
export type Contract = {
  checkRequest(method: string, path: string, body?: unknown): string[]
  checkResponse(method: string, path: string, status: number, body?: unknown): string[]
}

/** Seen in answers of KS v1.2, of which no description is at hand; everything else is v1.1. */
const SALTO_V1_2_FIELDS = new Set([
  'data_removal_expires_at',
  'expires_at',
  'expiration_date_time',
  'otp_enabled',
  'store_events_ttl',
  'tag_rf_id_uid',
  'ttl_in_seconds',
  'type',
  'vendor',
])

const loaded = new Map<ContractFile, Contract | null>()

/** The contract, or null (having said why) when the description is not there. */
export const loadContract = (file: ContractFile): Contract | null => {
  const known = loaded.get(file)
  if (known !== undefined) return known
  const contract = readContract(file)
  loaded.set(file, contract)
  return contract
}

const readContract = (file: ContractFile): Contract | null => {
  const url = new URL(`../../../shared/contracts/${file}`, import.meta.url)
  if (!existsSync(url)) {
    console.log(`contract checks skipped: ${file} is not beside the project`)
    return null
  }
  const document = asObject(withNull(parse(readFileSync(url, 'utf8'))))
  const isSalto = file.startsWith('salto')
  const findOperation = operationFinder(document)
  const check = schemaChecker(document, isSalto ? SALTO_V1_2_FIELDS : new Set())

  const operationAt = (method: string, path: string) => {
    const bare = path.replace(/\?.*$/, '')
    return findOperation(method, isSalto ? bare.replace(/^\/v1\.2\//, '/v1.1/') : bare)
  }

  return {
    checkRequest(method, path, body) {
      const found = operationAt(method, path)
      if (!found) return [`${method} ${path}: not in the contract`]
      const requestBody = resolve(document, found.operation.requestBody, [
        ...found.pointer,
        'requestBody',
      ])
      if (!requestBody) {
        return body === undefined ? [] : [`${method} ${path}: the contract wants no body`]
      }
      if (body === undefined) {
        return requestBody.value.required ? [`${method} ${path}: the contract wants a body`] : []
      }
      return check(requestBody, body).map((complaint) => `${method} ${path}: ${complaint}`)
    },
    checkResponse(method, path, status, body) {
      const found = operationAt(method, path)
      if (!found) return [`${method} ${path}: not in the contract`]
      const responses = asObject(found.operation.responses)
      const name = [String(status), 'default'].find((key) => key in responses)
      const response =
        name && resolve(document, responses[name], [...found.pointer, 'responses', name])
      if (!response) return [`${method} ${path}: the contract knows no answer ${status}`]
      if (!('content' in response.value)) {
        return body === undefined ? [] : [`${method} ${path} ${status}: the contract wants no body`]
      }
      return check(response, body).map((complaint) => `${method} ${path} ${status}: ${complaint}`)
    },
  }
}

type Json = Record<string, unknown>
/** A part of the document together with the keys that lead to it. */
type Place = { value: Json; pointer: string[] }

const asObject = (value: unknown): Json =>
  typeof value === 'object' && value !== null ? (value as Json) : {}

/** Finds the operation behind a concrete path; a literal segment beats a placeholder. */
const operationFinder = (document: Json) => {
  const templates = Object.keys(asObject(document.paths)).map((template) => ({
    template,
    segments: template.split('/'),
    placeholders: template.split('{').length - 1,
  }))
  templates.sort((a, b) => a.placeholders - b.placeholders)

  return (method: string, path: string) => {
    const segments = path.split('/')
    for (const { template, segments: wanted } of templates) {
      const fits =
        wanted.length === segments.length &&
        wanted.every((part, i) => segmentPattern(part).test(segments[i] ?? ''))
      const operation = fits && asObject(asObject(document.paths)[template])[method.toLowerCase()]
      if (operation) {
        return {
          operation: asObject(operation),
          pointer: ['paths', template, method.toLowerCase()],
        }
      }
    }
    return null
  }
}

const segmentPattern = (part: string) =>
  new RegExp(
    `^${part
      .split(/\{[^}]*\}/)
      .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^/]+')}$`,
  )

/** Follows `$ref`s between request bodies and responses. */
const resolve = (document: Json, value: unknown, pointer: string[]): Place | null => {
  if (value === undefined) return null
  const { $ref } = asObject(value)
  if (typeof $ref !== 'string') return { value: asObject(value), pointer }
  const keys = $ref.slice(2).split('/')
  return resolve(
    document,
    keys.reduce((at: unknown, key) => asObject(at)[key], document),
    keys,
  )
}

const schemaChecker = (document: Json, allowedExtras: Set<string>) => {
  const ajv = new Ajv2020({
    strict: false,
    validateFormats: false,
    validateSchema: false,
    allErrors: true,
    logger: false,
  })
  // Some schemas carry a stray `id`, which older drafts would have taken for an address.
  ajv.removeKeyword('id')
  ajv.addSchema(document, 'contract')
  const validators = new Map<string, ReturnType<typeof ajv.compile>>()

  const validatorFor = (keys: string[]) => {
    const $ref = `contract#/${keys
      .map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/')}`
    const validate = validators.get($ref) ?? ajv.compile({ $ref })
    validators.set($ref, validate)
    return validate
  }

  return ({ value, pointer }: Place, body: unknown): string[] => {
    const mediaType = Object.keys(asObject(value.content)).find((type) => /json$/.test(type))
    if (!mediaType) return []
    if (!('schema' in asObject(asObject(value.content)[mediaType]))) return []
    const validate = validatorFor([...pointer, 'content', mediaType, 'schema'])
    if (validate(body === undefined ? null : body)) return []
    return (validate.errors ?? [])
      .filter((error) => !allowedExtras.has(String(error.params.additionalProperty)))
      .map(describe)
  }
}

const describe = ({ instancePath, message, params }: ErrorObject) =>
  `${instancePath || '/'} ${message} ${JSON.stringify(params)}`

/** OpenAPI 3.0 says `nullable`, which JSON Schema does not know. */
const withNull = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(withNull)
  if (typeof node !== 'object' || node === null) return node
  const converted: Json = {}
  for (const [key, value] of Object.entries(node)) converted[key] = withNull(value)
  if (converted.nullable !== true) return converted
  delete converted.nullable
  if (typeof converted.type !== 'string') return { anyOf: [converted, { type: 'null' }] }
  converted.type = [converted.type, 'null']
  if (Array.isArray(converted.enum)) converted.enum = [...converted.enum, null]
  return converted
}
