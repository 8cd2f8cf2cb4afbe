// What htmx does not do by itself: the session of the frame, its height, dialogs, and the focus.
const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content
const token = meta('session')
const address = meta('address')
const authorization = token && `Bearer ${token}`

const showSignedOut = () => {
  const note = document.getElementById('signed-out')
  if (note) note.hidden = false
}

if (token) {
  // Codes do not stay in the address, and loading the frame again leads to a page of words.
  history.replaceState(null, '', address)

  const renew = async () => {
    const answer = await fetch('/session', { method: 'POST', headers: { authorization } }).catch(
      () => null,
    )
    if (answer?.status === 401) showSignedOut()
  }
  setInterval(renew, 4 * 60_000)

  const tellHeight = () => {
    const frameHeight = Math.ceil(document.documentElement.offsetHeight)
    parent.postMessage(JSON.stringify({ frameHeight }), '*')
  }
  new ResizeObserver(tellHeight).observe(document.documentElement)

  // The frame is as high as its page, so only Cobot's page knows which part of it is in sight.
  addEventListener('message', ({ source, data }) => {
    const said = source === parent && typeof data === 'string' && data.match(/"scrollTop":\s*(\d+)/)
    if (said) document.documentElement.style.setProperty('--scrolled', `${said[1]}px`)
  })
}

let latest = null
const isPolled = ({ sourceEvent }) => sourceEvent?.type === 'every'

document.addEventListener('htmx:config:request', ({ detail: { ctx } }) => {
  if (authorization) ctx.request.headers.Authorization = authorization
  // What refreshes itself changes under somebody's hands: focus and open parts stay.
  if (isPolled(ctx)) ctx.swap = 'outerMorph'
  else {
    latest = ctx
    document.getElementById('notice')?.replaceChildren()
  }
})

document.addEventListener('htmx:after:request', ({ detail: { ctx } }) => {
  // The answer to an earlier click may have replaced what this one is for; the last click counts.
  const { target } = ctx
  if (ctx === latest && target?.id && !target.isConnected)
    ctx.target = document.getElementById(target.id) ?? target
})

document.addEventListener('htmx:before:swap', (event) => {
  // The button that a question is about must still be there, and the same, when it is answered.
  if (isPolled(event.detail.ctx) && dialog.open) event.preventDefault()
})

document.addEventListener('htmx:before:response', (event) => {
  if (event.detail.ctx.response.status !== 401) return
  // What was typed stays on the page.
  event.preventDefault()
  showSignedOut()
})

/** On a narrow page the navigation is pushed along until the page that is open can be seen. */
const showCurrent = () => {
  const current = document.querySelector('nav [aria-current]')
  if (current) current.parentElement.scrollLeft = current.offsetLeft - 40
}
showCurrent()
addEventListener('resize', showCurrent)

document.addEventListener('htmx:after:swap', ({ detail }) => {
  showCurrent()
  const { target } = detail.ctx
  const isLost = !document.activeElement || document.activeElement === document.body
  if (!isLost || isPolled(detail.ctx)) return
  const found = target?.id && document.getElementById(target.id)
  const first = found?.querySelector('h1') ?? found?.querySelector('input, button')
  first?.focus()
})

// Where the button is, somebody is looking: the middle of a long frame may be out of sight.
const placeAt = (button) => {
  const { top, height } = button.getBoundingClientRect()
  const middle = top + height / 2 - dialog.offsetHeight / 2
  const lowest = innerHeight - dialog.offsetHeight - 8
  dialog.style.top = `${Math.max(8, Math.min(middle, lowest))}px`
}

// Nothing that takes something away happens on one click.
const dialog = document.getElementById('confirm')
document.addEventListener(
  'click',
  (event) => {
    const button = event.target.closest?.('[data-confirm]')
    if (!button || button.dataset.confirmed) return
    event.preventDefault()
    event.stopImmediatePropagation()
    // What is chosen in the form may change the question.
    const chosen = button.form?.querySelector('input[data-ask]:checked')?.dataset ?? {}
    dialog.querySelector('p').textContent = chosen.ask ?? button.dataset.confirm
    dialog.querySelector('[value="yes"]').textContent = chosen.verb ?? button.dataset.verb
    dialog.returnValue = ''
    dialog.addEventListener(
      'close',
      () => {
        if (dialog.returnValue !== 'yes') return
        button.dataset.confirmed = 'yes'
        button.click()
        delete button.dataset.confirmed
      },
      { once: true },
    )
    dialog.showModal()
    placeAt(button)
  },
  true,
)

// A file needs the session as well: it is fetched, and then handed to the browser to keep.
document.addEventListener('click', async ({ target }) => {
  const button = target.closest?.('[data-download]')
  if (!button) return
  const headers = authorization ? { authorization } : {}
  const answer = await fetch(button.dataset.download, { headers }).catch(() => null)
  if (answer?.status === 401) showSignedOut()
  if (!answer?.ok) return
  const href = URL.createObjectURL(await answer.blob())
  Object.assign(document.createElement('a'), { href, download: button.dataset.name }).click()
  setTimeout(() => URL.revokeObjectURL(href), 60_000)
})
