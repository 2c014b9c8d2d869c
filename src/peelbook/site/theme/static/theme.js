// Sets a theme the reader chose before the page is drawn, so that it does not flash.
try {
  const theme = localStorage.getItem("peelbook-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch { /* storage is off: the system's setting stands */ }
