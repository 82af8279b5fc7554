// Before the first paint, so that a dark page never flashes white. A file, since the policy allows no inline scripts.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem('baton.theme');
  } catch {
    // A browser that keeps nothing still shows a page.
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
