// What htmx does not do by itself: the session of the frame, its height, dialogs, and the focus.
// Also when the stylesheet, which shows the page, does not come.
document.body.hidden = false

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content
const token = meta('session')
const address = meta('address')
const authorization = token && `Bearer ${token}`

let isSignedOut = false
const showSignedOut = () => {
  isSignedOut = true
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
    const { offsetHeight } = document.documentElement
    const over = document.querySelector('.over[open] > :not(summary)')
    const overBottom = over ? over.getBoundingClientRect().bottom + scrollY + 8 : 0
    const frameHeight = Math.ceil(Math.max(offsetHeight, overBottom))
    parent.postMessage(JSON.stringify({ frameHeight }), '*')
  }
  const sizes = new ResizeObserver(tellHeight)
  sizes.observe(document.documentElement)
  document.addEventListener(
    'toggle',
    ({ target }) => {
      const over = target.matches('.over') && target.querySelector(':scope > :not(summary)')
      if (over) sizes.observe(over)
    },
    true,
  )

  // The frame is as high as its page, so only Cobot's page knows which part of it is in sight.
  addEventListener('message', ({ source, data }) => {
    const said = source === parent && typeof data === 'string' && data.match(/"scrollTop":\s*(\d+)/)
    if (said) document.documentElement.style.setProperty('--scrolled', `${said[1]}px`)
  })
}

let latest = null
const isPolled = ({ sourceEvent }) => sourceEvent?.type === 'every'

