// Names that are more than names: what somebody may be called, or call a room, a plan or a tag.
import fc from 'fast-check'

const markup = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</td></tr></table><h1>x',
  '<!--',
  '-->',
  '<![CDATA[',
  '&lt;b&gt;',
  '&#60;b&#62;',
  '&amp',
  'javascript:alert(1)',
  '{{7*7}}',
  '#{7*7}',
  '`',
  '\\u003cb\\u003e',
  '<b',
  'a=b c=d',
  '" hx-on:click="x',
  '<svg/onload=alert(1)>',
  '</script><script>',
  '<a href="//x.example">',
]
const formulas = [
  '=HYPERLINK("http://evil.example")',
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '=1+1;x',
  '=\n1',
  '"=1',
  ',=1',
  '";=1',
  '\n=1',
  "'=1",
  '=cmd|"/c calc"!A1',
  '-2+3',
  '+49 30 1234',
  '|x',
  '%x',
]
const queries = ["' or 1=1 --", "'; drop table memberships; --", '%', '_', '%00', '\0', '\\', '$1']
const letters = [
  '\u202Egnp.exe',
  '\u2066x\u2069',
  '\u200Bzero\u200B',
  '\uFEFFbom',
  'a\u00ADb',
  '\u2028',
  '\u2029',
  '👩‍👩‍👧‍👦',
  '𝕸𝖎𝖆',
  'e\u0301',
  'é',
  '\ud800',
  '\udc00x',
  'İ',
  'ı',
  'ß',
  'ẞ',
  'ﬁ',
  'Ⅷ',
  '１',
  'עברית',
  'العربية',
  '李小龍',
  'Ångström',
  'O’Neil',
  "O'Neil",
  'z̸̢̛a̴l̵g̶o̷',
  '\u0000\u001b[31m',
]
const sizes = [
  'x'.repeat(320),
  `${'l'.repeat(300)}@x.example`,
  'w '.repeat(200),
  '😀'.repeat(160),
  'x',
  '../../etc/passwd',
  ' ',
  '\n',
  ' x ',
  'a\nb',
  'null',
  'undefined',
  '__proto__',
  'NaN',
  '0',
]
const addresses = [
  'Mia@Members.Example',
  'mia@members.example',
  'm.i.a@members.example',
  'mia+x@members.example',
  '"mia member"@x.example',
  'mia@xn--bcher-kva.example',
  'mia@bücher.example',
  'mia@[::1]',
  '@',
]

export const nasty = [...markup, ...formulas, ...queries, ...letters, ...sizes, ...addresses]

const mixed = fc
  .array(fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: 'binary', maxLength: 12 })), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) => parts.join(' '))

/** As many as are wanted, always the same; all of the above come first. */
export const hostileNames = (count: number): string[] => [
  ...nasty,
  ...fc.sample(mixed, { seed: 7, numRuns: Math.max(0, count - nasty.length) }),
]
