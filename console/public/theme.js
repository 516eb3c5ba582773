// Sets the theme before the first paint. A file, because the page's policy forbids inline scripts.
(() => {
  const chosen = localStorage.getItem("penstock.theme");
  const dark =
    chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
