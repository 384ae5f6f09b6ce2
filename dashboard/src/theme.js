// Runs before the first paint, as a script of its own: the policy of our pages allows none within them.
;(() => {
  try {
    const chosen = localStorage.getItem('theme')
    if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen
  } catch {
    // Storage is blocked; the system's theme it is.
  }
})()
