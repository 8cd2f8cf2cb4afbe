// The played pages' own stylesheet and script.

export const css = `
:root { --ink: #1f2a30; --soft: #5d6b73; --line: #dde3e6; --accent: #1d6b8f; --paper: #f5f7f8 }
* { box-sizing: border-box }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
a { color: var(--accent) }
header { display: flex; justify-content: space-between; gap: 1rem; padding: .6rem 1.2rem;
  background: #24404e; color: #fff }
header a { color: #cfe8f3; margin-left: .8rem }
.shell { display: flex; min-height: calc(100vh - 2.8rem) }
nav { flex: 0 0 12rem; padding: 1.2rem; border-right: 1px solid var(--line) }
nav h2 { font-size: .8rem; text-transform: uppercase; letter-spacing: .05em; color: var(--soft) }
nav ul { list-style: none; margin: 0 0 1.4rem; padding: 0 }
nav a { display: block; padding: .3rem .5rem; border-radius: 5px; text-decoration: none }
nav a[aria-current] { background: #dcebf2; font-weight: 600 }
main { flex: 1; min-width: 0; padding: 1.2rem 1.6rem; background: #fff }
main.narrow { max-width: 34rem; margin: 2rem auto; border: 1px solid var(--line); border-radius: 8px }
main.framed { padding: 0 }
main.framed .bar { padding: .4rem 1.2rem; color: var(--soft); border-bottom: 1px solid var(--line) }
@media (max-width: 640px) {
  .shell { flex-direction: column }
  nav { flex: none; padding: .2rem 1rem; border: 0; border-bottom: 1px solid var(--line) }
  nav h2 { display: none }
  nav ul { display: inline-flex; flex-wrap: wrap; margin: 0 }
}
iframe { display: block; width: 100%; height: 40rem; border: 0 }
h1 { font-size: 1.35rem; margin: 0 0 1rem }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .5rem }
table { width: 100%; border-collapse: collapse }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem; border-bottom: 1px solid var(--line) }
th { color: var(--soft); font-weight: 600; font-size: .85rem }
td.when { white-space: nowrap }
form { display: flex; flex-wrap: wrap; align-items: end; gap: .6rem; margin: .5rem 0 }
label { display: flex; flex-direction: column; font-size: .8rem; color: var(--soft) }
label.check { flex-direction: row; align-items: center; gap: .3rem }
input, select { font: inherit; padding: .3rem .45rem; border: 1px solid #b9c4ca; border-radius: 5px }
button { font: inherit; padding: .35rem .8rem; border: 0; border-radius: 5px; color: #fff;
  background: var(--accent); cursor: pointer }
button.quiet { background: #e4eaed; color: var(--ink) }
button.danger { background: #a63a33 }
details summary { cursor: pointer; color: var(--accent) }
fieldset { border: 1px solid var(--line); border-radius: 8px; margin: 0 0 1.2rem; padding: .4rem 1rem }
.people, .scopes { padding-left: 1.1rem }
.note { color: var(--soft) }
[role=alert] { padding: .5rem .8rem; border-radius: 5px; background: #fbe6e4; color: #7d251f }
`

// What Cobot's page does for a frame: takes its height, and tells it how far the page is scrolled.
export const script = `
const frame = document.querySelector('iframe[data-embed]')
addEventListener('message', (event) => {
  if (event.source !== frame.contentWindow || typeof event.data !== 'string') return
  let said
  try { said = JSON.parse(event.data) } catch { return }
  const height = said && Number(said.frameHeight)
  if (height > 0) frame.style.height = height + 'px'
})
addEventListener('scroll', () => {
  frame.contentWindow.postMessage(JSON.stringify({ scrollTop: scrollY }), '*')
})
`
