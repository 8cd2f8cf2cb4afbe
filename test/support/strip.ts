// Answers that lack something: what a change of the other side's schema would look like.

/** Takes a field out, wherever a path such as `data.*.attributes.from` leads. */
export const strip = (value: unknown, path: string): unknown => {
  const [key = '', ...rest] = path.split('.')
  if (typeof value !== 'object' || value === null) return value
  if (key === '*') return Object.values(value).map((each) => strip(each, rest.join('.')))
  const { [key]: inner, ...others } = value as Record<string, unknown>
  return rest.length === 0 ? others : { ...others, [key]: strip(inner, rest.join('.')) }
}
