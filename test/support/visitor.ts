// Somebody with a browser, without the browser: keeps cookies per host and follows redirects, so that
// a test can walk through OAuth over real ports or in process.

type Send = (request: Request) => Promise<Response>

export type Page = { url: string; status: number; text: string }

export const createVisitor = (send: Send = (request) => fetch(request)) => {
  const jars = new Map<string, Map<string, string>>()
  const jarOf = (url: string) => {
    const { host } = new URL(url)
    const jar = jars.get(host) ?? new Map<string, string>()
    jars.set(host, jar)
    return jar
  }

  const go = async (
    url: string,
    form?: Record<string, string> | URLSearchParams,
  ): Promise<Page> => {
    let target = url
    let body: URLSearchParams | undefined = form && new URLSearchParams(form)
    for (let hop = 0; hop < 12; hop++) {
      const jar = jarOf(target)
      const headers = new Headers({ accept: 'text/html', 'accept-language': 'en' })
      if (jar.size > 0) headers.set('cookie', [...jar].map(([k, v]) => `${k}=${v}`).join('; '))
      if (body) headers.set('origin', new URL(target).origin)
      const method = body ? 'POST' : 'GET'
      const response = await send(
        new Request(target, { method, headers, redirect: 'manual', ...(body && { body }) }),
      )
      for (const cookie of response.headers.getSetCookie()) {
        const [pair = ''] = cookie.split(';')
        const at = pair.indexOf('=')
        jar.set(pair.slice(0, at), pair.slice(at + 1))
      }
      const location = response.headers.get('location')
      const text = await response.text()
      if (!location) return { url: target, status: response.status, text }
      target = new URL(location, target).href
      body = undefined
    }
    throw new Error(`too many redirects, last to ${target}`)
  }

  return {
    go,
    setCookie: (url: string, pair: string) => {
      const at = pair.indexOf('=')
      jarOf(url).set(pair.slice(0, at), pair.slice(at + 1))
    },
  }
}
