// Before the first paint, so that nothing flashes; the page's policy allows no inline script.
(() => {
  const chosen = localStorage.getItem("penstock.theme");
  const dark =
    chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