document.addEventListener('htmx:config:request', (event) => {
  const { ctx } = event.detail
  // A page that was left open does not go on asking for what it will not be told.
  if (isSignedOut && isPolled(ctx)) return event.preventDefault()
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

document.addEventListener('htmx:error', ({ detail: { ctx } }) => {
  const notice = document.getElementById('notice')
  if (ctx && !isPolled(ctx) && notice) say('bad', notice.dataset.unreached)
})

/** On a narrow page the navigation is pushed along until the page that is open can be seen. */
const showCurrent = () => {
  const current = document.querySelector('nav [aria-current="page"]')
  if (current) current.parentElement.scrollLeft = current.offsetLeft - 40
}
showCurrent()
addEventListener('resize', showCurrent)

document.addEventListener('htmx:after:swap', ({ detail }) => {
  showCurrent()
  const { target } = detail.ctx
  // A question that came with the answer is asked where the button was.
  const asked = document.querySelector('dialog[data-open]')
  if (asked) {
    delete asked.dataset.open
    asked.showModal()
    const button = asked.querySelector('[form]').form.querySelector('[type="submit"]')
    placeAt(button, asked)
    asked.addEventListener('toggle', () => placeAt(button, asked), true)
    return
  }
  const isLost = !document.activeElement || document.activeElement === document.body
  if (isPolled(detail.ctx)) return
  const found = document.getElementById(target?.id)
  const wanted = found?.querySelector('[data-focus="true"]')
  if (!isLost && !wanted) return
  const fields = [...(found?.querySelectorAll('a[href], input, select, button, summary') ?? [])]
  const first =
    wanted ?? found?.querySelector('h1') ?? fields.find((each) => each.checkVisibility())
  first?.focus()
})

// What lies above the page is closed when somebody turns elsewhere; a question about it is not that.
const closeOver = ({ target }) => {
  const over = document.querySelector('.over[open]')
  if (over && !over.contains(target) && !target.closest?.('dialog')) over.open = false
}
document.addEventListener('click', closeOver)
document.addEventListener('focusin', closeOver)
document.addEventListener('keydown', ({ key }) => {
  const over = key === 'Escape' && !dialog.open && document.querySelector('.over[open]')
  if (!over) return
  over.open = false
  over.querySelector('summary').focus()
})

// One box for all boxes of a name.
document.addEventListener('change', ({ target }) => {
  const { all } = target.dataset
  if (!all) return
  for (const box of document.querySelectorAll(`input[name="${all}"]`)) box.checked = target.checked
})

// Choosing several of many: the closed list says what is chosen, typing leaves out what does not fit.
document.addEventListener('change', ({ target }) => {
  const choices = target.closest?.('.choices')
  if (!choices || target.type !== 'checkbox') return
  const boxes = [...choices.querySelectorAll('input[type="checkbox"]')]
  const isAlone = ({ dataset }) => 'alone' in dataset
  for (const box of boxes)
    if (target.checked && box !== target && (isAlone(box) || isAlone(target))) box.checked = false
  const shown = choices.querySelector('[data-chosen]')
  const labels = boxes.filter((box) => box.checked).map((box) => box.labels[0].innerText.trim())
  shown.textContent = labels.join(', ') || shown.dataset.none
})
document.addEventListener('input', ({ target }) => {
  if (!target.matches('[data-filter]')) return
  const wanted = target.value.trim().toLowerCase()
  const group = target.closest('fieldset')
  const labels = [...group.querySelectorAll('label')]
  for (const label of labels) label.hidden = !label.textContent.toLowerCase().includes(wanted)
  const note = group.querySelector('[role="status"]')
  note.textContent = labels.every((label) => label.hidden) ? note.dataset.nothing : ''
})
document.addEventListener('keydown', (event) => {
  // Enter in the filter saves nothing.
  if (event.key === 'Enter' && event.target.matches('[data-filter]')) event.preventDefault()
})

document.addEventListener('keydown', (event) => {
  // What is typed after Enter goes into the next field, however long an answer would take.
  const { key, target } = event
  const next = key === 'Enter' && target.value && document.getElementById(target.dataset.next)
  if (!next || next.value) return
  event.preventDefault()
  next.focus()
})

document.addEventListener('submit', (event) => {
  const { target, submitter } = event
  submitter?.closest('#preview')?.close()
  if (event.defaultPrevented || target.method === 'dialog') return
  // A form that leads to another page is sent once, however often its button is pressed.
  if (target.ariaBusy) event.preventDefault()
  target.ariaBusy = 'true'
})
addEventListener('pageshow', () => {
  for (const sent of document.querySelectorAll('form[aria-busy]')) sent.ariaBusy = null
})

// Where the button is, somebody is looking: the middle of a long frame may be out of sight.
const placeAt = (button, asked) => {
  const { top, height } = button.getBoundingClientRect()
  const middle = top + height / 2 - asked.offsetHeight / 2
  const lowest = innerHeight - asked.offsetHeight - 8
  asked.style.top = `${Math.max(8, Math.min(middle, lowest))}px`
  // The window may end in the middle of the frame.
  asked.scrollIntoView({ block: 'nearest' })
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
    placeAt(button, dialog)
  },
  true,
)

const say = (kind, text) => {
  const note = Object.assign(document.createElement('p'), { className: `note ${kind}` })
  note.textContent = text
  document.getElementById('notice')?.replaceChildren(note)
}

// A file is fetched like every page, since a link could not say who asks for it.
const download = async (button) => {
  button.disabled = true
  const headers = authorization ? { authorization } : {}
  try {
    const answer = await fetch(button.dataset.download, { headers })
    if (answer.status === 401) showSignedOut()
    if (!answer.ok) throw new Error('no file')
    const [, name] = answer.headers.get('content-disposition').match(/filename="([^"]+)"/)
    const href = URL.createObjectURL(await answer.blob())
    Object.assign(document.createElement('a'), { href, download: name }).click()
    setTimeout(() => URL.revokeObjectURL(href), 60_000)
  } catch {
    say('bad', button.dataset.failed)
  }
  button.disabled = false
}

// In a frame the clipboard may be closed to us; selected text can be copied by the keyboard.
const copy = async (button) => {
  const field = document.getElementById(button.dataset.copy)
  field.select()
  const isCopied = await navigator.clipboard.writeText(field.value).then(
    () => true,
    () => document.execCommand('copy'),
  )
  say(isCopied ? 'good' : 'bad', isCopied ? button.dataset.done : button.dataset.failed)
}

document.addEventListener('click', ({ target }) => {
  const button = target.closest?.('[data-download], [data-copy]')
  if (button?.dataset.copy) void copy(button)
  else if (button) void download(button)
})
