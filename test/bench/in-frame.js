// Runs in every frame before anything else and keeps what the browser says of how it felt (web vitals).
const seen = { lcp: Number.NaN, shifts: 0, slowest: 0, pressedAt: 0, changedAt: 0, paintedAt: 0 }

const observe = (type, options, take) =>
  new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({
    type,
    buffered: true,
    ...options,
  })
observe('largest-contentful-paint', {}, ({ startTime }) => {
  seen.lcp = startTime
})
observe('layout-shift', {}, ({ hadRecentInput, value }) => {
  if (!hadRecentInput) seen.shifts += value
})
observe('event', { durationThreshold: 16 }, ({ interactionId, duration }) => {
  if (interactionId) seen.slowest = Math.max(seen.slowest, duration)
})

for (const type of ['pointerup', 'keydown'])
  addEventListener(type, ({ timeStamp }) => (seen.pressedAt = timeStamp), true)

// When what has changed last could be seen.
new MutationObserver(() => {
  seen.changedAt = performance.now()
  requestAnimationFrame(() => setTimeout(() => (seen.paintedAt = performance.now())))
}).observe(document, { childList: true, subtree: true })

window.vitals = async () => {
  const startedAt = performance.now()
  // Searching waits 300 ms for more to be typed.
  const isQuiet = () => performance.now() - Math.max(seen.changedAt, startedAt) > 450
  while (!isQuiet()) await new Promise((resolve) => setTimeout(resolve, 50))
  const { lcp, shifts, slowest, pressedAt, paintedAt } = seen
  Object.assign(seen, { shifts: 0, slowest: 0 })
  return { lcp, shifts, slowest, shown: paintedAt - pressedAt }
}
